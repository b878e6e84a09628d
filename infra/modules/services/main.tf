# The Google APIs that prodgate calls or is made of.

variable "project" {
  description = "The project in which the APIs are enabled."
  type        = string
}

variable "services" {
  description = "API names without `.googleapis.com`."
  type        = set(string)
}

resource "google_project_service" "this" {
  for_each = var.services

  project = var.project
  service = "${each.key}.googleapis.com"
  # Others may use the same API, so removing prodgate does not switch it off.
  disable_on_destroy = false
}

output "project" {
  description = "The project, once its APIs are enabled."
  value       = var.project
  depends_on  = [google_project_service.this]
}
