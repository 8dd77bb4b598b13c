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
        "to_date_string",
    }
)
_DAYS = these("day date today yesterday tomorrow cutoff slate as_of season week partition key")
_CLOCK_METHODS = frozenset({"now", "utcnow", "today", "fromtimestamp", "utcfromtimestamp"})
_FACTORIES = these("default_factory default onupdate factory server_default insert_default")
_CLASSES = re.compile(r"(^|\.)(datetime|date|Timestamp|dt|pd|pandas|DateTime|pendulum)$")


_OF_A_LEAGUE = re.compile(
    r"slate|(?<![a-z])games?(?![a-z])|league|season|box_?score|(?<![a-z])odds(?![a-z])|tip_off|tipoff_(?:at|time|utc)|(?<![a-z])grad(e|ing)|lineup"
    r"|(?<![a-z])(nba|mlb|nfl|nhl|player|team)s?(?![a-z])",
    re.IGNORECASE,
)
_DAY_FORMATS = re.compile(r"%[Yyjd]|%m")
_UTC = re.compile(r"(^|\.)(utc|UTC)$")


def naive_now(file: File) -> None:
    """Report `now()`, `utcnow()`, `today()`, `fromtimestamp()` that say no zone, and UTC's day where a league's is meant."""
    for call in file.index.calls:
        if not isinstance(call.func, ast.Attribute) or call.func.attr not in _CLOCK_METHODS:
            continue
        callee = file.names.callee(call)
        if not _CLASSES.search(callee.origin):
            continue
        if callee.origin.endswith("pendulum") and not _whole_day(file, call):
            continue  # its instants have a zone
        _days_later(file, call)
        is_day = callee.name == "today" or _makes_day(file, call) or _whole_day(file, call)
        about = f"{file.index.path} {file.scope(call).name.rpartition('.')[2]} {_target(file, call)}"
        of_league = _names_a_zone(file) or _OF_A_LEAGUE.search(about) is not None
        if _zoned(call, callee.name, file):
            if is_day and of_league and _is_utc(call) and _whole_day(file, call):
                message = "UTC's day is not the league's: after 19:00 in New York it is tomorrow"
                file.say(
                    "naive-now",
                    call,
                    Level.NOTE,
                    f"{message}; name the league's zone, or hand the day in",
                    guards="read",
                )
            continue
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
            Level.NOTE,
            f"{message}: {why}; hand the time in, or name the zone",
            guards="read" if is_day else "",
        )


_ZONES = re.compile(r"[\"'](America|Europe|Asia|Australia|Pacific|US)/\w+[\"']")


def _names_a_zone(file: File) -> bool:
    """Whether the file knows of another zone: its days are of that zone."""
    return _ZONES.search(file.index.source.text) is not None


def _is_utc(call: ast.Call) -> bool:
    given = [*call.args, *[one.value for one in call.keywords if one.arg in {"tz", "tzinfo"}]]
    return call.func.attr == "now" and any(_UTC.search(dotted(one)) or constant(one) == "UTC" for one in given)  # type: ignore[attr-defined]


def _whole_day(file: File, call: ast.expr) -> bool:
    """Whether a calendar day comes of it: `.date()`, or a format of year, month and day without the hour."""
    parent = file.index.up.get(call)
    if isinstance(parent, ast.FormattedValue) and parent.format_spec is not None:
        spec = ast.unparse(parent.format_spec)
        return bool(_DAY_FORMATS.search(spec)) and "%H" not in spec
    if not isinstance(parent, ast.Attribute):
        return False
    above = file.index.up.get(parent)
    if parent.attr == "strftime" and isinstance(above, ast.Call) and above.args:
        form = constant(above.args[0])
        return isinstance(form, str) and bool(_DAY_FORMATS.search(form)) and "%H" not in form
    return parent.attr in {"date", "weekday", "isocalendar", "toordinal", "normalize", "to_date_string"}


def _days_later(file: File, call: ast.Call) -> None:
    """Report the day that is made of UTC's instant further down, by the name that it was given."""
    scope, above = file.scope(call), file.index.up.get(call)
    kept = above.targets[0] if isinstance(above, ast.Assign) and scope.kind == "function" else None
    if not isinstance(kept, ast.Name) or not _is_utc(call) or len(scope.bound.get(name := kept.id, ())) != 1:
        return
    for used in file.index.loads(scope, name):
        day = file.index.up.get(used)
        if not isinstance(day, ast.Attribute | ast.FormattedValue) or not _whole_day(file, used):
            continue
        target = _target(file, day)
        takers = [last_name(other.func) for other in scope.calls if target and _is_given(other, target)]
        about = " ".join([file.index.path, scope.name.rpartition(".")[2], target, *takers])
        if _names_a_zone(file) or _OF_A_LEAGUE.search(about):
            message = "UTC's day is not the league's: after 19:00 in New York it is tomorrow"
            advice = "name the league's zone, or hand the day in"
            file.say("naive-now", day, Level.NOTE, f"{message}; {advice}", guards="read")


def _is_given(call: ast.Call, name: str) -> bool:
    return any(last_name(one) == name for one in [*call.args, *(given.value for given in call.keywords)])


def _target(file: File, call: ast.expr) -> str:
    for parent in file.index.parents(call):
        if isinstance(parent, ast.Assign | ast.AnnAssign):
            return last_name(parent.targets[0] if isinstance(parent, ast.Assign) else parent.target)
        if isinstance(parent, ast.keyword) and parent.arg:
            return parent.arg
        if isinstance(parent, ast.stmt):
            return ""
    return ""


def gmtime_days(file: File) -> None:
    """Report `time.strftime("%Y-%m-%d", time.gmtime())` where a league's day is meant."""
    for call in file.index.calls:
        if file.names.callee(call).full != "time.strftime" or len(call.args) != 2:  # noqa: PLR2004 -- format, instant
            continue
        form, instant = constant(call.args[0]), call.args[1]
        if not (isinstance(form, str) and "%d" in form and "%H" not in form and isinstance(instant, ast.Call)):
            continue
        about = f"{file.index.path} {file.scope(call).name.rpartition('.')[2]} {_target(file, call)}"
        if last_name(instant.func) == "gmtime" and (_names_a_zone(file) or _OF_A_LEAGUE.search(about)):
            message = "UTC's day is not the league's: after 19:00 in New York it is tomorrow"
            file.say(
                "naive-now", call, Level.NOTE, f"{message}; name the league's zone, or hand the day in", guards="read"
            )


def current_dates(file: File) -> None:
    """Report the query builders' clock, and clocks that are handed on by their name."""
    for call in file.index.calls:
        full = file.names.callee(call).full
        if re.search(r"(^|\.)(func|functions|F)\.(current_date|curdate|today)$", full) and not call.args:
            message = f"`{dotted(call.func)}()` is a day of the server's zone"
            file.say("sql-clock", call, Level.NOTE, f"{message}; hand the day in as a parameter", guards="read")
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
