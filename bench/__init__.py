"""What prodgate's speed and size are, measured: `python -m bench [NAME…]` prints one JSON object per figure and line.

Every figure is taken on the stand-in cloud, from staged functions run by the `functions-framework` console script.
`rig` prepares those, `server` runs one of them, `figure` is what is printed; each other module takes one figure.
"""
