"""All files together: which are read, on how many cores, and what no single file can show."""
