"""What was learned, by picture and by number."""
