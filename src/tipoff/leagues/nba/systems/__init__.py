"""The NBA's prediction systems, a file each."""
