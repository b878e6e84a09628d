# CI on GitHub Actions, without a key file. docs/examples/ has its workflows.

locals {
  tested_branches = {
    test-passed         = var.environment.dev_branch
    prod-tests-finished = var.environment.prod_branch
  }
}

module "github_tests" {
  source     = "./modules/federation"
  depends_on = [module.services]
  for_each   = var.github_tests

  project          = var.project
  name             = each.key
  topic            = module.topics.ids[each.value.topic]
  repository_id    = each.value.repository_id
  ref              = "refs/heads/${coalesce(each.value.branch, local.tested_branches[each.value.topic])}"
  job_workflow_ref = each.value.job_workflow_ref
}
