"""MLB's transforms: pure functions of declared tables."""
