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

# Without a single entry there is no time series, and no comparison: that is the zero in each query.
resource "google_monitoring_alert_policy" "query" {
  for_each = merge(
    {
      for name, alert in local.alerts : name => merge(alert, { within_s = 60 }) if can(alert.query)
    },
    # No probe came through for so long that nobody may wait for a budget to burn. Half of the time it looks back, and for
    # the other half that must hold, so that nobody is woken between the first apply and the first probe.
    var.probe == null ? {} : {
      silent = {
        means    = "No probe has come through for ${var.probe.silent_after_s} s: the gate may be down."
        query    = "(sum(increase(logging_googleapis_com:user_${replace(var.probe.through, "/", "_")}{monitored_resource=\"cloud_run_revision\"}[${var.probe.silent_after_s / 2}s])) or vector(0)) < 1"
        within_s = var.probe.silent_after_s / 2
        runbook  = "objectives.md#available"
        severity = "page"
      }
    },
  )

  project      = var.project
  display_name = "prodgate: ${each.key}"
  combiner     = "OR"

  conditions {
    display_name = each.value.means

    condition_prometheus_query_language {
      query                     = each.value.query
      duration                  = "${each.value.within_s}s"
      evaluation_interval       = "60s"
      disable_metric_validation = true
    }
  }

  alert_strategy {
    auto_close = "86400s"
  }

  documentation {
    content   = "${each.value.means}\n\nRunbook: ${var.runbooks_url}/${each.value.runbook}"
    mime_type = "text/markdown"
  }

  notification_channels = local.channels[var.project]
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
}
