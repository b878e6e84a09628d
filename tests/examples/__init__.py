"""The examples of docs/examples, run as they stand."""
