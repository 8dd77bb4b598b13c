output "ledger" {
  description = "The instance's connection name, for the addresses in the secrets."
  value       = google_sql_database_instance.ledger.connection_name
}

output "controller" {
  description = "Where /health and /ready answer, from inside the project."
  value       = google_cloud_run_v2_service.controller.uri
}
