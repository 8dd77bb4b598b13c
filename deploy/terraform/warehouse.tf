# Every dataset that the warehouse writes; a test holds these lists against the code.
locals {
  own    = ["tipoff", "tipoff_staging", "tipoff_history"]
  phases = ["raw", "analytics", "features", "models", "predictions", "published", "grades"]
}

resource "google_bigquery_dataset" "all" {
  for_each = toset(concat(local.own, [for pair in setproduct(var.leagues, local.phases) : join("_", pair)]))

  dataset_id                 = each.value
  location                   = var.location
  delete_contents_on_destroy = false

  # what a write leaves behind when it dies in between vanishes by itself
  default_table_expiration_ms = each.value == "tipoff_staging" ? 86400000 : null
}

resource "google_bigquery_dataset_iam_member" "controller" {
  for_each = google_bigquery_dataset.all

  dataset_id = each.value.dataset_id
  role       = "roles/bigquery.dataEditor"
  member     = google_service_account.controller.member
}

resource "google_storage_bucket" "home" {
  name                        = "${var.project}-tipoff-home"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  versioning {
    enabled = true
  }
}

resource "google_storage_bucket_iam_member" "controller" {
  bucket = google_storage_bucket.home.name
  role   = "roles/storage.objectUser"
  member = google_service_account.controller.member
}
