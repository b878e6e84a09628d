# How one workflow of GitHub Actions becomes the identity that may say how its tests ended. There is no key file: GitHub
# signs who is asking, Google checks it, and the answer lasts for minutes.

variable "project" {
  description = "The gate's project."
  type        = string
}

variable "name" {
  description = "What tells it apart from the other workflows that test."
  type        = string
}

variable "topic" {
  description = "`projects/…/topics/…` that it publishes to."
  type        = string
}

variable "repository_id" {
  description = "The number of the environments repository, which stays when a repository is renamed or made anew."
  type        = string

  validation {
    condition     = can(regex("^[0-9]+$", var.repository_id))
    error_message = "It is the number that `gh api repos/OWNER/NAME --jq .id` prints."
  }
}

variable "ref" {
  description = "The branch whose runs count: `refs/heads/dev`."
  type        = string

  validation {
    condition     = startswith(var.ref, "refs/heads/")
    error_message = "It is a branch, by its full name."
  }
}

variable "job_workflow_ref" {
  description = <<-EOT
    The reusable workflow that tests: `OWNER/REPOSITORY/.github/workflows/FILE@refs/heads/main`. Who writes to dev cannot
    change it, since it is in a repository of its own whose main is protected.
  EOT
  type        = string

  validation {
    condition     = can(regex("^[^/@]+/[^/@]+/\\.github/workflows/[^/@]+\\.ya?ml@refs/(heads|tags)/.+$", var.job_workflow_ref))
    error_message = "It is OWNER/REPOSITORY/.github/workflows/FILE@refs/heads/BRANCH."
  }
}

# A pool for each workflow, since a binding names a pool and a repository: in one pool each could become the other.
resource "google_iam_workload_identity_pool" "github" {
  project                   = var.project
  workload_identity_pool_id = "prodgate-github-${var.name}"
  display_name              = "prodgate: ${var.name}, GitHub"
  description               = "One workflow, which says how its tests ended"
}

resource "google_iam_workload_identity_pool_provider" "github" {
  #checkov:skip=CKV_GCP_125:The condition below names repository, ref, event and workflow; checkov does not evaluate join.
  project                            = var.project
  workload_identity_pool_id          = google_iam_workload_identity_pool.github.workload_identity_pool_id
  workload_identity_pool_provider_id = "tests"
  display_name                       = "prodgate: ${var.name}"

  # The subject stands in audit logs. Each claim that must hold is in the condition; the repository's number is an
  # attribute too, since bindings can name only attributes.
  attribute_mapping = {
    "google.subject"          = "assertion.sub"
    "attribute.repository_id" = "assertion.repository_id"
  }

  attribute_condition = join(" && ", [
    "assertion.repository_id == \"${var.repository_id}\"",
    "assertion.ref == \"${var.ref}\"",
    "assertion.event_name == \"push\"",
    "assertion.job_workflow_ref == \"${var.job_workflow_ref}\"",
  ])

  oidc {
    issuer_uri = "https://token.actions.githubusercontent.com"
  }
}

resource "google_service_account" "tester" {
  project      = var.project
  account_id   = "prodgate-tester-${var.name}"
  display_name = "prodgate: says how the tests ${var.name} ended"
}

resource "google_service_account_iam_member" "github" {
  service_account_id = google_service_account.tester.name
  role               = "roles/iam.workloadIdentityUser"
  member             = "principalSet://iam.googleapis.com/${google_iam_workload_identity_pool.github.name}/attribute.repository_id/${var.repository_id}"
}

resource "google_pubsub_topic_iam_member" "tester" {
  project = var.project
  topic   = var.topic
  role    = "roles/pubsub.publisher"
  member  = google_service_account.tester.member
}

output "provider" {
  description = "`projects/NUMBER/locations/global/workloadIdentityPools/…/providers/…`: the workflow's input `identity-provider`."
  value       = google_iam_workload_identity_pool_provider.github.name
}

output "service_account" {
  description = "The identity's email: the workflow's input `service-account`."
  value       = google_service_account.tester.email
}
