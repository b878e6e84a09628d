"""Functions that do nothing, to compare with."""
