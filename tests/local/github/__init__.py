"""Tests of the stand-in for GitHub, through real clients only."""
