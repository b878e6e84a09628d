# Log-based metrics, from metrics.yaml.

locals {
  # Only the functions' own standard output counts: nobody else's entry can pass for one of ours.
  ours = "resource.type=\"cloud_run_revision\" AND log_id(\"run.googleapis.com/stdout\")"

  metrics = yamldecode(file("${path.module}/metrics.yaml"))
}

resource "google_logging_metric" "functions" {
  for_each = local.metrics

  project     = var.project
  name        = "prodgate/${each.key}"
  description = each.value.about
  filter      = "${local.ours} AND ${each.value.filter}"

  label_extractors = { for label in each.value.labels : label => "EXTRACT(labels.${label})" }
  value_extractor  = try("EXTRACT(labels.${each.value.value})", null)

  metric_descriptor {
    metric_kind  = "DELTA"
    value_type   = can(each.value.value) ? "DISTRIBUTION" : "INT64"
    unit         = try(each.value.unit, "1")
    display_name = each.value.about

    dynamic "labels" {
      for_each = each.value.labels

      content {
        key        = labels.value
        value_type = "STRING"
      }
    }
  }

  dynamic "bucket_options" {
    for_each = try([each.value.bounds], [])

    content {
      explicit_buckets {
        bounds = bucket_options.value
      }
    }
  }
}
