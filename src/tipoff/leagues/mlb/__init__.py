"""MLB: pitcher strikeouts."""
