"""The machine: expected minus proven, and what to do about the difference. Knows no sport."""
