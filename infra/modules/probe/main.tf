# Two messages every five minutes, through the very functions that release (docs/probe.md). Every probe has the same trace,
# by which its way is found in the log.

variable "project" {
  description = "The gate's project."
  type        = string
}

variable "region" {
  description = "Where the clock runs."
  type        = string
}

variable "repository" {
  description = "The environments repository, `owner/name`."
  type        = string
}

variable "image" {
  description = "The canary by its tag: `HOST/PATH:probe`."
  type        = string
}

variable "commit" {
  description = "The probe's commit on dev, which holds the canary and nothing else."
  type        = string

  validation {
    condition     = can(regex("^[0-9a-f]{40}$", var.commit))
    error_message = "A commit is named by its 40 hex digits."
  }
}

variable "run" {
  description = "The URL of the run that tested that commit."
  type        = string
}

variable "schedule" {
  description = "When, as cron has it, in UTC."
  type        = string
  default     = "*/5 * * * *"
}

variable "topics" {
  description = "Topic → `projects/…/topics/…`."
  type        = map(string)
}

locals {
  trace = substr(sha256("prodgate probe ${var.project}"), 0, 32)
  probe = yamldecode(templatefile("${path.module}/probe.yaml", {
    commit     = var.commit
    image      = var.image
    project    = var.project
    repository = var.repository
    run        = var.run
    trace      = local.trace
  }))
}

module "job" {
  source   = "../schedule"
  for_each = local.probe.messages

  project    = var.project
  region     = var.region
  name       = "prodgate-probe-${each.key}"
  schedule   = var.schedule
  topic      = var.topics[each.value.topic]
  data       = each.value.data
  attributes = { traceparent = "00-${local.trace}-${substr(local.trace, 0, 16)}-01" }
}

resource "google_logging_metric" "this" {
  for_each = local.probe.metrics

  project     = var.project
  name        = "prodgate/probe/${each.key}"
  description = each.value.about
  filter      = each.value.filter

  metric_descriptor {
    metric_kind  = "DELTA"
    value_type   = "INT64"
    display_name = each.value.about
  }
}

output "trace" {
  description = "The trace that all probes share."
  value       = local.trace
}

output "metrics" {
  description = "started and through → the metric's name."
  value       = { for name, metric in google_logging_metric.this : name => metric.name }
}
