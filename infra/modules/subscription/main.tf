# One push subscription: a topic wakes a function, patiently, and what cannot be worked off is kept.

variable "project" {
  description = "The project of topic and function."
  type        = string
}

variable "topic" {
  description = "The topic's name."
  type        = string
}

variable "name" {
  description = "The subscription's name."
  type        = string
}

variable "endpoint" {
  description = "The function's run.app address."
  type        = string
}

variable "waker" {
  description = "The email of the account that may wake the function."
  type        = string
}

variable "dead_letter_topic" {
  description = "`projects/…/topics/…` that takes what retries did not save."
  type        = string
}

variable "delivery_attempts" {
  description = "How often a message is delivered before it is a dead letter."
  type        = number
}

variable "pubsub_agent" {
  description = "The IAM member that is Pub/Sub itself in this project."
  type        = string
}

resource "google_pubsub_subscription" "this" {
  project = var.project
  name    = var.name
  topic   = var.topic

  # For a push this is the request's timeout too: it is above the function's 60 s, which is above its deadline of 45 s.
  ack_deadline_seconds       = 90
  message_retention_duration = "604800s" # 7 days; the topic keeps it for longer

  push_config {
    push_endpoint = var.endpoint

    oidc_token {
      service_account_email = var.waker
      audience              = var.endpoint
    }
  }

  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }

  dead_letter_policy {
    dead_letter_topic     = var.dead_letter_topic
    max_delivery_attempts = var.delivery_attempts
  }

  # Without it a subscription that nothing came through for 31 days is removed, and the gate is shut without a word.
  expiration_policy {
    ttl = ""
  }
}

# To forward a dead letter, Pub/Sub acknowledges it here as itself.
resource "google_pubsub_subscription_iam_member" "pubsub" {
  project      = var.project
  subscription = google_pubsub_subscription.this.name
  role         = "roles/pubsub.subscriber"
  member       = var.pubsub_agent
}

output "name" {
  description = "The subscription's name."
  value       = google_pubsub_subscription.this.name
}
