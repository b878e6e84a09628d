# One suite's key, note and attestor: only what this key signed counts as tested by this suite.

variable "attestor_project" {
  description = "The project whose policy names the attestor; its note and its occurrences are there too."
  type        = string
}

variable "key_ring" {
  description = "`projects/…/locations/…/keyRings/…` that holds the key."
  type        = string
}

variable "suite" {
  description = "The suite's name, which is the key's name."
  type        = string
}

variable "attestor" {
  description = "The attestor's name."
  type        = string
}

variable "protection_level" {
  description = "`SOFTWARE` or `HSM`. It cannot be changed later."
  type        = string
}

variable "trusted_versions" {
  description = "The key versions whose signatures count."
  type        = set(number)
}

variable "signing_version" {
  description = "The key version that signs."
  type        = number
}

variable "admission_agents" {
  description = "IAM members that are Binary Authorization itself in the projects whose policies name the attestor: which → member."
  type        = map(string)
}

resource "google_kms_crypto_key" "this" {
  #checkov:skip=CKV_GCP_43:KMS does not rotate asymmetric keys; docs/runbooks has the rotation by hand.
  name     = var.suite
  key_ring = var.key_ring
  purpose  = "ASYMMETRIC_SIGN"
  # A version is destroyed a month after it was ordered to be, so there is time to notice.
  destroy_scheduled_duration = "2592000s"

  version_template {
    algorithm        = "EC_SIGN_P256_SHA256"
    protection_level = var.protection_level
  }

  lifecycle {
    # Without the key nothing can be released, and an old version is what running images were admitted by.
    prevent_destroy = true
  }
}

data "google_kms_crypto_key_version" "trusted" {
  for_each = toset([for version in var.trusted_versions : tostring(version)])

  crypto_key = google_kms_crypto_key.this.id
  version    = tonumber(each.key)
}

resource "google_container_analysis_note" "this" {
  project = var.attestor_project
  name    = var.attestor

  attestation_authority {
    hint {
      human_readable_name = "prodgate: the suite ${var.suite} passed"
    }
  }
}

resource "google_binary_authorization_attestor" "this" {
  project     = var.attestor_project
  name        = var.attestor
  description = "prodgate: the suite ${var.suite} passed"

  attestation_authority_note {
    note_reference = google_container_analysis_note.this.name

    dynamic "public_keys" {
      for_each = data.google_kms_crypto_key_version.trusted

      content {
        # `//cloudkms.googleapis.com/v1/projects/…/cryptoKeyVersions/1`: the id that each signature carries.
        id = public_keys.value.id

        pkix_public_key {
          public_key_pem      = public_keys.value.public_key[0].pem
          signature_algorithm = public_keys.value.public_key[0].algorithm
        }
      }
    }
  }
}

# In another project than theirs the admission checks may read neither by themselves.
resource "google_container_analysis_note_iam_member" "admission" {
  for_each = var.admission_agents

  project = var.attestor_project
  note    = google_container_analysis_note.this.name
  role    = "roles/containeranalysis.notes.occurrences.viewer"
  member  = each.value
}

resource "google_binary_authorization_attestor_iam_member" "admission" {
  for_each = var.admission_agents

  project  = var.attestor_project
  attestor = google_binary_authorization_attestor.this.name
  role     = "roles/binaryauthorization.attestorsVerifier"
  member   = each.value
}

output "attestor" {
  description = "`projects/…/attestors/…`, as policy and functions name it."
  value       = "projects/${var.attestor_project}/attestors/${google_binary_authorization_attestor.this.name}"
}

output "attestor_name" {
  description = "The attestor's own name."
  value       = google_binary_authorization_attestor.this.name
}

output "note_name" {
  description = "The note's own name."
  value       = google_container_analysis_note.this.name
}

output "key" {
  description = "`projects/…/cryptoKeys/…`."
  value       = google_kms_crypto_key.this.id
}

output "key_version" {
  description = "`projects/…/cryptoKeyVersions/…` that signs."
  value       = "${google_kms_crypto_key.this.id}/cryptoKeyVersions/${var.signing_version}"
}
