"""What can go wrong with an audit that is asked for, as opposed to what it finds."""


class UsageError(Exception):
    """A command, setting or folder is wrong; `hint` says what to do next."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint
