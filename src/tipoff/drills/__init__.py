"""Drills: faults that really happened, made to happen again, under an oracle that knows what should have come of it."""
