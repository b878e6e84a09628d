"""Asking at a terminal what prod's admission would say, before a pull request or a change of the policy.

`command` is the command line, `looking` what is asked of Google, `outcome` what is said about it.
"""
