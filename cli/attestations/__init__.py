"""`./prodgate attestations`: what is attested, verified as the functions verify it."""
