# One controller at a time: the ledger's lease would hold a second one off, and it would cost for nothing.
resource "google_cloud_run_v2_service" "controller" {
  name     = "tipoff-controller"
  location = var.region
  ingress  = "INGRESS_TRAFFIC_INTERNAL_ONLY"

  template {
    service_account       = google_service_account.controller.email
    execution_environment = "EXECUTION_ENVIRONMENT_GEN2"

    scaling {
      min_instance_count = 1
      max_instance_count = 1
    }

    containers {
      image = var.image
      args  = concat(["up"], var.leagues)

      resources {
        cpu_idle = false # it works between requests

        limits = {
          cpu    = "2"
          memory = "2Gi"
        }
      }

      ports {
        container_port = 8080
      }

      env {
        name  = "TIPOFF_HOME"
        value = "/data"
      }

      env {
        name  = "TIPOFF_WAREHOUSE"
        value = "bigquery"
      }

      env {
        name  = "TIPOFF_BIGQUERY_PROJECT"
        value = var.project
      }

      env {
        name  = "TIPOFF_BIGQUERY_LOCATION"
        value = var.location
      }

      env {
        name  = "TIPOFF_WEB_HOST"
        value = "0.0.0.0"
      }

      env {
        name  = "TIPOFF_WEB_PORT"
        value = "8080"
      }

      dynamic "env" {
        for_each = {
          TIPOFF_LEDGER_URL      = "ledger-url"
          TIPOFF_SENTINEL_URL    = "sentinel-url"
          TIPOFF_NOTIFY_URL      = "notify-url"
          TIPOFF_ODDS_API_KEY    = "odds-api-key"
          TIPOFF_BALLDONTLIE_KEY = "balldontlie"
          TIPOFF_WEB_TOKEN       = "web-token"
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
        name       = "home"
        mount_path = "/data"
      }

      volume_mounts {
        name       = "cloudsql"
        mount_path = "/cloudsql"
      }

      startup_probe {
        initial_delay_seconds = 5
        period_seconds        = 10
        failure_threshold     = 12

        http_get {
          path = "/health"
        }
      }

      liveness_probe {
        period_seconds    = 30
        failure_threshold = 3

        http_get {
          path = "/health"
        }
      }
    }

    volumes {
      name = "home"

      gcs {
        bucket    = google_storage_bucket.home.name
        read_only = false
      }
    }

    volumes {
      name = "cloudsql"

      cloud_sql_instance {
        instances = [google_sql_database_instance.ledger.connection_name]
      }
    }
  }

  depends_on = [google_secret_manager_secret_iam_member.readers]
}
