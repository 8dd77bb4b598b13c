"""Drills: faults that really happened, made to happen again, under an oracle; and whatever else rehearses."""
