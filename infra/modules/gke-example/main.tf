# An example, which the root module does not use: the part of a cluster that makes it ask Binary Authorization.
# Without it a policy is a sheet of paper. Give only prod's cluster enforced = true.

variable "project" {
  description = "The project of the cluster, whose policy it asks."
  type        = string
}

variable "location" {
  description = "Its region."
  type        = string
}

variable "name" {
  description = "Its name."
  type        = string
}

variable "enforced" {
  description = "Whether the cluster asks at all; true for prod."
  type        = bool
}

resource "google_container_cluster" "this" {
  project          = var.project
  location         = var.location
  name             = var.name
  enable_autopilot = true

  binary_authorization {
    evaluation_mode = var.enforced ? "PROJECT_SINGLETON_POLICY_ENFORCE" : "DISABLED"
  }
}
