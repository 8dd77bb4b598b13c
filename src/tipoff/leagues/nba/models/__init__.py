"""What the systems of this league rest on: features, distributions, the network, and what a system declares."""
