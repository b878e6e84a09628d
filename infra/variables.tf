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
    success before anything is signed (docs/operations.md, PRODGATE_RUNS). `vulnerabilities` is what is tolerated in the
    suite's images; without it they are not asked about (docs/operations.md, Vulnerabilities).
  EOT
  type = map(object({
    attestor         = optional(string)
    trusted_versions = optional(set(number), [1])
    signing_version  = optional(number, 1)
    github           = optional(object({ workflow = string, event = optional(string, "push"), branch = optional(string) }))
    cloud_build      = optional(object({ project = string, location = string, trigger = string }))
    vulnerabilities = optional(object({
      mode      = string
      fixable   = optional(string, "low")
      unfixable = optional(string, "high")
      unscanned = optional(string, "refuse")
      allow     = optional(list(object({ cve = string, until = string, owner = string })), [])
      block     = optional(list(string), [])
    }))
  }))

  validation {
    condition     = length(var.suites) > 0
    error_message = "Without a suite nothing is tested, and prod would admit no image."
  }

  validation {
    condition     = alltrue([for name in keys(var.suites) : can(regex("^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", name)) && !contains(["production", "release"], name)])
    error_message = "A suite is named in lower-case letters, digits and hyphens; `release` and `production` are statuses of prodgate's own."
  }

  validation {
    condition = alltrue([
      for rules in [for suite in var.suites : suite.vulnerabilities if suite.vulnerabilities != null] :
      contains(["off", "warn", "enforce"], rules.mode) && contains(["allow", "refuse"], rules.unscanned) && alltrue([
        for tolerated in [rules.fixable, rules.unfixable] : contains(["none", "minimal", "low", "medium", "high", "critical"], tolerated)
      ])
    ])
    error_message = "mode is off, warn or enforce; fixable and unfixable are none, minimal, low, medium, high or critical; unscanned is allow or refuse."
  }

  validation {
    condition = alltrue(flatten([
      for rules in [for suite in var.suites : suite.vulnerabilities if suite.vulnerabilities != null] : concat(
        [for exception in rules.allow : can(regex("^[A-Z]{2,16}-[A-Za-z0-9-]{1,64}$", exception.cve)) && can(formatdate("YYYY", "${exception.until}T00:00:00Z")) && exception.owner != ""],
        [for id in rules.block : can(regex("^[A-Z]{2,16}-[A-Za-z0-9-]{1,64}$", id))],
      )
    ]))
    error_message = "An exception has a CVE-… (or another database's id), a day until which it counts, 2026-12-31, and an owner; what is blocked is such an id."
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

variable "key_location" {
  description = <<-EOT
    Where the keys are, by default in `region`. In a multi-region such as `us` or `europe`, or in `global`, they outlive a
    region that is lost, and with them every attestation. It cannot be changed later: keys do not move.
  EOT
  type        = string
  default     = null

  validation {
    condition     = can(regex("^[a-z]+(-[a-z0-9]+)*$", coalesce(var.key_location, "global")))
    error_message = "It is a location of Cloud KMS, as `gcloud kms locations list` names them."
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
    exempt_paths = optional(list(string), [])
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
    or a machine's token. The App's private key, or the token, is added to the secret `github-FUNCTION`. The `id` of
    open_prod_pr's App is the one to which prod's rules must pin the check `prodgate/release`; without it any App will do.
    `tokens` says whether an App mints a token `per-event`, or one that is `kept` for an hour, in memory.
  EOT
  type = map(object({
    login = string
    app = optional(object({
      client_id = string, installation = number, id = optional(number), tokens = optional(string, "per-event")
    }))
  }))

  validation {
    condition     = alltrue([for github in var.github : github.app == null || contains(["kept", "per-event"], try(github.app.tokens, "per-event"))])
    error_message = "An App's tokens are per-event, or kept."
  }

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

  validation {
    condition     = length(setsubtract(keys(var.registry_logins), [for prefix in var.registries : split("/", prefix)[0]])) == 0
    error_message = "A login is for the host of one of the registries that are followed."
  }
}

variable "registry_token_origins" {
  description = "Registry host → origins, besides its own, that give its tokens: docker_auth's, or a self-hosted GitLab's."
  type        = map(list(string))
  default     = {}

  validation {
    condition     = length(setsubtract(keys(var.registry_token_origins), [for prefix in var.registries : split("/", prefix)[0]])) == 0
    error_message = "A row is for the host of one of the registries that are followed."
  }
}

variable "registry_redirects" {
  description = "Registry host → `HOST/PATH` prefixes that it may redirect manifests to; registry.k8s.io and lscr.io need no row."
  type        = map(list(string))
  default     = {}

  validation {
    condition     = length(setsubtract(keys(var.registry_redirects), [for prefix in var.registries : split("/", prefix)[0]])) == 0
    error_message = "A row is for the host of one of the registries that are followed."
  }
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

variable "attestations" {
  description = <<-EOT
    How attest_images attests: the form of what is signed (`json` or `pae`), whether of an index the images that can run
    are attested too (`named` or `runnable`), and what becomes of an attestation in the way that proves nothing (`never`
    or `delete-and-create`). docs/operations.md, Configuration.
  EOT
  type = object({
    payload  = optional(string, "json")
    children = optional(string, "named")
    replace  = optional(string, "never")
  })
  default = {}

  validation {
    condition     = contains(["json", "pae"], var.attestations.payload)
    error_message = "payload is json or pae."
  }

  validation {
    condition     = contains(["named", "runnable"], var.attestations.children)
    error_message = "children is named or runnable."
  }

  validation {
    condition     = contains(["never", "delete-and-create"], var.attestations.replace)
    error_message = "replace is never or delete-and-create."
  }
}

variable "releases" {
  description = <<-EOT
    How open_prod_pr proposes a release: what is merged (`snapshot` or `branch`), what to do where prod's branch rules
    leave a way around the gate (`warn` or `enforce`), and how the pull request is dressed (docs/operations.md, Release
    pull requests).
  EOT
  type = object({
    strategy   = optional(string, "snapshot")
    protection = optional(string, "warn")
    # Whether what Artifact Analysis found is shown; open_prod_pr then gets the right to read it.
    show_vulnerabilities = optional(bool, false)
    pull_request = optional(object({
      labels         = optional(list(string))
      reviewers      = optional(list(string))
      team_reviewers = optional(list(string))
      assignees      = optional(list(string))
      draft          = optional(bool)
      title          = optional(string)
      body           = optional(string)
      runbook        = optional(string)
    }))
  })
  default = {}

  validation {
    condition     = contains(["snapshot", "branch"], var.releases.strategy)
    error_message = "strategy is snapshot or branch."
  }

  validation {
    condition     = contains(["warn", "enforce"], var.releases.protection)
    error_message = "protection is warn or enforce."
  }

  validation {
    condition = try(var.releases.pull_request.body, null) == null || alltrue([
      for must in ["$summary", "$promise"] : strcontains(coalesce(try(var.releases.pull_request.body, null), "-"), must)
    ])
    error_message = "A body has $summary and $promise: without them a reviewer would not see what merging does."
  }

  validation {
    condition     = try(var.releases.pull_request.runbook, null) == null || startswith(coalesce(try(var.releases.pull_request.runbook, null), "-"), "https://")
    error_message = "A runbook is an https address."
  }
}

locals {
  everywhere  = ["PRODGATE_DEADLINE_S", "PRODGATE_LOG_LEVEL", "PRODGATE_SETTLING_S"]
  with_github = ["PRODGATE_GITHUB_API_URL", "PRODGATE_GITHUB_WEB_URL"]
  # What has no variable of its own here: function → environment variables.
  known_settings = {
    resolve_image = local.everywhere
    pin_manifests = concat(local.everywhere, local.with_github)
    attest_images = concat(local.everywhere, local.with_github, ["PRODGATE_ATTESTORS_KEPT_S"])
    open_prod_pr  = concat(local.everywhere, local.with_github, ["PRODGATE_ATTESTORS_KEPT_S"])
    confirm_prod  = concat(local.everywhere, local.with_github)
    receive_push  = local.everywhere
  }
}

variable "settings" {
  description = "Environment variables that have no variable here, by function: `{ attest_images = { PRODGATE_DEADLINE_S = \"40\" } }`."
  type        = map(map(string))
  default     = {}

  validation {
    condition     = length(setsubtract(keys(var.settings), keys(local.known_settings))) == 0
    error_message = "There is no such function: it is ${join(", ", keys(local.known_settings))}."
  }

  validation {
    condition = alltrue([
      for function, settings in var.settings : length(setsubtract(keys(settings), lookup(local.known_settings, function, keys(settings)))) == 0
    ])
    error_message = "A function would not read one of them, or it has a variable of its own here. Known are: ${jsonencode(local.known_settings)}."
  }

  validation {
    # 10 s more are for publishing what is rejected; a function has 60 s, and a delivery 90 s.
    condition = alltrue([
      for settings in var.settings : try(tonumber(lookup(settings, "PRODGATE_DEADLINE_S", "45")), -1) > 0 && try(tonumber(lookup(settings, "PRODGATE_DEADLINE_S", "45")), 60) + 10 < 60
    ])
    error_message = "PRODGATE_DEADLINE_S is below 50: with the 10 s to publish a rejected event it ends before the function's timeout of 60 s does."
  }
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
    Workflows of GitHub Actions that may say how tests ended, by any name: the number of the environments repository, the
    reusable workflow that tests (docs/examples/README.md), and the topic that it may publish to, `test-passed` for a suite
    or `prod-tests-finished` for prod's tests. Only runs on pushes to `branch` count, by default dev's or prod's. Each
    becomes an identity of its own. Leave them out where CI is elsewhere, and name testers.
  EOT
  type = map(object({
    repository_id    = string
    job_workflow_ref = string
    topic            = optional(string, "test-passed")
    branch           = optional(string)
  }))
  default = {}

  validation {
    condition     = alltrue([for name in keys(var.github_tests) : can(regex("^[a-z][a-z0-9-]{0,11}[a-z0-9]$", name))])
    error_message = "A name has 2 to 13 lower-case letters, digits and hyphens, for it becomes part of an account's."
  }

  validation {
    condition     = alltrue([for tests in var.github_tests : contains(["test-passed", "prod-tests-finished"], tests.topic)])
    error_message = "A workflow says that a suite passed (test-passed), or how prod's tests ended (prod-tests-finished)."
  }
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
