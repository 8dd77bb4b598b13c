"""`tipoff`, and `python -m tipoff`: while the command is being imported, Ctrl-C ends it without a word."""

import signal


def main() -> None:
    """Run the command; from then on it says itself that it was stopped."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:  # a shell lets what runs in the background ignore it
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from tipoff.cli import main as command  # noqa: PLC0415 -- what takes the time in which somebody thinks better of it

    signal.signal(signal.SIGINT, before)
    command.main()


if __name__ == "__main__":
    main()
