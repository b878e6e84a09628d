# Where sources and images of the functions lie, and who builds the one from the other.

variable "project" {
  description = "The project of the functions."
  type        = string
}

variable "project_number" {
  description = "Its number."
  type        = string
}

variable "region" {
  description = "The region of the functions."
  type        = string
}

variable "deployer" {
  description = "The IAM member that has the functions built as the builder."
  type        = string
}

resource "google_storage_bucket" "sources" {
  #checkov:skip=CKV_GCP_62:The sources are public in the repository; Data Access audit logs tell who read what.
  #checkov:skip=CKV_GCP_78:Objects are named by their content's hash and never overwritten.
  project                     = var.project
  name                        = "${var.project}-prodgate-sources"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
}

resource "google_artifact_registry_repository" "functions" {
  #checkov:skip=CKV_GCP_84:The images hold the sources of this repository; Google's own encryption suffices for them.
  project       = var.project
  location      = var.region
  repository_id = "prodgate-functions"
  description   = "Images of prodgate's functions, built by Cloud Functions"
  format        = "DOCKER"

  # Each deployment builds an image, and only the newest of a function runs. What is kept wins over what is deleted.
  cleanup_policies {
    id     = "keep-the-newest"
    action = "KEEP"

    most_recent_versions {
      keep_count = 5
    }
  }

  cleanup_policies {
    id     = "delete-after-a-month"
    action = "DELETE"

    condition {
      tag_state  = "ANY"
      older_than = "2592000s"
    }
  }
}

resource "google_service_account" "builder" {
  project      = var.project
  account_id   = "prodgate-builder"
  display_name = "prodgate: builds the functions' images"
}

resource "google_artifact_registry_repository_iam_member" "builder" {
  project    = var.project
  location   = var.region
  repository = google_artifact_registry_repository.functions.repository_id
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.builder.member
}

resource "google_storage_bucket_iam_member" "builder" {
  bucket = google_storage_bucket.sources.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.builder.member
}

# Cloud Functions copies the source into a bucket of its own, which it makes with the first function.
resource "google_project_iam_member" "builder_copies" {
  project = var.project
  role    = "roles/storage.objectViewer"
  member  = google_service_account.builder.member

  condition {
    title      = "copies of sources"
    expression = "resource.name.startsWith(\"projects/_/buckets/gcf-v2-sources-${var.project_number}-\")"
  }
}

# Logs of builds belong to the project; there is nothing smaller to give this on.
resource "google_project_iam_member" "builder_logs" {
  project = var.project
  role    = "roles/logging.logWriter"
  member  = google_service_account.builder.member
}

resource "google_service_account_iam_member" "deployer" {
  service_account_id = google_service_account.builder.name
  role               = "roles/iam.serviceAccountUser"
  member             = var.deployer
}

output "bucket" {
  description = "The bucket of sources."
  value       = google_storage_bucket.sources.name
}

output "repository" {
  description = "`projects/…/locations/…/repositories/…` of images."
  value       = google_artifact_registry_repository.functions.id
}

output "builder" {
  description = "`projects/…/serviceAccounts/…` that builds, once it may and the deployer may have it do so."
  value       = google_service_account.builder.name
  depends_on = [
    google_artifact_registry_repository_iam_member.builder,
    google_project_iam_member.builder_copies,
    google_project_iam_member.builder_logs,
    google_service_account_iam_member.deployer,
    google_storage_bucket_iam_member.builder,
  ]
}
