# What to set. Everything without a default is asked for by `terraform plan`; prodgate.tfvars.example has them all.

variable "project" {
  description = "The project that prodgate runs in: topics, functions, keys and secrets."
  type        = string
}

variable "region" {
  description = "The region that prodgate runs in."
  type        = string
}

variable "prod_project" {
  description = "The project whose clusters are prod: its policy decides. It holds attestors, notes and attestations."
  type        = string
}

variable "prod_location" {
  description = "The region of prod's clusters."
  type        = string
}

variable "prod_cluster" {
  description = "`LOCATION.NAME` of prod's cluster, where its policy has rules by cluster."
  type        = string
  default     = null
}

variable "dev_project" {
  description = "A project whose clusters are dev: the same policy, which there only writes to the audit log."
  type        = string
  default     = null

  validation {
    condition     = var.dev_project != var.prod_project
    error_message = "A project has one policy, so dev in prod's project is a cluster: name it in dry_run_clusters."
  }
}

variable "dry_run_clusters" {
  description = "`LOCATION.NAME` of clusters in prod_project that are dev: for them the policy only writes to the audit log."
  type        = set(string)
  default     = []
}

variable "allowlist" {
  description = "Image name patterns that prod admits without an attestation: what the platform itself needs."
  type        = set(string)
  default = [
    "quay.io/argoproj/argocd:*",
    "ghcr.io/dexidp/dex:*",
    "docker.io/library/redis:*",
    "public.ecr.aws/docker/library/redis:*", # where newer versions of Argo CD take it from
    "oci.external-secrets.io/external-secrets/**",
    "docker.io/istio/install-cni:*",
    "docker.io/istio/pilot:*", # istiod
    "docker.io/istio/proxyv2:*",
    "docker.io/istio/ztunnel:*",
  ]

  validation {
    condition     = alltrue([for pattern in var.allowlist : can(regex("^[a-z0-9.:-]+/[^*]+", pattern))])
    error_message = "A pattern names a registry and at least the beginning of a path before its star."
  }
}

variable "suites" {
  description = <<-EOT
    The suites that a release must pass. `attestor` is the attestor's name, by default the suite's with `-attestor`.
    Signatures of all `trusted_versions` of the suite's key count, and `signing_version` signs; rotation is to add a
    version, sign with it, and later remove the old one. `github` or `cloud_build` is the run that must have ended in
    success before anything is signed (docs/operations.md, PRODGATE_RUNS).
  EOT
  type = map(object({
    attestor         = optional(string)
    trusted_versions = optional(set(number), [1])
    signing_version  = optional(number, 1)
    github           = optional(object({ workflow = string, event = optional(string, "push"), branch = optional(string) }))
    cloud_build      = optional(object({ project = string, location = string, trigger = string }))
  }))

  validation {
    condition     = length(var.suites) > 0
    error_message = "Without a suite nothing is tested, and prod would admit no image."
  }

  validation {
    condition     = alltrue([for suite in var.suites : contains(suite.trusted_versions, suite.signing_version)])
    error_message = "The version that signs must be among those that are trusted, or nothing it signs would count."
  }

  validation {
    condition     = var.evidence != "required" || alltrue([for suite in var.suites : (suite.github == null) != (suite.cloud_build == null)])
    error_message = "Each suite runs in GitHub Actions or in Cloud Build: say in which, and which run it is."
  }
}

variable "evidence" {
  description = "`required`: the run that CI names is looked at. `trust-publisher`: whoever may publish is believed; a warning says so each time."
  type        = string
  default     = "required"

  validation {
    condition     = contains(["required", "trust-publisher"], var.evidence)
    error_message = "It is required or trust-publisher."
  }
}

variable "protection_level" {
  description = "Where the keys are: `SOFTWARE` or `HSM`. It cannot be changed later."
  type        = string
  default     = "SOFTWARE"

  validation {
    condition     = contains(["SOFTWARE", "HSM"], var.protection_level)
    error_message = "It is SOFTWARE or HSM."
  }
}

variable "environment" {
  description = <<-EOT
    The environments repository, `owner/name`, and what prodgate must know of it (docs/operations.md, Configuration).
  EOT
  type = object({
    repository   = string
    dev_branch   = optional(string, "dev")
    prod_branch  = optional(string, "prod")
    folders      = list(string)
    exempt_kinds = optional(list(string), [])
    image_paths  = optional(list(string), [])
  })

  validation {
    condition     = length(var.environment.folders) > 0
    error_message = "Name every folder that is deployed; without one there is nothing to release."
  }
}

