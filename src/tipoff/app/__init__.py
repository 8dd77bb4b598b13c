"""The one floor that constructs: wiring, loops, processes."""
