"""The door: text, numbers, instants and identifiers from outside, bounded to what every store can hold.

Past it nothing is met raw: no lone surrogates, no NUL, no control characters, no year 9999, no integer of thirty digits.
"""

import math
import re
import unicodedata
from datetime import UTC, date, datetime, timedelta

LONGEST_TEXT = 400  # characters of a reason
LONGEST_NAME = 160  # characters of a name: the narrowest column that holds one
LONGEST_ID = 64  # characters of an identifier: the narrowest column that holds one
LARGEST_WHOLE = 2**53  # beyond it a JSON number is no longer the one that was written
LARGEST_NUMBER = 1e15
FIRST_YEAR, LAST_YEAR = 1900, 2100
_ID = re.compile(r"[^\s\x00-\x1f\x7f]{1,64}")
_NUMBER = re.compile(r"\s*[+-]?[0-9.]{1,39}(e[+-]?[0-9]{1,3})?\s*", re.IGNORECASE)  # nor 1_000, nor other digits
_DIGITS = 40  # longer text is no number that anybody counts
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})  # control, format, surrogate, private, unassigned
_KEPT = frozenset({"\u200d", "\u200c"})  # joiners that some scripts write names with


class Unfit(ValueError):
    """A value from outside that no store could hold, or that is not what its field says; the text names both."""


def clean(text: str, *, longest: int = LONGEST_TEXT) -> str:
    """Return `text` as every store, terminal and page can hold it: composed, one line, nothing unseen, bounded.

    Lone surrogates, NUL and control characters are left out; white space of any kind becomes one space.
    """
    if text.isascii() and text.isprintable() and len(text) <= longest and "  " not in text:
        return text.strip()
    kept = "".join(
        " " if letter.isspace() else letter
        for letter in text[: longest * 4]
        if letter.isspace() or letter in _KEPT or unicodedata.category(letter) not in _UNSEEN
    )
    return " ".join(unicodedata.normalize("NFC", kept).split())[:longest].strip()


def shown(value: object, *, longest: int = LONGEST_TEXT) -> str:
    """Return an excerpt of any value that may be stored and shown."""
    if isinstance(value, str):
        return clean(value, longest=longest)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > LARGEST_WHOLE:
        return f"a whole number of {value.bit_length()} bits"  # Python refuses to write the longest out
    try:
        return clean(repr(value), longest=longest)
    except (ValueError, RecursionError):
        return f"a {type(value).__name__} that cannot be written out"


def _unfit(value: object, name: str, what: str) -> Unfit:
    said = shown(value, longest=60)
    return Unfit(f"{name} is {repr(said) if isinstance(value, str) else said}, {what}")


def text(value: object, name: str, *, longest: int = LONGEST_NAME) -> str:
    """Return a text that is there; raises `Unfit` where it is no text, or nothing of it is left."""
    if not isinstance(value, str):
        raise _unfit(value, name, "no text")
    found = clean(value, longest=longest)
    if not found:
        msg = f"{name} is empty"
        raise Unfit(msg)
    return found


def identifier(value: object, name: str, *, longest: int = LONGEST_ID) -> str:
    """Return an identifier: text or a whole number, without white space or control characters, at most `longest` long.

    It is refused rather than mended: two identifiers must not become one.

    Raises:
        Unfit: It is none.
    """
    if isinstance(value, str) and value.isascii() and len(value) <= longest and _ID.fullmatch(value):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST_WHOLE:
        value = str(value)
    if isinstance(value, float) and value.is_integer() and abs(value) <= LARGEST_WHOLE:
        value = str(int(value))
    if isinstance(value, str):
        value = value.strip()
    ok = isinstance(value, str) and len(value) <= longest and _ID.fullmatch(value) and clean(value) == value
    if not ok or not isinstance(value, str):
        raise _unfit(value, name, "no identifier")
    return value


def number(value: object, name: str) -> float | None:
    """Return a finite number within what is believed of any, None where nothing was said; raises `Unfit` for any other."""
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise _unfit(value, name, "no number")
    try:
        found = float(value) if not isinstance(value, str) or _NUMBER.fullmatch(value) else math.nan
    except (ValueError, OverflowError) as error:
        raise _unfit(value, name, "no number") from error
    if not math.isfinite(found) or abs(found) > LARGEST_NUMBER:
        raise _unfit(value, name, "no number that can be believed")
    return found


def whole(value: object, name: str) -> int | None:
    """Return a whole number that a count may be, None where nothing was said; raises `Unfit` for any other."""
    if type(value) is int and -LARGEST_NUMBER <= value <= LARGEST_NUMBER:
        return value
    found = number(value, name)
    if found is None:
        return None
    if found != int(found) or (isinstance(value, str) and "e" in value.lower()):
        raise _unfit(value, name, "no whole number")
    return int(found)


def instant(value: object, name: str, *, near: datetime | None = None, within: timedelta | None = None) -> datetime:
    """Return an aware instant in UTC, of a year that every store can hold; with `near`, no further than `within` from it.

    Raises:
        Unfit: It is none, names no zone, or lies further away.
    """
    try:
        at = datetime.fromisoformat(value.strip()) if isinstance(value, str) and len(value) <= _DIGITS else None
    except ValueError as error:
        raise _unfit(value, name, "no instant") from error
    if at is None or at.tzinfo is None:
        raise _unfit(value, name, "no instant with a zone")
    if not FIRST_YEAR < at.year < LAST_YEAR:
        raise _unfit(value, name, "of a year that cannot be")
    at = at.astimezone(UTC)
    if near is not None and within is not None and abs(at - near) > within:
        msg = f"{name} is {at:%Y-%m-%d %H:%M}, more than {within.days} days from {near:%Y-%m-%d}"
        raise Unfit(msg)
    return at


def start_on(value: object, *days: date) -> datetime:
    """Return a game's start, on one of its league's days or a date beside it in UTC; raises `Unfit` where it lies elsewhere."""
    at = instant(value, "the start")
    if all(abs((at.date() - day).days) > 1 for day in days):
        msg = f"the start {at:%Y-%m-%d %H:%M} UTC does not lie on {days[0]}"
        raise Unfit(msg)
    return at


def calendar_date(value: object, name: str) -> date:
    """Return the calendar date at the beginning of a text written year first; raises `Unfit` where there is none."""
    try:
        found = date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError as error:
        raise _unfit(value, name, "no date") from error
    if found is None or not FIRST_YEAR < found.year < LAST_YEAR:
        raise _unfit(value, name, "no date")
    return found
