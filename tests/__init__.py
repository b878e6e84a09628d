"""The tests; CONTRIBUTING.md says which room holds what."""
