# Who is told of what. docs/runbooks/ says what each alert means and what to do.

module "operations" {
  source     = "./modules/operations"
  depends_on = [module.services, module.prod_services, module.dev_services]

  project      = var.project
  prod_project = var.prod_project
  dev_project  = var.dev_project
  # Written out, since alerts must be known before the accounts and subscriptions that they name are made.
  attester                 = "prodgate-attest-images@${var.project}.iam.gserviceaccount.com"
  subscriptions            = keys(local.subscriptions)
  dead_letter_subscription = "dead-letter-pull"
  emails                   = var.alerts.emails
  more_channels            = var.alerts.more_channels
  runbooks_url             = var.alerts.runbooks_url
  metrics_wait_s           = var.metrics_wait_s
  probe                    = one([for probe in module.probe : merge(probe.metrics, { silent_after_s = 1200 })])
}
