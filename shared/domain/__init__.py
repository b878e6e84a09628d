"""The trust decisions: what is an image, an event, an attestation, an admission, a release.

Pure: no I/O, no clock, no environment. Everything here can be audited and tested on its own; anyone may import it.
"""
