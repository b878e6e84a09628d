# prodgate, from an empty project to a running gate. README.md beside this file says how the parts fit.

# They depend on no module: one more API would make the numbers unknown until the apply, and every right that names one be
# given anew. The API that answers is enabled by infra/bootstrap.sh.
data "google_project" "gate" {
  project_id = var.project
}

data "google_project" "prod" {
  project_id = var.prod_project
}

data "google_project" "dev" {
  count = var.dev_project == null ? 0 : 1

  project_id = var.dev_project
}

locals {
  # The project of attestors and notes, once their APIs are enabled there. A value, and no depends_on of the modules that
  # use it: that would leave the attestors' keys unknown whenever an API is added.
  attestation_project = var.prod_project == var.project ? module.services.project : module.prod_services.project

  # Google's own identities. infra/bootstrap.sh makes them, since the provider cannot.
  pubsub_agent = "serviceAccount:service-${data.google_project.gate.number}@gcp-sa-pubsub.iam.gserviceaccount.com"
  admission_agents = {
    for which, project in merge({ prod = data.google_project.prod }, var.dev_project == null ? {} : { dev = data.google_project.dev[0] }) :
    which => "serviceAccount:service-${project.number}@gcp-sa-binaryauthorization.iam.gserviceaccount.com"
  }
}

module "services" {
  source = "./modules/services"

  project = var.project
  services = [
    "artifactregistry",
    "binaryauthorization",
    "cloudbuild",
    "cloudfunctions",
    "cloudkms",
    "cloudresourcemanager",
    "cloudscheduler",
    "containeranalysis",
    "iam",
    "iamcredentials",
    "logging",
    "monitoring",
    "pubsub",
    "run",
    "secretmanager",
    "serviceusage",
    "storage",
    "sts",
  ]
}

module "prod_services" {
  source = "./modules/services"

  project = var.prod_project
  services = var.prod_project == var.project ? [] : [
    "binaryauthorization",
    "cloudresourcemanager",
    "containeranalysis",
    "logging",
    "monitoring",
  ]
}

module "dev_services" {
  source = "./modules/services"
  count  = var.dev_project == null ? 0 : 1

  project = var.dev_project
  services = var.dev_project == var.project ? [] : [
    "binaryauthorization",
    "cloudresourcemanager",
    "logging",
    "monitoring",
  ]
}

module "artifacts" {
  source = "./modules/artifacts"

  project        = var.project
  project_number = data.google_project.gate.number
  region         = var.region
  deployer       = module.deployer.member
}

module "deployer" {
  source     = "./modules/deployer"
  depends_on = [module.services, module.prod_services, module.dev_services]

  project      = var.project
  prod_project = var.prod_project
  dev_project  = var.dev_project
  state_bucket = var.state_bucket
  grants       = { for project, roles in local.grants : project => distinct(roles) }
  repositories = { for prefix, at in local.own_repositories : prefix => at if at.project != var.project }
  topics       = local.foreign_topics
}
