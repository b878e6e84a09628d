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


variable "acts_as" {
  description = "Service accounts that it puts to work: what each is → `projects/…/serviceAccounts/…`."
  type        = map(string)
}

locals {
  # None of these can be given on less than a project: what they make does not exist yet.
  roles = [
    "roles/artifactregistry.admin",
    "roles/cloudfunctions.developer",
    "roles/cloudkms.admin",
    "roles/cloudscheduler.admin",
    "roles/iam.serviceAccountAdmin",
    "roles/iam.workloadIdentityPoolAdmin",
    "roles/logging.configWriter",
    "roles/monitoring.editor",
    "roles/pubsub.admin",
    "roles/resourcemanager.projectIamAdmin",
    "roles/run.admin",
    "roles/secretmanager.admin",
    "roles/serviceusage.serviceUsageAdmin",
    "roles/storage.admin",
  ]
  prod_roles = [
    "roles/binaryauthorization.attestorsAdmin",
    "roles/binaryauthorization.policyAdmin",
    "roles/containeranalysis.admin",
    "roles/resourcemanager.projectIamAdmin",
  ]
}

resource "google_service_account" "deployer" {
  project      = var.project
  account_id   = "prodgate-deployer"
  display_name = "prodgate: applies infra/"
}

resource "google_project_iam_member" "deployer" {
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

resource "google_storage_bucket_iam_member" "state" {
  bucket = var.state_bucket
  role   = "roles/storage.objectUser"
  member = google_service_account.deployer.member
}

resource "google_service_account_iam_member" "acts_as" {
  for_each = var.acts_as

  service_account_id = each.value
  role               = "roles/iam.serviceAccountUser"
  member             = google_service_account.deployer.member
}

output "email" {
  description = "The deployer's email."
  value       = google_service_account.deployer.email
}
