"""`./prodgate reattest`: before a key goes, everything that prod runs is signed by the next one.

`command` is the command line, `running` what prod runs.
"""
