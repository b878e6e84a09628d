"""What brings prodgate to Google Cloud: Terraform, and the staging of the functions' source."""
