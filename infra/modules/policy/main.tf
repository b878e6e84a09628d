# What one project's clusters admit: named system images, and what every attestor vouches for. Nothing else.

variable "project" {
  description = "The project whose policy this is; it has exactly one."
  type        = string
}

variable "attestors" {
  description = "`projects/…/attestors/…`, all of which must have attested an image."
  type        = set(string)
}

variable "allowlist" {
  description = "Image name patterns that need no attestation."
  type        = set(string)
}

variable "enforced" {
  description = "Whether the rule blocks; otherwise it only writes what it would have blocked into the audit log."
  type        = bool
}

variable "dry_run_clusters" {
  description = "`LOCATION.NAME` of clusters in this project for which the rule only writes to the audit log."
  type        = set(string)
}

locals {
  block   = "ENFORCED_BLOCK_AND_AUDIT_LOG"
  dry_run = "DRYRUN_AUDIT_LOG_ONLY"
}

resource "google_binary_authorization_policy" "this" {
  project     = var.project
  description = "prodgate: only what was tested"
  # Google's own system images are judged by Google's policy.
  global_policy_evaluation_mode = "ENABLE"

  dynamic "admission_whitelist_patterns" {
    for_each = var.allowlist

    content {
      name_pattern = admission_whitelist_patterns.value
    }
  }

  default_admission_rule {
    evaluation_mode         = "REQUIRE_ATTESTATION"
    enforcement_mode        = var.enforced ? local.block : local.dry_run
    require_attestations_by = var.attestors
  }

  dynamic "cluster_admission_rules" {
    for_each = var.dry_run_clusters

    content {
      cluster                 = cluster_admission_rules.value
      evaluation_mode         = "REQUIRE_ATTESTATION"
      enforcement_mode        = local.dry_run
      require_attestations_by = var.attestors
    }
  }

  lifecycle {
    # Removing the policy puts Google's default in its place, which admits everything.
    prevent_destroy = true
  }
}
