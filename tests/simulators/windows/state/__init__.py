"""State of one simulated PC: what its models read and change, saved as one JSON file a PC."""
