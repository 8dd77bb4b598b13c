"""Worlds, replay on a simulated clock, and dying on purpose."""
