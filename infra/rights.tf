# What the functions may do beyond publishing and reading secrets. docs/iam.md shows all rights as one table.

locals {
  # Google's registries among those that are followed: prefix → where the repository is.
  own_repositories = {
    for prefix in var.registries : prefix => regex("^(?P<location>[a-z0-9-]+)-docker\\.pkg\\.dev/(?P<project>[^/]+)/(?P<repository>[^/]+)", prefix)
    if can(regex("^[a-z0-9-]+-docker\\.pkg\\.dev/[^/]+/[^/]+", prefix))
  }
  repository_readers = {
    for pair in setproduct(["resolve_image", "pin_manifests", "attest_images"], keys(local.own_repositories)) :
    "${pair[0]} ${pair[1]}" => { function = pair[0], at = local.own_repositories[pair[1]] }
  }
  # Where the scanner keeps what it finds in the images that are followed; read only by a gate, or to be shown.
  scan_readers = concat(
    length(local.gates) > 0 ? ["attest_images"] : [],
    var.releases.show_vulnerabilities ? ["open_prod_pr"] : [],
  )
  scans = {
    for pair in setproduct(local.scan_readers, [for repository in local.own_repositories : repository.project]) :
    "${pair[0]} ${pair[1]}" => { function = pair[0], project = pair[1] }...
  }
  # Where what role is given on a whole project: the deployer may give exactly these.
  grants = {
    for grant in concat(
      [
        { project = var.project, role = "roles/logging.logWriter" },
        { project = var.project, role = "roles/storage.objectViewer" },
        { project = var.prod_project, role = "roles/binaryauthorization.policyViewer" },
        { project = var.prod_project, role = "roles/containeranalysis.occurrences.editor" },
      ],
      [for scan in local.scans : { project = scan[0].project, role = "roles/containeranalysis.occurrences.viewer" }],
      [for project in local.build_projects : { project = project, role = "roles/cloudbuild.builds.viewer" }],
    ) : grant.project => grant.role...
  }
  # Where suites run in Cloud Build.
  build_projects = toset([for suite in var.suites : suite.cloud_build.project if suite.cloud_build != null])
  # What attest_images attests: what a release must pass, and the probe.
  attested = toset(concat(keys(var.suites), var.probe == null ? [] : ["probe"]))
  signing  = merge(module.signing, module.probe_signing)
  # Who looks attestations up, for which suite: attest_images before and after it signs, open_prod_pr before it believes.
  judges = {
    for pair in concat(
      [for suite in local.attested : ["attest_images", suite]],
      [for suite in keys(var.suites) : ["open_prod_pr", suite]],
    ) : "${pair[0]} ${pair[1]}" => { function = pair[0], suite = pair[1] }
  }
}

# It signs with a key version only after it has held the version's public key against the attestor's.
resource "google_kms_crypto_key_iam_member" "signer" {
  for_each = { for pair in setproduct(["signer", "publicKeyViewer"], local.attested) : "${pair[0]} ${pair[1]}" => { role = pair[0], suite = pair[1] } }

  crypto_key_id = local.signing[each.value.suite].key
  role          = "roles/cloudkms.${each.value.role}"
  member        = module.function["attest_images"].member
}

resource "google_container_analysis_note_iam_member" "attacher" {
  for_each = local.attested

  project = var.prod_project
  note    = local.signing[each.key].note_name
  role    = "roles/containeranalysis.notes.attacher"
  member  = module.function["attest_images"].member
}

resource "google_container_analysis_note_iam_member" "judge" {
  for_each = local.judges

  project = var.prod_project
  note    = local.signing[each.value.suite].note_name
  role    = "roles/containeranalysis.notes.occurrences.viewer"
  member  = module.function[each.value.function].member
}

resource "google_binary_authorization_attestor_iam_member" "judge" {
  for_each = local.judges

  project  = var.prod_project
  attestor = local.signing[each.value.suite].attestor_name
  role     = "roles/binaryauthorization.attestorsVerifier"
  member   = module.function[each.value.function].member
}

resource "google_artifact_registry_repository_iam_member" "reader" {
  for_each = local.repository_readers

  project    = each.value.at.project
  location   = each.value.at.location
  repository = each.value.at.repository
  role       = "roles/artifactregistry.reader"
  member     = module.function[each.value.function].member
}

# The API has no smaller place than the project for occurrences; which note they hang on is the signing module's to say.
resource "google_project_iam_member" "attestations" {
  project = var.prod_project
  role    = "roles/containeranalysis.occurrences.editor"
  member  = module.function["attest_images"].member
}

resource "google_project_iam_member" "findings" {
  for_each = local.scans

  project = each.value[0].project
  role    = "roles/containeranalysis.occurrences.viewer"
  member  = module.function[each.value[0].function].member
}

# A build can only be looked at with a right on its project.
resource "google_project_iam_member" "builds" {
  for_each = local.build_projects

  project = each.key
  role    = "roles/cloudbuild.builds.viewer"
  member  = module.function["attest_images"].member
}

# A project has one policy, so this is as small as it gets.
resource "google_project_iam_member" "policy" {
  for_each = toset(["attest_images", "open_prod_pr"])

  project = var.prod_project
  role    = "roles/binaryauthorization.policyViewer"
  member  = module.function[each.key].member
}