variable "github" {
  description = <<-EOT
    As whom each function uses GitHub: its login, `prodgate-attest[bot]`, and its App. Without an App it is a person's
    or a machine's token. The App's private key, or the token, is added to the secret `github-FUNCTION`.
  EOT
  type = map(object({
    login = string
    app   = optional(object({ client_id = string, installation = number }))
  }))

  validation {
    condition     = toset(keys(var.github)) == toset(["pin_manifests", "attest_images", "open_prod_pr", "confirm_prod"])
    error_message = "Each of pin_manifests, attest_images, open_prod_pr and confirm_prod needs a login; no other function does."
  }

  validation {
    condition     = length(distinct([for github in var.github : github.login])) == length(var.github)
    error_message = "One login for two functions would give each the other's rights."
  }
}

variable "registries" {
  description = "`HOST/PATH` prefixes of the registries whose images are followed."
  type        = list(string)
}

variable "registry_logins" {
  description = "Registry host → the user name to ask it as; the password is added to the secret `registry-HOST`."
  type        = map(string)
  default     = {}
}

variable "registry_token_origins" {
  description = "Registry host → origins, besides its own, that give its tokens: docker_auth's, or a self-hosted GitLab's."
  type        = map(list(string))
  default     = {}
}

variable "registry_redirects" {
  description = "Registry host → `HOST/PATH` prefixes that it may redirect manifests to; registry.k8s.io and lscr.io need no row."
  type        = map(list(string))
  default     = {}
}

variable "webhooks" {
  description = "Registries that post to receive_push: any of `docker-hub`, `github`, `distribution`. Empty: it is not deployed."
  type        = set(string)
  default     = []

  validation {
    condition     = length(setsubtract(var.webhooks, ["docker-hub", "github", "distribution"])) == 0
    error_message = "receive_push knows docker-hub, github and distribution."
  }
}

variable "build_triggers" {
  description = "Cloud Build triggers that run suites: trigger id → suite; their builds are read from `cloud-builds`."
  type        = map(string)
  default     = {}
}

variable "testers" {
  description = "IAM members that may say that a suite passed: CI, and nobody else."
  type        = set(string)
}

variable "prod_testers" {
  description = "IAM members that may say how prod's tests ended."
  type        = set(string)
  default     = []
}

variable "operators" {
  description = "IAM members, best a group, that may replay events and read what was rejected; they cannot say that tests passed."
  type        = set(string)
  default     = []
}

variable "adopt_topics" {
  description = "Import the topics `gcr` and `cloud-builds`, which Google makes in most projects; false makes them."
  type        = bool
  default     = true
}

variable "release_check_schedule" {
  description = "When open_prod_pr looks again at the newest commits, as cron has it, in UTC."
  type        = string
  default     = "7 * * * *"
}

variable "delivery_attempts" {
  description = "How often an event is tried before it is a dead letter; with backoff, 40 attempts last about six hours."
  type        = number
  default     = 40

  validation {
    condition     = var.delivery_attempts >= 5 && var.delivery_attempts <= 100
    error_message = "Pub/Sub takes 5 to 100."
  }
}

variable "min_instances" {
  description = "Instances of each function that are kept warm; 0 costs nothing and up to a second at the first event."
  type        = number
  default     = 0
}

variable "settings" {
  description = "More environment variables by function, out of docs/operations.md: `{ attest_images = { PRODGATE_PAYLOAD = \"pae\" } }`."
  type        = map(map(string))
  default     = {}
}

variable "state_bucket" {
  description = "The bucket of the Terraform state, which infra/bootstrap.sh made."
  type        = string
}

variable "staged" {
  description = "The folder that `make stage` wrote."
  type        = string
  default     = "../dist"
}

variable "alerts" {
  description = <<-EOT
    Who is told: addresses, further notification channels (`projects/…/notificationChannels/…`, a pager), and where
    docs/runbooks is read, which each alert links.
  EOT
  type = object({
    emails        = list(string)
    more_channels = optional(list(string), [])
    runbooks_url  = string
  })
}

variable "metrics_wait_s" {
  description = "For how many seconds an apply waits for Cloud Monitoring to know a new metric. Too short ends in `Cannot find metric`: apply again."
  type        = number
  default     = 600

  validation {
    condition     = var.metrics_wait_s >= 0 && floor(var.metrics_wait_s) == var.metrics_wait_s
    error_message = "It is a whole number of seconds."
  }
}

variable "github_tests" {
  description = <<-EOT
    The workflow of GitHub Actions that may say that tests passed: the number of the environments repository, and the
    reusable workflow that tests (docs/examples/README.md). Leave it out where CI is elsewhere, and name testers.
  EOT
  type = object({
    repository_id    = string
    job_workflow_ref = string
  })
  default = null
}

variable "probe" {
  description = "The canary by its tag, the probe's commit, and the URL of its run (docs/probe.md); null: no probe."
  type = object({
    image  = string
    commit = string
    run    = string
  })
  default = null

  validation {
    condition     = var.probe == null || !contains(keys(var.suites), "probe")
    error_message = "The probe's suite is never one that a release must pass: name yours differently."
  }
}
