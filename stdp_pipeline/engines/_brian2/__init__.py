"""What the Brian2 engines share: one description of the network for all three of Brian's targets."""
