"""The clients of remote systems against servers that speak the wire protocol, honest and dishonest ones."""
