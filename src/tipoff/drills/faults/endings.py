"""Functions of steps that end badly: they hang, end their process, or leave it as a script does."""

import os
import sys
import threading
from collections.abc import Callable, Mapping


def hang() -> None:
    """Never come back."""
    threading.Event().wait()


def end_the_process() -> None:
    """End the process without a word."""
    os._exit(3)


def leave() -> None:
    """Leave, as a script does."""
    sys.exit("nothing to do")


ENDINGS: Mapping[str, Callable[[], None]] = {"hangs": hang, "exits": end_the_process, "leaves": leave}
