# CI on GitHub Actions, without a key file. docs/examples/ has its workflows.

module "github_tests" {
  source     = "./modules/federation"
  depends_on = [module.services]
  for_each   = var.github_tests == null ? {} : { tests = var.github_tests }

  project          = var.project
  topic            = module.topics.ids["test-passed"]
  repository_id    = each.value.repository_id
  ref              = "refs/heads/${var.environment.dev_branch}"
  job_workflow_ref = each.value.job_workflow_ref
}
