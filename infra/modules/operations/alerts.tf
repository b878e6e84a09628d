# Alert policies, from alerts.yaml: on single log entries, in the project whose log they stand in, and on metrics.

locals {
  alerts = yamldecode(templatefile("${path.module}/alerts.yaml", {
    attester                 = var.attester
    dead_letter_subscription = var.dead_letter_subscription
    ours                     = local.ours
    refused_per_hour         = var.refused_per_hour
    rejected_per_hour        = var.rejected_per_hour
    subscriptions            = join(", ", [for name in var.subscriptions : "\"${name}\""])
  }))

  # Without a dev project there is no alert on it.
  projects = merge(
    { gate = var.project, prod = var.prod_project },
    var.dev_project == null ? {} : { dev = var.dev_project },
  )
}

resource "google_monitoring_alert_policy" "log" {
  for_each = { for name, alert in local.alerts : name => alert if can(alert.log) && can(local.projects[alert.log.project]) }

  project      = local.projects[each.value.log.project]
  display_name = "prodgate: ${each.key}"
  combiner     = "OR"

  conditions {
    display_name = each.value.means

    condition_matched_log {
      filter           = each.value.log.filter
      label_extractors = { for label in try(each.value.log.labels, []) : label => "EXTRACT(labels.${label})" }
    }
  }

  alert_strategy {
    auto_close = "86400s"

    notification_rate_limit {
      period = "300s"
    }
  }

  documentation {
    content   = "${each.value.means}\n\nRunbook: ${var.runbooks_url}/${each.value.runbook}"
    mime_type = "text/markdown"
  }

  notification_channels = local.channels[local.projects[each.value.log.project]]
  severity              = { page = "CRITICAL", ticket = "WARNING" }[each.value.severity]
}

resource "google_monitoring_alert_policy" "metric" {
  for_each = { for name, alert in local.alerts : name => alert if can(alert.metric) }

  project      = var.project
  display_name = "prodgate: ${each.key}"
  combiner     = "OR"

  conditions {
    display_name = each.value.means

    condition_threshold {
      filter          = each.value.metric.filter
      comparison      = "COMPARISON_GT"
      threshold_value = each.value.metric.above
      duration        = "0s"

      aggregations {
        alignment_period     = try(each.value.metric.period, "300s")
        per_series_aligner   = each.value.metric.aligner
        cross_series_reducer = try(each.value.metric.reducer, null)
      }
    }
  }

  documentation {
    content   = "${each.value.means}\n\nRunbook: ${var.runbooks_url}/${each.value.runbook}"
    mime_type = "text/markdown"
  }

  notification_channels = local.channels[var.project]
  severity              = { page = "CRITICAL", ticket = "WARNING" }[each.value.severity]

  depends_on = [google_logging_metric.functions]
}
