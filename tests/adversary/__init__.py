"""Threats, one file each: what a stranger may try, and what comes of it."""
