"""`python -m tipoff_audit`."""

from tipoff_audit.cli import main

main()
