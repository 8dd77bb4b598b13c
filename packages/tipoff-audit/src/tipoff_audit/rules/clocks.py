"""Clocks without a zone, and calendars that begin at somebody else's midnight."""

import ast
import re

from tipoff_audit.finding import Level
from tipoff_audit.reading.context import File
from tipoff_audit.reading.names import constant, dotted, last_name, words
from tipoff_audit.reading.words import these

_DAY_USES = frozenset(
    {
        "date",
        "strftime",
        "isocalendar",
        "weekday",
        "toordinal",
        "day",
        "month",
        "year",
        "hour",
        "replace",
        "normalize",
        "floor",
    }
)
_DAYS = these("day date today yesterday tomorrow cutoff slate as_of season week partition key")
_CLOCK_METHODS = frozenset({"now", "utcnow", "today", "fromtimestamp", "utcfromtimestamp"})
_FACTORIES = these("default_factory default onupdate factory server_default insert_default")
_CLASSES = re.compile(r"(^|\.)(datetime|date|Timestamp|dt|pd|pandas|DateTime)$")


def naive_now(file: File) -> None:
    """Report `now()`, `utcnow()`, `today()`, `fromtimestamp()` that say no zone."""
    for call in file.index.calls:
        if not isinstance(call.func, ast.Attribute) or call.func.attr not in _CLOCK_METHODS:
            continue
        callee = file.names.callee(call)
        if not _CLASSES.search(callee.origin) or _zoned(call, callee.name, file):
            continue
        is_day = callee.name == "today" or _makes_day(file, call)
        level = Level.WARNING if is_day else Level.NOTE
        what = f"{callee.receiver}.{callee.name}()"
        message = (
            f"`{what}` is of the machine's zone"
            if not callee.name.startswith("utc")
            else f"`{what}` is UTC without saying so"
        )
        why = (
            "the calendar day turns at its midnight, not the league's"
            if is_day
            else "it cannot be compared with an aware instant"
        )
        file.say(
            "naive-now",
            call,
            level,
            f"{message}: {why}; hand the time in, or name the zone",
            guards="read" if is_day else "",
        )


def current_dates(file: File) -> None:
    """Report the query builders' clock, and clocks that are handed on by their name."""
    for call in file.index.calls:
        full = file.names.callee(call).full
        if re.search(r"(^|\.)(func|functions|F)\.(current_date|curdate|today)$", full) and not call.args:
            message = f"`{dotted(call.func)}()` is a day of the server's zone"
            file.say("sql-clock", call, Level.WARNING, f"{message}; hand the day in as a parameter", guards="read")
        for given in call.keywords:
            node = given.value
            if given.arg not in _FACTORIES or not isinstance(node, ast.Attribute) or node.attr not in _CLOCK_METHODS:
                continue
            if _CLASSES.search(file.names.origin(node.value, file.scope(call))):
                message = f"`{dotted(node)}` is called without a zone whenever a row is made"
                file.say("naive-now", node, Level.NOTE, f"{message}; hand the time in, or name the zone")


def _zoned(call: ast.Call, name: str, file: File) -> bool:
    if any(given.arg in {"tz", "tzinfo", None} for given in call.keywords):
        return True
    if name == "now" and call.args:
        return constant(call.args[0]) is not None or not isinstance(call.args[0], ast.Constant)
    if name == "fromtimestamp" and len(call.args) > 1:
        return True
    parent = file.index.up.get(call)
    return isinstance(parent, ast.Attribute) and parent.attr in {"astimezone", "tz_localize"}


def _makes_day(file: File, call: ast.Call) -> bool:
    """Whether the instant becomes a day, an hour of the day, or a cut-off."""
    parent = file.index.up.get(call)
    if isinstance(parent, ast.Attribute):
        return parent.attr in _DAY_USES
    for above in file.index.parents(call):
        if isinstance(above, ast.Assign | ast.AnnAssign):
            target = above.targets[0] if isinstance(above, ast.Assign) else above.target
            return bool(set(words(last_name(target))) & _DAYS)
        if isinstance(above, ast.stmt):
            return False
    return False
