# Every topic, with all its messages kept for a month, so that any of them can be delivered again.

variable "project" {
  description = "The project of the topics."
  type        = string
}

variable "topics" {
  description = "The topics that prodgate makes."
  type        = set(string)
}

variable "adopted" {
  description = "Topics that Google's own services publish to. They are imported, and left alone when prodgate is removed."
  type        = set(string)
}

variable "kept" {
  description = "Those of the topics that no function listens on; a pull subscription keeps what lands there."
  type        = set(string)
}

variable "readers" {
  description = "IAM members that may read what is kept."
  type        = set(string)
}

locals {
  # 31 days, the longest that Pub/Sub keeps anything (https://cloud.google.com/pubsub/quotas#resource_limits).
  month = "2678400s"
  readers = {
    for pair in setproduct(var.kept, var.readers) : "${pair[0]} ${pair[1]}" => { topic = pair[0], member = pair[1] }
  }
}

resource "google_pubsub_topic" "this" {
  #checkov:skip=CKV_GCP_83:Messages hold names and digests, no secrets; Google's own encryption suffices for them.
  for_each = var.topics

  project                    = var.project
  name                       = each.key
  message_retention_duration = local.month
}

resource "google_pubsub_topic" "adopted" {
  #checkov:skip=CKV_GCP_83:Artifact Registry and Cloud Build publish here as themselves and could not use a key of ours.
  for_each = var.adopted

  project                    = var.project
  name                       = each.key
  message_retention_duration = local.month
  # Others may listen on it too, and its publisher does not make it again.
  deletion_policy = "ABANDON"
}

# A topic without a subscription drops what is published to it.
resource "google_pubsub_subscription" "kept" {
  for_each = var.kept

  project                    = var.project
  name                       = "${each.key}-pull"
  topic                      = google_pubsub_topic.this[each.key].id
  ack_deadline_seconds       = 60
  message_retention_duration = local.month

  # Without it Pub/Sub removes a subscription that nobody pulled from for 31 days, and with it what it kept.
  expiration_policy {
    ttl = ""
  }
}

resource "google_pubsub_subscription_iam_member" "reader" {
  for_each = local.readers

  project      = var.project
  subscription = google_pubsub_subscription.kept[each.value.topic].name
  role         = "roles/pubsub.subscriber"
  member       = each.value.member
}

output "ids" {
  description = "Topic → `projects/…/topics/…`."
  value       = { for name, topic in merge(google_pubsub_topic.this, google_pubsub_topic.adopted) : name => topic.id }
}

output "pull_subscriptions" {
  description = "Kept topic → the name of its pull subscription."
  value       = { for name, subscription in google_pubsub_subscription.kept : name => subscription.name }
}
