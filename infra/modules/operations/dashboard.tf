resource "google_monitoring_dashboard" "gate" {
  project        = var.project
  dashboard_json = file("${path.module}/dashboard.json")

  depends_on = [google_logging_metric.functions]
}
