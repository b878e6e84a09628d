# The functions: what each is configured with, may publish, and may read. What it may do beyond that is in rights.tf.

locals {
  all_surroundings = { PRODGATE_PROJECT = var.project }

  registry_settings = merge(
    { PRODGATE_REGISTRIES = jsonencode(var.registries) },
    length(var.registry_logins) == 0 ? {} : {
      PRODGATE_REGISTRY_CREDENTIALS = jsonencode({
        for host, username in var.registry_logins :
        host => { username = username, password_secret = module.secret["registry-${host}"].latest }
      })
    },
    length(var.registry_token_origins) == 0 ? {} : {
      PRODGATE_REGISTRY_TOKEN_ORIGINS = jsonencode(var.registry_token_origins)
    },
    length(var.registry_redirects) == 0 ? {} : { PRODGATE_REGISTRY_REDIRECTS = jsonencode(var.registry_redirects) },
  )

  prod_settings = {
    PRODGATE_REPOSITORY  = var.environment.repository
    PRODGATE_PROD_BRANCH = var.environment.prod_branch
  }

  repository_settings = merge(
    local.prod_settings,
    {
      PRODGATE_DEV_BRANCH       = var.environment.dev_branch
      PRODGATE_MANIFEST_FOLDERS = jsonencode(var.environment.folders)
    },
    # Empty means no, everywhere: a list without items is refused, so it is not set.
    length(var.environment.exempt_kinds) == 0 ? {} : { PRODGATE_EXEMPT_KINDS = jsonencode(var.environment.exempt_kinds) },
    length(var.environment.exempt_paths) == 0 ? {} : { PRODGATE_EXEMPT_PATHS = jsonencode(var.environment.exempt_paths) },
    length(var.environment.image_paths) == 0 ? {} : { PRODGATE_IMAGE_PATHS = jsonencode(var.environment.image_paths) },
  )

  github_settings = {
    for name, github in var.github : name => merge(
      { PRODGATE_GITHUB_LOGIN = github.login },
      github.app == null ? { PRODGATE_GITHUB_TOKEN_SECRET = module.secret["github-${name}"].latest } : {},
      github.app == null ? {} : {
        PRODGATE_GITHUB_APP = jsonencode({
          client_id    = github.app.client_id
          installation = github.app.installation
          key_secret   = module.secret["github-${name}"].latest
          tokens       = github.app.tokens
        })
      },
    )
  }

  policy_settings = merge({
    PRODGATE_PROD_PROJECT        = var.prod_project
    PRODGATE_PROD_LOCATION       = var.prod_location
    PRODGATE_ATTESTATION_PROJECT = var.prod_project
  }, var.prod_cluster == null ? {} : { PRODGATE_PROD_CLUSTER = var.prod_cluster })

  # The run that each suite must have had. The probe's is of a workflow that does nothing (docs/probe.md).
  github_runs = merge(
    { for name, suite in var.suites : name => suite.github if suite.github != null },
    { for name in keys(module.probe_signing) : name => { workflow = ".github/workflows/probe.yml", event = "push", branch = "probe" } },
  )
  runs = merge(
    { for name, run in local.github_runs : name => { github = merge(run, { branch = coalesce(run.branch, var.environment.dev_branch) }) } },
    { for name, suite in var.suites : name => { cloud_build = suite.cloud_build } if suite.cloud_build != null },
  )

  # What a suite tolerates in its images, and how releases are dressed: what was left out is left out.
  gates     = { for name, suite in var.suites : name => suite.vulnerabilities if suite.vulnerabilities != null }
  dressing  = { for name, value in try(coalesce(var.releases.pull_request), {}) : name => value if value != null }
  their_app = try(var.github.open_prod_pr.app.id, null)

  webhook_variables = {
    docker-hub   = "PRODGATE_DOCKER_HUB_SECRET"
    github       = "PRODGATE_GITHUB_WEBHOOK_SECRET"
    distribution = "PRODGATE_DISTRIBUTION_SECRET"
  }

  registry_secrets = [for host in keys(var.registry_logins) : "registry-${host}"]

  # Memory: the most that one held after a thousand events, 147 MB (README, Figures), with room for its concurrency.
  # One instance where one process must see all events: pin_manifests gathers them into one commit, open_prod_pr keeps
  # releases in order, confirm_prod looks for its comment before it writes one.
  every_function = {
    resolve_image = {
      environment = local.registry_settings
      publishes   = ["image-resolved", "rejected"]
      reads       = local.registry_secrets
      memory      = "512Mi"
      concurrency = 40
      instances   = { min = var.min_instances, max = 10 }
      public      = false
    }
    pin_manifests = {
      environment = merge(local.registry_settings, local.repository_settings, local.github_settings.pin_manifests)
      publishes   = ["rejected"]
      reads       = concat(["github-pin_manifests"], local.registry_secrets)
      memory      = "512Mi"
      concurrency = 80
      instances   = { min = min(var.min_instances, 1), max = 1 }
      public      = false
    }
    attest_images = {
      environment = merge(local.registry_settings, local.repository_settings, local.github_settings.attest_images, local.policy_settings, {
        PRODGATE_EVIDENCE             = var.evidence
        PRODGATE_PAYLOAD              = var.attestations.payload
        PRODGATE_CHILDREN             = var.attestations.children
        PRODGATE_REPLACE_ATTESTATIONS = var.attestations.replace
        PRODGATE_SUITES = jsonencode({
          for suite, signing in local.signing : suite => { attestor = signing.attestor, key_version = signing.key_version }
        })
        },
        var.evidence == "required" ? { PRODGATE_RUNS = jsonencode(local.runs) } : {},
        length(local.gates) == 0 ? {} : { PRODGATE_VULNERABILITIES = jsonencode(local.gates) },
        length(var.build_triggers) == 0 ? {} : {
          PRODGATE_BUILD_TRIGGERS = jsonencode({
            for trigger, suite in var.build_triggers : trigger => { suite = suite, repository = var.environment.repository }
          })
        },
      )
      publishes   = ["attestation-complete", "rejected"]
      reads       = concat(["github-attest_images"], local.registry_secrets)
      memory      = "512Mi"
      concurrency = 10
      instances   = { min = var.min_instances, max = 5 }
      public      = false
    }
    open_prod_pr = {
      environment = merge(local.repository_settings, local.github_settings.open_prod_pr, local.policy_settings, {
        PRODGATE_REQUIRED_SUITES = jsonencode({ for suite, signing in module.signing : suite => { attestor = signing.attestor } })
        PRODGATE_ATTESTER_LOGIN  = var.github.attest_images.login
        PRODGATE_STRATEGY        = var.releases.strategy
        PRODGATE_PROTECTION      = var.releases.protection
        },
        var.releases.show_vulnerabilities ? { PRODGATE_SHOW_VULNERABILITIES = "true" } : {},
        local.their_app == null ? {} : { PRODGATE_GITHUB_APP_ID = tostring(local.their_app) },
        length(local.dressing) == 0 ? {} : { PRODGATE_PULL_REQUEST = jsonencode(local.dressing) },
      )
      publishes   = ["rejected"]
      reads       = ["github-open_prod_pr"]
      memory      = "512Mi"
      concurrency = 10
      instances   = { min = min(var.min_instances, 1), max = 1 }
      public      = false
    }
    confirm_prod = {
      environment = merge(local.prod_settings, local.github_settings.confirm_prod, {
        PRODGATE_ATTESTER_LOGIN = var.github.attest_images.login
      })
      publishes   = ["rejected"]
      reads       = ["github-confirm_prod"]
      memory      = "512Mi"
      concurrency = 10
      instances   = { min = min(var.min_instances, 1), max = 1 }
      public      = false
    }
    receive_push = {
      environment = { for webhook in var.webhooks : local.webhook_variables[webhook] => module.secret["webhook-${webhook}"].latest }
      publishes   = ["gcr"]
      reads       = [for webhook in var.webhooks : "webhook-${webhook}"]
      memory      = "512Mi"
      concurrency = 40
      instances   = { min = var.min_instances, max = 3 }
      public      = true
    }
  }

  functions = { for name, function in local.every_function : name => function if name != "receive_push" || length(var.webhooks) > 0 }
}

module "secret" {
  source     = "./modules/secret"
  depends_on = [module.services]
  for_each = toset(concat(
    [for name in keys(var.github) : "github-${name}"],
    [for host in keys(var.registry_logins) : "registry-${host}"],
    [for webhook in var.webhooks : "webhook-${webhook}"],
  ))

  project = var.project
  name    = replace(each.key, "/[^A-Za-z0-9-]/", "-")
}

module "function" {
  source     = "./modules/function"
  depends_on = [module.services]
  for_each   = local.functions

  project               = var.project
  region                = var.region
  name                  = each.key
  source_archive        = "${path.module}/${var.staged}/${each.key}.zip"
  source_bucket         = module.artifacts.bucket
  build_service_account = module.artifacts.builder
  image_repository      = module.artifacts.repository
  environment           = merge(local.all_surroundings, each.value.environment, lookup(var.settings, each.key, {}))
  memory                = each.value.memory
  concurrency           = each.value.concurrency
  instances             = each.value.instances
  public                = each.value.public
  publishes             = { for topic in each.value.publishes : topic => module.topics.ids[topic] }
  reads                 = { for secret in each.value.reads : secret => module.secret[secret].id }
  pubsub_agent          = local.pubsub_agent
  deployer              = module.deployer.member
}
