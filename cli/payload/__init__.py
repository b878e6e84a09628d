"""`./prodgate payload`: the exact bytes that an attestation signs."""
