"""Configuration and telemetry."""
