"""The stand-in cloud: what a laptop runs instead of Google Cloud and GitHub, on the same wires.

It is for development, the demo and the tests, never a product. Each room answers as the real service does, refusals
included; where the behaviour is documented, the docstring says where.
"""
