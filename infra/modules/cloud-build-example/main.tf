# An example, which the root module does not use: a suite in Cloud Build (docs/examples/README.md). The build itself is
# written into the trigger, out of a file of the repository that this is applied from: who writes to dev cannot change it.

variable "project" {
  description = "The project whose Cloud Build runs the suite."
  type        = string
}

variable "location" {
  description = "Where builds run, and the environments repository is connected."
  type        = string
}

variable "suite" {
  description = "The suite's name."
  type        = string
}

variable "repository" {
  description = "`projects/…/locations/…/connections/…/repositories/…`: the environments repository, connected to Cloud Build."
  type        = string
}

variable "branch" {
  description = "The branch whose pushes are tested."
  type        = string
  default     = "dev"
}

variable "build_file" {
  description = "docs/examples/cloud-build/cloudbuild.yaml, or one like it."
  type        = string
}

variable "argocd_token" {
  description = "The secret that holds a token of Argo CD, which may get that one application and nothing else."
  type        = string
}

locals {
  build = yamldecode(file(var.build_file))
}

# What runs in the steps can become this account, the tests too. So it may nothing but write its log and read that token:
# what says that the suite passed is Cloud Build itself, and no build can make it say so.
resource "google_service_account" "suite" {
  project      = var.project
  account_id   = "prodgate-suite-${var.suite}"
  display_name = "prodgate: runs the suite ${var.suite}"
}

# Logs of builds belong to the project; there is nothing smaller to give this on.
resource "google_project_iam_member" "logs" {
  project = var.project
  role    = "roles/logging.logWriter"
  member  = google_service_account.suite.member
}

resource "google_secret_manager_secret_iam_member" "argocd" {
  project   = var.project
  secret_id = var.argocd_token
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.suite.member
}

resource "google_cloudbuild_trigger" "suite" {
  project         = var.project
  location        = var.location
  name            = "prodgate-${var.suite}"
  description     = "prodgate: the suite ${var.suite}, on each push to ${var.branch}"
  service_account = google_service_account.suite.id

  repository_event_config {
    repository = var.repository

    push {
      branch = "^${var.branch}$"
    }
  }

  build {
    timeout = local.build.timeout

    dynamic "step" {
      for_each = local.build.steps

      content {
        id         = step.value.id
        name       = step.value.name
        entrypoint = step.value.entrypoint
        args       = step.value.args
        env        = try(step.value.env, null)
        secret_env = try(step.value.secretEnv, null)
      }
    }

    available_secrets {
      secret_manager {
        env          = "ARGOCD_TOKEN"
        version_name = "projects/${var.project}/secrets/${var.argocd_token}/versions/latest"
      }
    }

    options {
      logging = local.build.options.logging
    }
  }

  depends_on = [
    google_project_iam_member.logs,
    google_secret_manager_secret_iam_member.argocd,
  ]
}

output "cloud_build" {
  description = "The suite's `cloud_build` in the gate's `suites`."
  value       = { project = var.project, location = var.location, trigger = google_cloudbuild_trigger.suite.trigger_id }
}

output "build_triggers" {
  description = "Its row in the gate's `build_triggers`."
  value       = { (google_cloudbuild_trigger.suite.trigger_id) = var.suite }
}
