"""What holds for any input, tried with generated ones."""
