"""Held against programs that nobody here wrote: gcloud and CNCF Distribution."""
