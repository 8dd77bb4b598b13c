"""Faults: what goes wrong in a world, its stores, its work and its controller, told in files."""
