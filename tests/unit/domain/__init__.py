"""The trust decisions, module by module."""
