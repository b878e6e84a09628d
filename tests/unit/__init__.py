"""Tests of single rooms: no network, no clock."""
