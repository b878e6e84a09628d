"""`./prodgate attest`: sign images and store their attestations, by the functions' own code."""
