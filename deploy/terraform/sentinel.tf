# The same image, started every few minutes by somebody else: it looks once, tells, and ends.
resource "google_cloud_run_v2_job" "sentinel" {
  name     = "tipoff-sentinel"
  location = var.region

  template {
    template {
      service_account = google_service_account.sentinel.email
      max_retries     = 0
      timeout         = "240s"

      containers {
        image = var.image
        args  = concat(["sentinel", "--once"], var.leagues)

        env {
          name  = "TIPOFF_HOME"
          value = "/tmp/home"
        }

        dynamic "env" {
          for_each = {
            TIPOFF_LEDGER_URL   = "ledger-reader"
            TIPOFF_SENTINEL_URL = "sentinel-url"
            TIPOFF_NOTIFY_URL   = "notify-url"
          }

          content {
            name = env.key

            value_source {
              secret_key_ref {
                secret  = google_secret_manager_secret.all[env.value].secret_id
                version = "latest"
              }
            }
          }
        }

        volume_mounts {
          name       = "cloudsql"
          mount_path = "/cloudsql"
        }
      }

      volumes {
        name = "cloudsql"

        cloud_sql_instance {
          instances = [google_sql_database_instance.ledger.connection_name]
        }
      }
    }
  }

  depends_on = [google_secret_manager_secret_iam_member.readers]
}

resource "google_cloud_run_v2_job_iam_member" "scheduler" {
  name     = google_cloud_run_v2_job.sentinel.name
  location = var.region
  role     = "roles/run.invoker"
  member   = google_service_account.scheduler.member
}

resource "google_cloud_scheduler_job" "sentinel" {
  name             = "tipoff-sentinel"
  region           = var.region
  schedule         = var.sentinel_schedule
  time_zone        = "Etc/UTC"
  attempt_deadline = "60s"

  http_target {
    http_method = "POST"
    uri         = "https://run.googleapis.com/v2/${google_cloud_run_v2_job.sentinel.id}:run"

    oauth_token {
      service_account_email = google_service_account.scheduler.email
    }
  }
}
