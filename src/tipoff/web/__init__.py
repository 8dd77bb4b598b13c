"""The web: whether this home is alive and ready, for machines that ask."""
