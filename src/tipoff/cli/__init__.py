"""The command line: parse, call, print a view."""
