"""Fixes that change a few characters of one line: SQL, shell, CI files; everything around them stays as it is."""

import re
from collections.abc import Callable, Mapping

_FRAME = re.compile(r"(\bROWS\s+BETWEEN\s+)(\d+|UNBOUNDED)(\s+PRECEDING\s+AND\s+)CURRENT\s+ROW\b", re.IGNORECASE)
_OR_TRUE = re.compile(r"\s*\|\|\s*(?:true|:)(?=\s*(?:#.*)?$)")
_GOES_ON = re.compile(r"(^\s*-?\s*continue-on-error:\s*)true(?=\s*(?:#.*)?$)", re.IGNORECASE)


def before_the_row(line: str) -> str | None:
    """End the frame before the current row, and begin it as much earlier, so that it still holds as many rows."""
    found = _FRAME.findall(line)
    if len(found) != 1:
        return None

    def earlier(match: re.Match[str]) -> str:
        rows = match[2] if match[2].upper() == "UNBOUNDED" else str(int(match[2]) + 1)
        preceding = "PRECEDING" if match[3].isupper() else "preceding"
        return f"{match[1]}{rows}{match[3]}1 {preceding}"

    return _FRAME.sub(earlier, line)


def strictly_before(line: str) -> str | None:
    """Leave out the cut-off's own day."""
    return line.replace("<=", "<") if line.count("<=") == 1 else None


def failing(line: str) -> str | None:
    """Let a command's failure be one."""
    for pattern, instead in ((_OR_TRUE, ""), (_GOES_ON, r"\1false")):
        if len(pattern.findall(line)) == 1:
            return pattern.sub(instead, line)
    return None


LINE_FIXES: Mapping[str, Callable[[str], str | None]] = {
    "window-includes-current": before_the_row,
    "inclusive-cutoff": strictly_before,
    "swallowed-exit": failing,
}
