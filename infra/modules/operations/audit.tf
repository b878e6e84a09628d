# Uses of the keys, and writes of attestations, are data access: Google Cloud logs them only where that is asked for.
# Without it nobody would see a signature that attest_images did not ask for.

resource "google_project_iam_audit_config" "keys" {
  project = var.project
  service = "cloudkms.googleapis.com"

  audit_log_config {
    log_type = "DATA_READ"
  }

  audit_log_config {
    log_type = "DATA_WRITE"
  }
}

resource "google_project_iam_audit_config" "attestations" {
  project = var.prod_project
  service = "containeranalysis.googleapis.com"

  audit_log_config {
    log_type = "DATA_WRITE"
  }
}
