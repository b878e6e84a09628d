# Who applies this configuration. These are the widest rights in prodgate, so applying asks for a person's approval.
# Its own rights are made by a person too, at the first apply: it may look at them and change none.

variable "project" {
  description = "The project that is deployed to."
  type        = string
}

variable "prod_project" {
  description = "The project whose policy and attestors are deployed too."
  type        = string
}

variable "dev_project" {
  description = "The project whose policy only watches, if there is one."
  type        = string
}

variable "state_bucket" {
  description = "The bucket of the Terraform state."
  type        = string
}

variable "grants" {
  description = "Project → the roles that it may give there, and no others, so that it cannot make itself mightier."
  type        = map(set(string))
}

variable "repositories" {
  description = "Repositories of other projects that it lets the functions read: which → where."
  type        = map(object({ project = string, location = string, repository = string }))
}

variable "topics" {
  description = "Topics of other projects that it subscribes to: which → where."
  type        = map(object({ project = string, topic = string }))
}

locals {
  # None of these can be given on less than a project: what they make does not exist yet.
  roles = {
    (var.project) = [
      "roles/artifactregistry.admin",
      "roles/cloudfunctions.developer",
      "roles/cloudkms.admin",
      "roles/cloudkms.publicKeyViewer",
      "roles/cloudscheduler.admin",
      "roles/iam.roleViewer",
      "roles/iam.serviceAccountAdmin",
      "roles/iam.workloadIdentityPoolAdmin",
      "roles/logging.configWriter",
      "roles/logging.logWriter", # of its own builds
      "roles/logging.viewer",    # where the probe's way is looked for
      "roles/monitoring.editor",
      "roles/pubsub.admin",
      "roles/run.admin",
      "roles/serviceusage.serviceUsageAdmin",
      "roles/storage.admin",
    ]
  }
  prod_roles = {
    (var.prod_project) = [
      "roles/binaryauthorization.attestorsAdmin",
      "roles/binaryauthorization.policyEditor",
      "roles/containeranalysis.admin",
      "roles/monitoring.alertPolicyEditor",
      "roles/monitoring.notificationChannelEditor",
    ]
  }
  dev_roles = var.dev_project == null ? {} : {
    (var.dev_project) = [
      "roles/binaryauthorization.policyEditor",
      "roles/monitoring.alertPolicyEditor",
      "roles/monitoring.notificationChannelEditor",
    ]
  }
  held = {
    for right in distinct(flatten([
      for roles in [local.roles, local.prod_roles, local.dev_roles] : [
        for project, names in roles : [for name in names : { project = project, role = name }]
      ]
    ])) : "${right.project} ${right.role}" => right
  }

  # Every other project that this configuration touches. A plan looks at each right there, its own among them.
  looks = [
    "iam.roles.get",
    "resourcemanager.projects.get",
    "resourcemanager.projects.getIamPolicy",
  ]
  # Where a policy is: APIs, and alerts on logs. `logging.configWriter` could keep what they watch out of the log.
  watches = [
    "logging.notificationRules.create",
    "logging.notificationRules.delete",
    "logging.notificationRules.get",
    "logging.notificationRules.list",
    "logging.notificationRules.update",
    "serviceusage.services.enable",
    "serviceusage.services.get",
    "serviceusage.services.list",
  ]
  watched = setsubtract(compact([var.prod_project, var.dev_project]), [var.project])
  others = setsubtract(
    concat(
      keys(var.grants),
      tolist(local.watched),
      [for repository in var.repositories : repository.project],
      [for topic in var.topics : topic.project],
    ),
    [var.project],
  )
}

resource "google_service_account" "deployer" {
  project      = var.project
  account_id   = "prodgate-deployer"
  display_name = "prodgate: applies infra/"
}

