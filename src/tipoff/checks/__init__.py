"""The kinds of checks that hold for any league, and examining a slate with them."""
