"""What stands in a results folder: what made it, whether it can be made again, what nothing refers to any more."""
