"""What would be deployed, read as the functions read it: out of files, or out of a commit of a local clone.

`options` are the options for it, `working` and `commit` list a tree, `reading` reads it.
"""
