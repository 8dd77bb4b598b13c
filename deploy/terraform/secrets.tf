# Only the secrets' names: their versions are added by hand, so that none stands in this text or its state.
locals {
  secrets = {
    ledger-url    = [google_service_account.controller.member]
    ledger-reader = [google_service_account.sentinel.member]
    sentinel-url  = [google_service_account.controller.member, google_service_account.sentinel.member]
    notify-url    = [google_service_account.controller.member, google_service_account.sentinel.member]
    odds-api-key  = [google_service_account.controller.member]
    balldontlie   = [google_service_account.controller.member]
    web-token     = [google_service_account.controller.member]
  }

  readers = merge([
    for name, members in local.secrets : {
      for number, member in members : "${name}-${number}" => { name = name, member = member }
    }
  ]...)
}

resource "google_secret_manager_secret" "all" {
  for_each = local.secrets

  secret_id = "tipoff-${each.key}"

  replication {
    auto {}
  }
}

resource "google_secret_manager_secret_iam_member" "readers" {
  for_each = local.readers

  secret_id = google_secret_manager_secret.all[each.value.name].id
  role      = "roles/secretmanager.secretAccessor"
  member    = each.value.member
}
