"""Tests of what people run prodgate with: metrics, alerts, runbooks, the probe, the examples."""
