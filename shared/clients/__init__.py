"""One file per remote system: thin, async, each with its own error contract.

Whatever a remote system does, its client answers with a value, with `Unavailable`, or, where the answer settles the
event, with `Rejected`. May be imported by workflow and runtime; no client imports another.
"""
