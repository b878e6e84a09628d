"""Tests of the stand-in cloud."""
