"""The NBA: points of players."""
