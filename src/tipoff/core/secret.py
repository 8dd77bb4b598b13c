"""What must not be shown: a text, and a file that holds a provider's key."""

from pathlib import Path

_MOST = 64 * 1024  # bytes of a secret's file: a device has no end


def secret_text(path: Path) -> str:
    """Return what a secret's file holds, without the white space around it.

    Raises:
        OSError: It cannot be read.
        ValueError: It holds no text, or more than a secret is; what it holds is not shown.
    """
    with path.open("rb") as file:
        found = file.read(_MOST + 1)
    if len(found) > _MOST:
        msg = f"it holds more than {_MOST:,} bytes"
        raise ValueError(msg)
    try:
        return found.decode().strip()
    except UnicodeDecodeError:
        msg = "it is not UTF-8"
        raise ValueError(msg) from None  # the error itself holds the secret


def shown_path(path: str) -> str:
    """Return the path of a secret's file as it may be shown: what is no path may be the secret itself, in a file's place."""
    if "://" in path:
        return "no file but an address"  # with its password
    if path.startswith(("/", "~", ".")) or ("/" in path and Path(path).parent.is_dir()):
        return path
    return "a text without a folder, which is not shown: is it the secret itself?"


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
            found = secret_text(self.path)
        except FileNotFoundError:
            found = self._held = ""  # it has not come yet, or is gone: the request says which key it needs
        except (OSError, ValueError):
            found = ""
        self._held = found or self._held
        return self._held
