"""Tests of the stand-in for Google's APIs."""
