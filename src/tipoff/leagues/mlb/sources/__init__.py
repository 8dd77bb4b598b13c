"""MLB's providers: what is asked of each, and how its answers are read."""
