variable "project" {
  description = "The project that everything lies in."
  type        = string
}

variable "region" {
  description = "Where the parts run and the bucket lies."
  type        = string
  default     = "us-central1"
}

variable "location" {
  description = "Where the datasets lie: US, EU or a region."
  type        = string
  default     = "US"
}

variable "leagues" {
  description = "The leagues whose days are worked on, by one controller."
  type        = list(string)
  default     = ["nba"]
}

variable "image" {
  description = "The one image of every part, by digest: REGISTRY/tipoff@sha256:…"
  type        = string

  validation {
    condition     = can(regex("@sha256:[0-9a-f]{64}$", var.image))
    error_message = "Name the image by its digest, so that every part runs the same one."
  }
}

variable "ledger_tier" {
  description = "The machine of the ledger's PostgreSQL."
  type        = string
  default     = "db-g1-small"
}

variable "billing_account" {
  description = "The billing account whose budget is watched."
  type        = string
}

variable "budget" {
  description = "What a month may cost, in the billing account's currency; mails go out at 50, 80 and 100 %."
  type        = number
  default     = 100
}

variable "sentinel_schedule" {
  description = "How often the sentinel looks, as cron writes it."
  type        = string
  default     = "*/5 * * * *"
}
