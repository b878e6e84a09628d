terraform {
  required_version = ">= 1.9"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 7.45"
    }
  }

  # The bucket is made by infra/bootstrap.sh and named with `terraform init -backend-config=bucket=…`.
  backend "gcs" {
    prefix = "prodgate"
  }
}

provider "google" {
  project = var.project
  region  = var.region
}
