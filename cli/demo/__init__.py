"""The demo: the Blog App's story on the stand-in cloud, told as it happens.

`command` is the command line, `story` the acts, `ledger` what happened to each event, `timeline` how a person sees it,
`report` how a machine does, `verdicts` what prod would admit, `visit` how to talk to a world that is left running.
"""
