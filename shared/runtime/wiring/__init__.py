"""Wiring: the only place that builds clients, each function's own and no other's."""
