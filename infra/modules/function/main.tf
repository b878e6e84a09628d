# One function: its source, its identity, its service, and the identity that may wake it.

resource "google_service_account" "runtime" {
  project      = var.project
  account_id   = "prodgate-${local.name}"
  display_name = "prodgate: ${var.name}"
}

# The name holds the content's hash, so a function is deployed again only when its source has changed.
resource "google_storage_bucket_object" "source" {
  bucket = var.source_bucket
  name   = "${local.name}/${filesha256(var.source_archive)}.zip"
  source = var.source_archive

  # The object that a running function was built from goes last.
  lifecycle {
    create_before_destroy = true
  }
}

resource "google_cloudfunctions2_function" "this" {
  project     = var.project
  location    = var.region
  name        = local.name
  description = "prodgate: ${var.name}"

  build_config {
    runtime           = "python312"
    entry_point       = var.name
    service_account   = var.build_service_account
    docker_repository = var.image_repository

    source {
      storage_source {
        bucket = google_storage_bucket_object.source.bucket
        object = google_storage_bucket_object.source.name
      }
    }
  }

  # There is no event_trigger: Eventarc's own subscription keeps messages for 24 hours and takes no dead letters here.
  service_config {
    service_account_email            = google_service_account.runtime.email
    environment_variables            = var.environment
    available_memory                 = var.memory
    available_cpu                    = "1" # more than one request at a time needs a whole CPU
    max_instance_request_concurrency = var.concurrency
    min_instance_count               = var.instances.min
    max_instance_count               = var.instances.max
    timeout_seconds                  = 60
    all_traffic_on_latest_revision   = true
    # Pub/Sub counts as internal where it is in the same project and pushes to the run.app address
    # (https://cloud.google.com/run/docs/securing/ingress).
    ingress_settings = var.public ? "ALLOW_ALL" : "ALLOW_INTERNAL_ONLY"
  }

  depends_on = [google_service_account_iam_member.deployer]
}

# Whoever deploys a function, or a subscription with a token, must be allowed to act as the account that it names.
resource "google_service_account_iam_member" "deployer" {
  for_each = merge(
    { runtime = google_service_account.runtime.name },
    { for waker in google_service_account.waker : "waker" => waker.name },
  )

  service_account_id = each.value
  role               = "roles/iam.serviceAccountUser"
  member             = var.deployer
}

resource "google_service_account" "waker" {
  count = var.public ? 0 : 1

  project      = var.project
  account_id   = "prodgate-wake-${local.name}"
  display_name = "prodgate: Pub/Sub wakes ${var.name} as this account"
}

resource "google_cloud_run_v2_service_iam_member" "waker" {
  count = var.public ? 0 : 1

  project  = var.project
  location = var.region
  name     = google_cloudfunctions2_function.this.name
  role     = "roles/run.invoker"
  member   = google_service_account.waker[0].member
}

# Old projects' Pub/Sub agents may not make tokens by themselves
# (https://cloud.google.com/pubsub/docs/authenticate-push-subscriptions).
resource "google_service_account_iam_member" "pubsub" {
  count = var.public ? 0 : 1

  service_account_id = google_service_account.waker[0].name
  role               = "roles/iam.serviceAccountOpenIdTokenCreator"
  member             = var.pubsub_agent
}

# Registries cannot sign in to Google. What the function believes is proven by a secret or an HMAC (docs/adr/0010).
resource "google_cloud_run_v2_service_iam_member" "public" {
  #checkov:skip=CKV_GCP_102:receive_push is the one public function, on purpose.
  count = var.public ? 1 : 0

  project  = var.project
  location = var.region
  name     = google_cloudfunctions2_function.this.name
  role     = "roles/run.invoker"
  member   = "allUsers"
}

resource "google_pubsub_topic_iam_member" "publisher" {
  for_each = var.publishes

  project = var.project
  topic   = each.value
  role    = "roles/pubsub.publisher"
  member  = google_service_account.runtime.member
}

resource "google_secret_manager_secret_iam_member" "accessor" {
  for_each = var.reads

  project   = var.project
  secret_id = each.value
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.runtime.member
}
