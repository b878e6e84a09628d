"""Stage each function's source: what Cloud Functions gets is a folder of its own, and nothing that it does not import.

Why: Google's buildpack installs the uploaded folder's requirements.txt and compiles its whole tree, and the
`functions-framework` console script that it starts finds only modules beside main.py.
"""
