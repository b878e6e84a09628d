# An example, which the root module does not use: a cluster that asks Binary Authorization about every pod. Without the
# block a policy is a sheet of paper. It belongs to prod's cluster; dev's does without, or watches (dry_run_clusters).

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

resource "google_container_cluster" "this" {
  #checkov:skip=CKV_GCP_12:Autopilot has network policies always.
  #checkov:skip=CKV_GCP_13:Autopilot issues no client certificates.
  #checkov:skip=CKV_GCP_20:From where the control plane is reached is for the cluster's owner to say.
  #checkov:skip=CKV_GCP_61:Autopilot has intranode visibility always; flow logs belong to the network.
  #checkov:skip=CKV_GCP_65:Groups for RBAC need a domain in Google Workspace, which not everybody has.
  #checkov:skip=CKV_GCP_69:Autopilot has the metadata server always.
  project          = var.project
  location         = var.location
  name             = var.name
  enable_autopilot = true
  resource_labels  = { gate = "prodgate" }

  binary_authorization {
    evaluation_mode = "PROJECT_SINGLETON_POLICY_ENFORCE"
  }

  ip_allocation_policy {}

  private_cluster_config {
    enable_private_nodes = true
  }

  release_channel {
    channel = "REGULAR"
  }
}
