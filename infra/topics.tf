# Topics, who may publish to them from outside, and which function each of them wakes.

locals {
  events  = ["image-resolved", "test-passed", "attestation-complete", "release-check", "prod-tests-finished"]
  kept    = ["rejected", "dead-letter"]
  adopted = ["gcr", "cloud-builds"]

  # Topic → the function that it wakes.
  wakes = {
    gcr                  = "resolve_image"
    image-resolved       = "pin_manifests"
    test-passed          = "attest_images"
    cloud-builds         = "attest_images"
    attestation-complete = "open_prod_pr"
    release-check        = "open_prod_pr"
    prod-tests-finished  = "confirm_prod"
  }

  # Artifact Registry and Cloud Build publish in the project that the repository or the build is in, and there only.
  foreign_topics = merge(
    {
      for project in distinct([for repository in local.own_repositories : repository.project]) :
      "gcr ${project}" => { project = project, topic = "gcr" } if project != var.project
    },
    length(var.build_triggers) == 0 ? {} : {
      for project in local.build_projects :
      "cloud-builds ${project}" => { project = project, topic = "cloud-builds" } if project != var.project
    },
  )
  # Subscription → its topic, and the function that it wakes. Without triggers no build is a test result, and
  # attest_images would reject each.
  subscriptions = merge(
    {
      for topic, function in local.wakes : "${topic}-push" => { topic = module.topics.ids[topic], function = function }
      if topic != "cloud-builds" || length(var.build_triggers) > 0
    },
    {
      for which, at in local.foreign_topics :
      "${at.topic}-${replace(at.project, ":", "-")}-push" => { topic = module.deployer.topics[which], function = local.wakes[at.topic] }
    },
  )

  # Operators cannot say that tests passed: only CI can, and attest_images asks for more than its word.
  publishers = {
    test-passed          = var.testers
    prod-tests-finished  = var.prod_testers
    gcr                  = var.operators
    image-resolved       = var.operators
    attestation-complete = var.operators
    release-check        = var.operators
  }
  outside = merge([
    for topic, members in local.publishers : { for member in members : "${topic} ${member}" => { topic = topic, member = member } }
  ]...)
}

module "topics" {
  source     = "./modules/topics"
  depends_on = [module.services]

  project = var.project
  topics  = concat(local.events, local.kept)
  adopted = local.adopted
  kept    = local.kept
  readers = var.operators
}

# Most projects have them already, and creating what exists fails. Once they are in the state this does nothing.
import {
  for_each = toset(var.adopt_topics ? local.adopted : [])

  to = module.topics.google_pubsub_topic.adopted[each.key]
  id = "projects/${var.project}/topics/${each.key}"
}

resource "google_pubsub_topic_iam_member" "outside" {
  for_each = local.outside

  project = var.project
  topic   = module.topics.ids[each.value.topic]
  role    = "roles/pubsub.publisher"
  member  = each.value.member
}

# Pub/Sub forwards dead letters as itself.
resource "google_pubsub_topic_iam_member" "dead_letter" {
  project = var.project
  topic   = module.topics.ids["dead-letter"]
  role    = "roles/pubsub.publisher"
  member  = local.pubsub_agent
}

module "subscription" {
  source   = "./modules/subscription"
  for_each = local.subscriptions

  project           = var.project
  topic             = each.value.topic
  name              = each.key
  endpoint          = module.function[each.value.function].uri
  waker             = module.function[each.value.function].waker
  dead_letter_topic = module.topics.ids["dead-letter"]
  delivery_attempts = var.delivery_attempts
  pubsub_agent      = local.pubsub_agent
}

module "release_check" {
  source     = "./modules/schedule"
  depends_on = [module.services]

  project  = var.project
  region   = var.region
  name     = "prodgate-release-check"
  schedule = var.release_check_schedule
  topic    = module.topics.ids["release-check"]
  data     = jsonencode({ repository = var.environment.repository })
}
