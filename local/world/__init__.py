"""The world of the demo and of the tests: a stand-in cloud, the company in it, and verbs that act over the wire.

`names` says what everything is called, `cloud` starts the servers, `founding` sets the company up as Terraform would,
`hosting` runs the functions, `world` has the verbs, `git` and `looking` are a person's tools.
"""
