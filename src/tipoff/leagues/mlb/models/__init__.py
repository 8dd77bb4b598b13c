"""How a starter's strikeouts are predicted: pure functions of history, the line-ups and nothing later."""
