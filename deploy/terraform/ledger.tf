resource "google_sql_database_instance" "ledger" {
  name                = "tipoff-ledger"
  database_version    = "POSTGRES_17"
  region              = var.region
  deletion_protection = true

  settings {
    tier              = var.ledger_tier
    edition           = "ENTERPRISE"
    availability_type = "ZONAL"

    backup_configuration {
      enabled                        = true
      point_in_time_recovery_enabled = true
    }

    ip_configuration {
      ipv4_enabled = true # reached through the connector alone: no network is let in
    }
  }
}

# The sentinel's own store is a database of its own; its user's rights end there, but for reading the ledger.
resource "google_sql_database" "all" {
  for_each = toset(["tipoff", "sentinel"])

  name     = each.value
  instance = google_sql_database_instance.ledger.name
}

# Users and passwords are made by hand (see the how-to): a password in this state would be a password in a file.
