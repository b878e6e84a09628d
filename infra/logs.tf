# Cloud Run's own request log holds URLs, and with them the URL secrets of webhooks (docs/operations.md).

resource "google_logging_project_exclusion" "webhook_urls" {
  count      = length(var.webhooks) == 0 ? 0 : 1
  depends_on = [module.services]

  project     = var.project
  name        = "prodgate-webhook-urls"
  description = "URLs of receive_push hold secrets"
  filter      = <<-EOT
    resource.type="cloud_run_revision" AND resource.labels.service_name="receive-push" AND log_id("run.googleapis.com/requests")
  EOT
}
