# A clock that publishes one message. Cloud Scheduler publishes as its own service agent, which may.

variable "project" {
  description = "The project of the topic."
  type        = string
}

variable "region" {
  description = "Where the clock runs."
  type        = string
}

variable "name" {
  description = "The job's name."
  type        = string
}

variable "schedule" {
  description = "When, as cron has it, in UTC."
  type        = string
}

variable "topic" {
  description = "`projects/…/topics/…` to publish to."
  type        = string
}

variable "data" {
  description = "The message's data."
  type        = string
}

variable "attributes" {
  description = "The message's attributes."
  type        = map(string)
  default     = {}
}

resource "google_cloud_scheduler_job" "this" {
  project   = var.project
  region    = var.region
  name      = var.name
  schedule  = var.schedule
  time_zone = "Etc/UTC"

  pubsub_target {
    topic_name = var.topic
    data       = base64encode(var.data)
    attributes = var.attributes
  }
}
