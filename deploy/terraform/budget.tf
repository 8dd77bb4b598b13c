data "google_project" "this" {
  project_id = var.project
}

resource "google_billing_budget" "month" {
  billing_account = var.billing_account
  display_name    = "tipoff"

  budget_filter {
    projects = ["projects/${data.google_project.this.number}"]
  }

  amount {
    specified_amount {
      units = tostring(var.budget)
    }
  }

  dynamic "threshold_rules" {
    for_each = [0.5, 0.8, 1.0]

    content {
      threshold_percent = threshold_rules.value
    }
  }
}
