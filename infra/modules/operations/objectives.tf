# What is promised, over 30 days, and when somebody is told that the promise is being broken.
#
# Releases are rare: at twenty a day one late release is a sixth of a 99 % budget for the month. So the goal for
# freshness is 95 %, the probe (288 a day) is part of what is counted, and each alert needs a long and a short window.
# Rejected events are no failures of the service (Sigstore counts so too); completeness and soundness have no budget
# at all and are alerts of their own (alerts.yaml).

locals {
  fresh = {
    attested = { function = "attest_images", means = "From test-passed to attested within ${var.fresh_within_s} s" }
    proposed = { function = "open_prod_pr", means = "From attested to the pull request within ${var.fresh_within_s} s" }
  }

  # The pairs of the SRE Workbook, chapter 5, as far as the API goes: it takes no window of over 24 hours.
  burns = {
    fast   = { rate = 14.4, long = "3600s", short = "300s", severity = "page" }
    medium = { rate = 6, long = "21600s", short = "1800s", severity = "page" }
    slow   = { rate = 3, long = "86400s", short = "7200s", severity = "ticket" }
  }

  objectives = merge(
    { for name, objective in google_monitoring_slo.fresh : name => objective.name },
    { for name, objective in google_monitoring_slo.available : name => objective.name },
  )

  names = concat(keys(local.fresh), var.probe == null ? [] : ["available"])
}

# An objective on a metric that Cloud Monitoring does not know yet is refused, and it may need ten minutes to know a new one
# (https://cloud.google.com/logging/docs/logs-based-metrics/troubleshooting).
resource "terraform_data" "known" {
  triggers_replace = concat(
    [for metric in google_logging_metric.functions : metric.name],
    var.probe == null ? [] : [var.probe.started, var.probe.through],
  )

  provisioner "local-exec" {
    command = "sleep ${var.metrics_wait_s}"
  }
}

resource "google_monitoring_custom_service" "gate" {
  project      = var.project
  service_id   = "prodgate"
  display_name = "prodgate"
}

resource "google_monitoring_slo" "fresh" {
  for_each = local.fresh

  project      = var.project
  service      = google_monitoring_custom_service.gate.service_id
  slo_id       = each.key
  display_name = each.value.means

  goal                = var.fresh_goal
  rolling_period_days = 30

  request_based_sli {
    distribution_cut {
      distribution_filter = join(" AND ", [
        "metric.type=\"logging.googleapis.com/user/prodgate/age\"",
        "resource.type=\"cloud_run_revision\"",
        "metric.label.function=\"${each.value.function}\"",
      ])

      range {
        max = var.fresh_within_s
      }
    }
  }

  depends_on = [terraform_data.known]
}

# Good is a probe that came through the last function; all are those that Cloud Scheduler started. Functions that are
# down log nothing, so they cannot be asked how many they missed.
resource "google_monitoring_slo" "available" {
  for_each = var.probe == null ? {} : { available = var.probe }

  project      = var.project
  service      = google_monitoring_custom_service.gate.service_id
  slo_id       = each.key
  display_name = "Probes that come through"

  goal                = var.available_goal
  rolling_period_days = 30

  request_based_sli {
    good_total_ratio {
      good_service_filter  = "metric.type=\"logging.googleapis.com/user/${each.value.through}\" AND resource.type=\"cloud_run_revision\""
      total_service_filter = "metric.type=\"logging.googleapis.com/user/${each.value.started}\" AND resource.type=\"cloud_scheduler_job\""
    }
  }

  depends_on = [terraform_data.known]
}

resource "google_monitoring_alert_policy" "burn" {
  for_each = {
    for pair in setproduct(local.names, keys(local.burns)) :
    "${pair[0]}-${pair[1]}" => { objective = pair[0], burn = local.burns[pair[1]] }
  }

  project      = var.project
  display_name = "prodgate: ${each.key}-burn"
  combiner     = "AND"

  dynamic "conditions" {
    for_each = [each.value.burn.long, each.value.burn.short]

    content {
      display_name = "The budget of ${each.value.objective} burns ${each.value.burn.rate} times too fast over ${conditions.value}"

      condition_threshold {
        filter          = "select_slo_burn_rate(\"${local.objectives[each.value.objective]}\", \"${conditions.value}\")"
        comparison      = "COMPARISON_GT"
        threshold_value = each.value.burn.rate
        duration        = "0s"
      }
    }
  }

  documentation {
    content   = "The objective ${each.value.objective} is being missed.\n\nRunbook: ${var.runbooks_url}/objectives.md#${each.value.objective}"
    mime_type = "text/markdown"
  }

  notification_channels = local.channels[var.project]
  severity              = { page = "CRITICAL", ticket = "WARNING" }[each.value.burn.severity]
}
