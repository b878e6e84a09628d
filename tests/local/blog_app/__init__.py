"""Tests of the demo's environments repository."""
