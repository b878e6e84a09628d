"""GitHub's published GraphQL schema, cut down to what is asked of the stand-in."""
