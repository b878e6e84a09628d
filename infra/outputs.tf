output "attestors" {
  description = "Suite → the attestor that vouches for it."
  value       = { for suite, signing in module.signing : suite => signing.attestor }
}

output "secrets" {
  description = "The secrets that wait for a value: `gcloud secrets versions add NAME --data-file=-`."
  value       = sort([for secret in module.secret : secret.id])
}

output "webhook_url" {
  description = "Where registries post to; null where none does."
  value       = try(module.function["receive_push"].uri, null)
}

output "deployer" {
  description = "The account that applies this configuration from Cloud Build."
  value       = module.deployer.email
}

output "github_tests" {
  description = "What each workflow that tests is given: its identity provider and its service account."
  value       = { for name, tests in module.github_tests : name => { provider = tests.provider, service_account = tests.service_account } }
}

output "probe_trace" {
  description = "The trace that all probes share: `trace=\"projects/…/traces/…\"` in the log."
  value       = one([for probe in module.probe : probe.trace])
}
