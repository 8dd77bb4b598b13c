"""Who is who: one person known by every spelling, one game by every provider's name for it. Pure; no league is named."""
