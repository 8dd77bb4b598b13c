"""`python -m tipoff` is the `tipoff` command."""

from tipoff.cli.main import main

main()
