"""Tests of the stand-in OCI registry."""
