"""The warehouse on BigQuery. Nothing outside this package imports Google's client, and nothing here is imported unasked."""
