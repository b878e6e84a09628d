"""`./prodgate attest`: sign images and store their attestations, by the functions' own code.

`command` is the command line, `options` who signs and how, `children` the images in an index, `signing` the work, and
`connecting` what it needs of Google.
"""
