"""What more than one league predicts and measures with: counts, trees, decisions, metrics, the sections of a report."""
