"""The client of GitHub, on the stand-in."""
