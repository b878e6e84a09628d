"""The four use cases, resolve, pin, attest and promote: clients joined with domain decisions, in the order of events.

Each looks before it acts, so that a replay changes nothing, and returns only when its work is done.
"""
