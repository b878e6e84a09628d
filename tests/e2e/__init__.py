"""The whole gate as it is deployed: staged source under the functions-framework console script."""
