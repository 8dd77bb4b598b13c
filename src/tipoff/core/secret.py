"""What must not be shown: a text, and a file that holds a provider's key."""

from pathlib import Path


class Secret:
    """A text that is shown nowhere."""

    def __init__(self, text: str = "") -> None:
        self._text = text

    def __str__(self) -> str:
        """Return that there is one, or the empty text where there is none."""
        return "**********" if self._text else ""

    def __repr__(self) -> str:
        return f"Secret({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other.reveal()

    def __hash__(self) -> int:
        return hash(self._text)

    def reveal(self) -> str:
        """Return the text itself."""
        return self._text


class KeyFile:
    """A file that holds a provider's key: it may come later, and is read again at each use."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._held = ""

    def key(self) -> str:
        """Return the key as it is now; empty where there is none.

        While a file that held one is there and holds none that can be read, it is being replaced: the last one serves.
        """
        try:
            found = self.path.read_text().strip()
        except FileNotFoundError:
            found = self._held = ""  # it has not come yet, or is gone: the request says which key it needs
        except (OSError, UnicodeDecodeError):
            found = ""
        self._held = found or self._held
        return self._held
