resource "google_service_account" "controller" {
  account_id   = "tipoff-controller"
  display_name = "Tipoff: controller, monitor and web"
}

resource "google_service_account" "sentinel" {
  account_id   = "tipoff-sentinel"
  display_name = "Tipoff: the sentinel, which only reads the ledger"
}

resource "google_service_account" "scheduler" {
  account_id   = "tipoff-scheduler"
  display_name = "Tipoff: starts the sentinel"
}

# Rights on single datasets, buckets and secrets stand beside them; these are the project's.
resource "google_project_iam_member" "controller" {
  for_each = toset([
    "roles/bigquery.jobUser",
    "roles/bigquery.resourceViewer", # whose job holds a table: a conflict's likely cause is read off the jobs
    "roles/cloudsql.client",
  ])

  project = var.project
  role    = each.value
  member  = google_service_account.controller.member
}

resource "google_project_iam_member" "sentinel" {
  project = var.project
  role    = "roles/cloudsql.client"
  member  = google_service_account.sentinel.member
}
