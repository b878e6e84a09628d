variable "project" {
  description = "The gate's project: functions, topics, keys."
  type        = string
}

variable "prod_project" {
  description = "The project of prod: its policy, attestors, attestations and cluster."
  type        = string
}

variable "dev_project" {
  description = "The project of dev, whose policy only watches, if there is one."
  type        = string
}

variable "attester" {
  description = "The service account of attest_images: the only one that may sign and attest."
  type        = string
}

variable "subscriptions" {
  description = "The push subscriptions, by id."
  type        = list(string)
}

variable "dead_letter_subscription" {
  description = "The pull subscription that keeps dead letters, by id."
  type        = string
  default     = "dead-letter-pull"
}

variable "emails" {
  description = "Who is told."
  type        = list(string)

  validation {
    condition     = length(var.emails) > 0
    error_message = "An alert that nobody is told of is none: name at least one address."
  }
}

variable "more_channels" {
  description = "Further notification channels of the gate's project, such as a pager: projects/…/notificationChannels/…"
  type        = list(string)
  default     = []
}

variable "runbooks_url" {
  description = "Where docs/runbooks is read, such as https://github.com/mdo/prodgate/blob/main/docs/runbooks."
  type        = string
}

variable "fresh_within_s" {
  description = "Seconds within which a release should pass each step; one of the bounds of the metric age."
  type        = number
  default     = 60
}

variable "fresh_goal" {
  description = "The share of events that should."
  type        = number
  default     = 0.95

  validation {
    condition     = var.fresh_goal > 0 && var.fresh_goal <= 0.999
    error_message = "The API takes goals of at most 0.999."
  }
}

variable "available_goal" {
  description = "The share of probes that should come through."
  type        = number
  default     = 0.99

  validation {
    condition     = var.available_goal > 0 && var.available_goal <= 0.999
    error_message = "The API takes goals of at most 0.999."
  }
}

variable "metrics_wait_s" {
  description = "For how many seconds to wait between making a metric and promising something of it."
  type        = number
}

variable "rejected_per_hour" {
  description = "How many rejected events within an hour are usual."
  type        = number
  default     = 5
}

variable "refused_per_hour" {
  description = "How many refused webhooks within an hour are usual."
  type        = number
  default     = 20
}

variable "probe" {
  description = "The probe's metrics (started and through), and after how many seconds without one somebody is woken; null where there is no probe."
  type = object({
    started        = string
    through        = string
    silent_after_s = number
  })
  default = null
}
