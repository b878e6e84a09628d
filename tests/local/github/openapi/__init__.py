"""GitHub's official description of the operations that the stand-in offers."""
