# Two messages every few minutes through the very functions that release. docs/probe.md says why nothing of it can run.

# Its attestor stands in no policy, and its key is its own: what it signs is worth nothing to prod.
module "probe_signing" {
  source   = "./modules/signing"
  for_each = var.probe == null ? {} : { probe = var.probe }

  attestor_project = local.attestation_project
  key_ring         = google_kms_key_ring.this.id
  suite            = each.key
  attestor         = "${each.key}-attestor"
  protection_level = var.protection_level
  trusted_versions = [1]
  signing_version  = 1
  admission_agents = local.admission_agents
}

module "probe" {
  source     = "./modules/probe"
  depends_on = [module.services]
  for_each   = var.probe == null ? {} : { probe = var.probe }

  project    = var.project
  region     = var.region
  repository = var.environment.repository
  image      = each.value.image
  commit     = each.value.commit
  run        = each.value.run
  topics     = module.topics.ids
}
