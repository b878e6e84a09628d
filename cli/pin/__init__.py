"""Pinning at a terminal, before `git push`: the same rules, byte for byte, as pin_manifests applies on dev.

`command` is the command line, `checkout` the files, `asking` the registries, `outcome` what is said about it.
"""
