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
