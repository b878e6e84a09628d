# Who applies this configuration. These are the widest rights in prodgate, so applying asks for a person's approval.

variable "project" {
  description = "The project that is deployed to."
  type        = string
}

variable "prod_project" {
  description = "The project whose policy and attestors are deployed too."
  type        = string
}

variable "state_bucket" {
  description = "The bucket of the Terraform state."
  type        = string
}

variable "dev_project" {
  description = "The project whose policy only watches, if there is one."
  type        = string
}

variable "grants" {
  description = "The roles that it may give on whole projects, and no others, so that it cannot make itself mightier."
  type        = set(string)
}

locals {
  # None of these can be given on less than a project: what they make does not exist yet.
  roles = [
    "roles/artifactregistry.admin",
    "roles/cloudfunctions.developer",
    "roles/cloudkms.admin",
    "roles/cloudkms.publicKeyViewer",
    "roles/cloudscheduler.admin",
    "roles/iam.roleViewer",
    "roles/iam.serviceAccountAdmin",
    "roles/iam.workloadIdentityPoolAdmin",
    "roles/logging.configWriter",
    "roles/logging.logWriter", # of its own builds
    "roles/logging.viewer",    # where the probe's way is looked for
    "roles/monitoring.editor",
    "roles/pubsub.admin",
    "roles/run.admin",
    "roles/serviceusage.serviceUsageAdmin",
    "roles/storage.admin",
  ]
  prod_roles = [
    "roles/binaryauthorization.attestorsAdmin",
    "roles/binaryauthorization.policyEditor",
    "roles/containeranalysis.admin",
    "roles/logging.configWriter",
    "roles/logging.logWriter", # of its own builds
    "roles/logging.viewer",    # where the probe's way is looked for
    "roles/monitoring.editor",
  ]
}

resource "google_service_account" "deployer" {
  project      = var.project
  account_id   = "prodgate-deployer"
  display_name = "prodgate: applies infra/"
}

# Google's own role for making secrets reads their values too.
resource "google_project_iam_custom_role" "secrets" {
  project     = var.project
  role_id     = "prodgateSecretsWithoutValues"
  title       = "prodgate: secrets without their values"
  description = "Make secrets and say who reads them, but read none"
  permissions = [
    "secretmanager.secrets.create",
    "secretmanager.secrets.delete",
    "secretmanager.secrets.get",
    "secretmanager.secrets.getIamPolicy",
    "secretmanager.secrets.list",
    "secretmanager.secrets.setIamPolicy",
    "secretmanager.secrets.update",
  ]
}

resource "google_project_iam_member" "secrets" {
  project = var.project
  role    = google_project_iam_custom_role.secrets.name
  member  = google_service_account.deployer.member
}

resource "google_project_iam_member" "deployer" {
  #checkov:skip=CKV_GCP_49:Each function gets an identity, and somebody has to make those; every plan is approved by a person.
  for_each = toset(local.roles)

  project = var.project
  role    = each.key
  member  = google_service_account.deployer.member
}

resource "google_project_iam_member" "deployer_prod" {
  for_each = toset(local.prod_roles)

  project = var.prod_project
  role    = each.key
  member  = google_service_account.deployer.member
}

resource "google_project_iam_member" "deployer_dev" {
  count = var.dev_project == null ? 0 : 1

  project = var.dev_project
  role    = "roles/binaryauthorization.policyEditor"
  member  = google_service_account.deployer.member
}

# Its own roles are not among the grants: a person changes those.
resource "google_project_iam_member" "grantor" {
  for_each = toset([var.project, var.prod_project])

  project = each.key
  role    = "roles/resourcemanager.projectIamAdmin"
  member  = google_service_account.deployer.member

  condition {
    title      = "grants of prodgate"
    expression = "api.getAttribute('iam.googleapis.com/modifiedGrantsByRole', []).hasOnly(${jsonencode(sort(var.grants))})"
  }
}

resource "google_storage_bucket_iam_member" "state" {
  bucket = var.state_bucket
  role   = "roles/storage.objectUser"
  member = google_service_account.deployer.member
}

output "member" {
  description = "The deployer, as an IAM member. Whom it puts to work as somebody gives it that right."
  value       = google_service_account.deployer.member
}

output "email" {
  description = "The deployer's email."
  value       = google_service_account.deployer.email
}
