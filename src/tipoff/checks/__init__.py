"""Examining a slate: a league's checks measured on what stands, and the checks of the work itself."""
