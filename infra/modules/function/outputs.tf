output "service" {
  description = "The name of its Cloud Run service."
  value       = google_cloudfunctions2_function.this.name
}

output "uri" {
  description = "Its run.app address."
  value       = google_cloudfunctions2_function.this.service_config[0].uri
}

output "member" {
  description = "The function's own identity, as an IAM member."
  value       = google_service_account.runtime.member
}

output "waker" {
  description = "The email of the account that may wake it, once the deployer may name it; null for the public one."
  value       = one(google_service_account.waker[*].email)
  depends_on  = [google_service_account_iam_member.deployer]
}
