"""What a network costs as hardware."""
