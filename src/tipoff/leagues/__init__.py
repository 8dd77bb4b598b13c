"""The content: what each sport brings. Knows no machine."""
