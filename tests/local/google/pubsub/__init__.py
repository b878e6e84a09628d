"""The stand-in Pub/Sub, tested over the wire with Google's own clients."""
