"""What surrounds a workflow in a deployed function: configuration, wiring, telemetry, and the request handler."""
