# Keys, attestors and policies: what may run, and who can say so.

resource "google_kms_key_ring" "this" {
  depends_on = [module.services]

  project  = var.project
  location = coalesce(var.key_location, var.region)
  name     = "prodgate"

  lifecycle {
    prevent_destroy = true # Google keeps the name of a key ring for ever
  }
}

module "signing" {
  source   = "./modules/signing"
  for_each = var.suites

  attestor_project = local.attestation_project
  key_ring         = google_kms_key_ring.this.id
  suite            = each.key
  attestor         = coalesce(each.value.attestor, "${each.key}-attestor")
  protection_level = var.protection_level
  trusted_versions = each.value.trusted_versions
  signing_version  = each.value.signing_version
  admission_agents = local.admission_agents
}

module "prod_policy" {
  source = "./modules/policy"

  project          = var.prod_project
  attestors        = [for signing in module.signing : signing.attestor]
  allowlist        = var.allowlist
  enforced         = true
  dry_run_clusters = var.dry_run_clusters
}

module "dev_policy" {
  source = "./modules/policy"
  count  = var.dev_project == null ? 0 : 1

  project          = var.dev_project
  attestors        = [for signing in module.signing : signing.attestor]
  allowlist        = var.allowlist
  enforced         = false
  dry_run_clusters = []
}
