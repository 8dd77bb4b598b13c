"""The rules: what is wrong, and why it matters."""
