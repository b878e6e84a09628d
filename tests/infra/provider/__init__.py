"""A stand-in for the provider `hashicorp/google`: the real Terraform, the provider's own argument names, no cloud."""
