# One secret without a value: a person adds versions with gcloud, so that none is ever in the state or in the repository.

variable "project" {
  description = "The project of the secret."
  type        = string
}

variable "name" {
  description = "The secret's id."
  type        = string
}

resource "google_secret_manager_secret" "this" {
  project             = var.project
  secret_id           = var.name
  deletion_protection = true

  replication {
    auto {}
  }
}

output "id" {
  description = "The secret's id, once it exists."
  value       = google_secret_manager_secret.this.secret_id
}

output "latest" {
  description = "`projects/…/secrets/…/versions/latest`."
  value       = "projects/${var.project}/secrets/${google_secret_manager_secret.this.secret_id}/versions/latest"
}
