"""The command, which says of some outputs already how many are to be made; run as a program that is forked."""

import sys

from tipoff.app import catching_up
from tipoff.cli.main import main as command


def main() -> None:
    """Run the command: how many it otherwise waits for is reached or not, as quickly as the machine makes them."""
    vars(catching_up)["LEAST"] = 5
    sys.argv[0] = "tipoff"
    command()