# Google's own role for making secrets reads their values too.
resource "google_project_iam_custom_role" "secrets" {
  project     = var.project
  role_id     = "prodgateSecretsWithoutValues"
  title       = "prodgate: secrets without their values"
  description = "Make secrets and say who reads them, but read none"
  permissions = [
    "secretmanager.secrets.create",
    "secretmanager.secrets.delete",
    "secretmanager.secrets.get",
    "secretmanager.secrets.getIamPolicy",
    "secretmanager.secrets.list",
    "secretmanager.secrets.setIamPolicy",
    "secretmanager.secrets.update",
  ]
}

resource "google_project_iam_member" "secrets" {
  project = var.project
  role    = google_project_iam_custom_role.secrets.name
  member  = google_service_account.deployer.member
}

resource "google_project_iam_member" "deployer" {
  #checkov:skip=CKV_GCP_49:Each function gets an identity, and somebody has to make those; every plan is approved by a person.
  for_each = local.held

  project = each.value.project
  role    = each.value.role
  member  = google_service_account.deployer.member
}

resource "google_project_iam_custom_role" "elsewhere" {
  for_each = local.others

  project     = each.key
  role_id     = "prodgateDeployer"
  title       = "prodgate: its rights here"
  description = "Look at who may do what; in a project with a policy also make alerts on logs, and enable APIs"
  permissions = concat(local.looks, contains(local.watched, each.key) ? local.watches : [])
}

resource "google_project_iam_member" "elsewhere" {
  for_each = google_project_iam_custom_role.elsewhere

  project = each.key
  role    = each.value.name
  member  = google_service_account.deployer.member
}

# Who reads another project's images, said on their repository alone.
resource "google_project_iam_custom_role" "repositories" {
  for_each = toset([for repository in var.repositories : repository.project])

  project     = each.key
  role_id     = "prodgateRepositoryReaders"
  title       = "prodgate: who reads a repository"
  description = "Say who may read a repository of images"
  permissions = [
    "artifactregistry.repositories.get",
    "artifactregistry.repositories.getIamPolicy",
    "artifactregistry.repositories.setIamPolicy",
  ]
}

resource "google_artifact_registry_repository_iam_member" "repositories" {
  for_each = var.repositories

  project    = each.value.project
  location   = each.value.location
  repository = each.value.repository
  role       = google_project_iam_custom_role.repositories[each.value.project].name
  member     = google_service_account.deployer.member
}

# Another project's topic is listened to from here; who may do so is said on the topic alone.
resource "google_project_iam_custom_role" "topics" {
  for_each = toset([for topic in var.topics : topic.project])

  project     = each.key
  role_id     = "prodgateTopicListener"
  title       = "prodgate: listens to a topic"
  description = "Subscribe to a topic that Google's services publish to"
  permissions = [
    "pubsub.topics.attachSubscription",
    "pubsub.topics.get",
    "pubsub.topics.getIamPolicy",
  ]
}

resource "google_pubsub_topic_iam_member" "topics" {
  for_each = var.topics

  project = each.value.project
  topic   = "projects/${each.value.project}/topics/${each.value.topic}"
  role    = google_project_iam_custom_role.topics[each.value.project].name
  member  = google_service_account.deployer.member
}

# Its own roles are not among the grants: a person changes those.
resource "google_project_iam_member" "grantor" {
  for_each = var.grants

  project = each.key
  role    = "roles/resourcemanager.projectIamAdmin"
  member  = google_service_account.deployer.member

  condition {
    title      = "grants of prodgate"
    expression = "api.getAttribute('iam.googleapis.com/modifiedGrantsByRole', []).hasOnly(${jsonencode(sort(each.value))})"
  }
}

resource "google_storage_bucket_iam_member" "state" {
  bucket = var.state_bucket
  role   = "roles/storage.objectUser"
  member = google_service_account.deployer.member
}

output "topics" {
  description = "The topics of other projects, once it may subscribe to them: which → `projects/…/topics/…`."
  value       = { for which, topic in google_pubsub_topic_iam_member.topics : which => topic.topic }
}

output "member" {
  description = "The deployer, as an IAM member. Whom it puts to work as somebody gives it that right."
  value       = google_service_account.deployer.member
}

output "email" {
  description = "The deployer's email."
  value       = google_service_account.deployer.email
}
