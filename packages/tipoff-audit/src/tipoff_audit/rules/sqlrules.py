"""What is wrong with a piece of SQL, wherever it stands: clocks, cut-offs, windows, noughts, appends, deletes."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tipoff_audit.finding import Level
from tipoff_audit.reading.context import FEATURE
from tipoff_audit.reading.sqltext import blank, verbs, without_comments

_I = re.IGNORECASE


@dataclass(frozen=True, slots=True)
class Said:
    """A finding's rule, place in the text, level and message."""

    rule: str
    at: int
    level: Level
    message: str
    guards: str = "read"


_CLOCK = re.compile(
    r"""(?<![@:$.\w])(?P<day>CURRENT_DATE|CURDATE|CURRENT_DATETIME)\b\s*(?P<args>\(\s*[^()]*\))?
    |\b(?:DATE|TO_DATE|DATE_TRUNC|TIMESTAMP_TRUNC|DATETIME_TRUNC|TRUNC|EXTRACT|FORMAT_DATE|FORMAT_TIMESTAMP|TO_CHAR|DATE_FORMAT)
        \s*\((?P<before>[^()]*?)(?P<now>CURRENT_TIMESTAMP(?:\s*\(\s*\))?|NOW\s*\(\s*\)|GETDATE\s*\(\s*\)|SYSDATE(?:TIME)?(?:\s*\(\s*\))?)
        (?P<after>[^()]*)\)
    |\bCAST\s*\(\s*(?P<cast>CURRENT_TIMESTAMP(?:\s*\(\s*\))?|NOW\s*\(\s*\)|GETDATE\s*\(\s*\))\s+AS\s+DATE\s*\)
    |\b(?P<colon>CURRENT_TIMESTAMP(?:\s*\(\s*\))?|NOW\s*\(\s*\))\s*::\s*date\b
    |\b(?:\w*(?:_date|_day|_on)|day|date)\s*(?:=|>=|<=|<|>)\s*(?P<instant>CURRENT_TIMESTAMP(?:\s*\(\s*\))?|NOW\s*\(\s*\)|GETDATE\s*\(\s*\))""",
    re.VERBOSE | _I,
)
_ZONED = re.compile(
    r"AT\s+TIME\s+ZONE|CONVERT_TZ|CONVERT_TIMEZONE|['\"][A-Z][A-Za-z]+/[A-Z]\w+['\"]|@\w*(?:tz|zone)", _I
)
_DAY_PARTS = re.compile(r"\b(DAY|DATE|WEEK|MONTH|YEAR|DOY|DOW)\b|%[Ydmj]|YYYY|DD", _I)


def _clocks(sql: str) -> Iterator[Said]:
    for found in _CLOCK.finditer(sql):
        if _ZONED.search(sql[found.start() : found.end() + 40].split("\n", maxsplit=1)[0]) or (
            found["args"] or ""
        ).strip("() \n"):
            continue
        call = found[0].strip()
        is_trunc = found["now"] and not re.match(r"(TO_)?DATE\s*\(", call, _I)
        if is_trunc and not _DAY_PARTS.search((found["before"] or "") + (found["after"] or "")):
            continue
        if sql[: found.start()].rstrip().upper().endswith("DEFAULT"):
            continue
        message = (
            f"`{_short(call)}` is a day of the server's zone (UTC on BigQuery): after 19:00 in New York it is tomorrow"
        )
        at = found.start("day") if found["day"] else found.start()
        yield Said("sql-clock", at, Level.WARNING, f"{message}; hand the day in as a parameter, or name the zone")


_EVENT = r"(?:\w+\.)?\w*(?:date|_day|day|_at|timestamp|_ts|_time|tip_?off|start_time|played_on)\w*"
_CUT = (
    r"(?:[@:$]|%\(|\{\s*|'\s*\{\s*|\"\s*\{\s*|DATE\s*\(?\s*['\"{@:]*|\w+\.)?[\w.]*"
    r"(?:cut_?off|as_?of|analysis|target_(?:date|day)|game_(?:date|day)|prediction_(?:date|day)|predict_(?:date|day)|slate|current_(?:date|day)"
    r"|up_?to|forecast|reference_(?:date|day)|ref_(?:date|day)|run_date|tip_?off|obs_date|snapshot_date|today|this_(?:day|date)|event_date"
    r"|eval_date|score_date|feature_(?:date|day)|train_end|label_date|match_date|(?<=[@:$])(?!\w*(?:start|end|from|since|until|min|max|low|high|first|last|season|through|to_))\w*(?:date|day))[\w.]*"
)
_INCLUSIVE = re.compile(rf"(?P<column>{_EVENT})\)?\s*<=\s*(?P<cut>{_CUT})(?=(?P<rest>[^\n]{{0,40}}))", _I)
_TURNED = re.compile(rf"(?P<cut>{_CUT})['\"}}\s)]*>=\s*(?P<column>{_EVENT})", _I)
_BETWEEN = re.compile(
    rf"(?P<column>{_EVENT})\)?\s+BETWEEN\s+(?P<low>[\s\S]{{1,160}}?)\s+AND\s+(?P<cut>{_CUT})(?=(?P<rest>[^\n]{{0,40}}))",
    _I,
)
_KNOWN_AT = re.compile(
    r"known|loaded|created|published|available|ingest|updated|inserted|recorded|collected|fetched|scraped|received|valid_from|effective|arriv"
    r"|quoted|snapshot|captured|processed|as_of|observed|expire|due|modified|seen|issued|start_date|valid_to|end_date|birth",
    _I,
)
_LESS = re.compile(r"^['\"})\s]*(-\s*(INTERVAL|\d)|,\s*INTERVAL)", _I)
_FUTURE_SIDE = re.compile(r"DATE_SUB|DATE_ADD\s*\([^()]*-\s*\d|- *INTERVAL|prev|yesterday|before", _I)


def _cutoffs(sql: str) -> Iterator[Said]:
    for pattern in (_INCLUSIVE, _TURNED):
        for found in pattern.finditer(sql):
            rest = found.groupdict().get("rest") or ""
            if not _excused(found["column"], found["cut"], rest):
                yield _cutoff(found, found[0].partition("\n")[0])
    for found in _BETWEEN.finditer(sql):
        if re.search(r"\b(AND|OR|WHERE|SELECT|PRECEDING)\b", found["low"], _I):
            continue
        if not _excused(found["column"], found["cut"], found["rest"]) and not re.match(
            r"\s*(DATE_SUB|DATE_ADD)", found["cut"], _I
        ):
            yield Said(
                "inclusive-cutoff",
                found.start(),
                Level.ERROR,
                _cut_message("BETWEEN … AND " + _short(found["cut"])),
                "look-ahead",
            )


def _excused(column: str, cut: str, rest: str) -> bool:
    if _KNOWN_AT.search(column) or _LESS.match(rest) or _FUTURE_SIDE.search(cut):
        return True
    return (
        column.rpartition(".")[2].strip("@: ").lower() == re.sub(r"[^\w.]", "", cut).rpartition(".")[2].lower()
        and "." not in cut
        and cut[0] not in "@:'{%$"
    )


def _cutoff(found: re.Match[str], text: str) -> Said:
    return Said("inclusive-cutoff", found.start(), Level.ERROR, _cut_message(_short(text)), "look-ahead")


def _cut_message(text: str) -> str:
    return (
        f"`{text}` lets in the day that is to be predicted: a feature that knows the result; "
        "use `<` (or end the range a day earlier)"
    )


_OVER = re.compile(
    r"\b(?P<function>AVG|SUM|STDDEV(?:_POP|_SAMP)?|VARIANCE|VAR_POP|VAR_SAMP|MAX|MIN|COUNT|MEDIAN|PERCENTILE_CONT|APPROX_QUANTILES|COUNTIF)"
    r"\s*\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)\s*(?:FILTER\s*\([^)]*\)\s*)?OVER\s*(?P<window>\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)|\w+)",
    _I,
)
_NAMED = re.compile(r"(?:\bWINDOW\b|,)\s*(?P<name>\w+)\s+AS\s*(?P<window>\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))", _I)
_FRAME = re.compile(
    r"\b(ROWS|RANGE|GROUPS)\s+(BETWEEN\s+(?P<from>UNBOUNDED\s+PRECEDING|CURRENT\s+ROW|[\w{}@:.\s']+?\s+(?:PRECEDING|FOLLOWING))\s+AND\s+"
    r"(?P<to>UNBOUNDED\s+FOLLOWING|CURRENT\s+ROW|[\w{}@:.\s']+?\s+(?:PRECEDING|FOLLOWING))|(?P<short>[\w{}@:.]+\s+PRECEDING|CURRENT\s+ROW))",
    _I,
)


def _windows(sql: str) -> Iterator[Said]:
    named: set[str] = set()
    for found in _OVER.finditer(sql):
        window = found["window"]
        if window.startswith("("):
            yield from _window(window, found.start("window"), found.start())
        else:
            named.add(window.lower())
    for found in _NAMED.finditer(sql):
        if found["name"].lower() in named:
            yield from _window(found["window"], found.start("window"), found.start("name"))


def _window(window: str, at: int, function_at: int) -> Iterator[Said]:
    frame = _FRAME.search(window)
    if frame is None and not re.search(r"\bORDER\s+BY\b", window, _I):
        return
    if frame is None:
        told, place = "a window with ORDER BY and no frame ends at the current row", function_at
    elif frame["short"] or re.match(r"CURRENT|UNBOUNDED\s+F|.*FOLLOWING", frame["to"] or "", _I):
        told, place = f"`{_short(frame[0])}` includes the current row", at + frame.start()
    else:
        return
    message = f"{told}, the very game that is to be predicted"
    yield Said(
        "window-includes-current", place, Level.ERROR, f"{message}; end the frame at `1 PRECEDING`", "look-ahead"
    )


_NOUGHT = re.compile(
    r"\b(?:COALESCE|IFNULL|NVL|ISNULL)\s*\(\s*(?P<what>(?:[^(),]|\([^()]*\))+?)\s*,\s*0(?:\.0+)?\s*\)", _I
)
_SUMS = re.compile(r"^\s*(SUM|COUNT|COUNTIF|COUNT_IF)\s*\(", _I)
MEASURED = re.compile(
    r"coverage|quality|complete(?!d)|(?<![a-z])(rate|ratio|pct|percent|percentage|share|accuracy|confidence|precision|recall|score)s?(?![a-z])"
    r"|null_|(?<![a-z])(mae|rmse|minutes|mins?_played|points|pts|rebounds|assists|usage|odds|price|lines?|point_line|temperature|humidity|weight"
    r"|height|speed|velocity|era|whip|spread|moneyline|probability|latency|pace|efficiency|fatigue|rating|strikeouts|altitude|wind)(?![a-z])"
    r"|_avg(?![a-z])|(?<![a-z])avg_|(?<![a-z])mean_",
    _I,
)


def _noughts(sql: str) -> Iterator[Said]:
    for found in _NOUGHT.finditer(sql):
        what = found["what"]
        if not _SUMS.match(what) and MEASURED.search(what):
            message = f"`{_short(found[0])}` stores 0 where nothing was measured: averages and gates cannot tell the two apart"
            yield Said(
                "zero-for-missing", found.start(), Level.WARNING, f"{message}; keep NULL, and impute inside the model"
            )


KEYED = re.compile(
    r"ON\s+CONFLICT|ON\s+DUPLICATE|NOT\s+EXISTS|INSERT\s+OR\s+(?:IGNORE|REPLACE)|INSERT\s+IGNORE|INSERT\s+OVERWRITE|\bMERGE\b|\bEXCEPT\b"
    r"|NOT\s+IN\s*\(|LEFT\s+(?:OUTER\s+)?JOIN[\s\S]*IS\s+NULL|REPLACE\s+INTO|QUALIFY",
    _I,
)


def _appends(sql: str) -> Iterator[Said]:
    done = verbs(sql)
    emptied = {table for kind, table, _ in done if kind == "delete"}
    for place, (kind, table, at) in enumerate(done):
        end = done[place + 1][2] if place + 1 < len(done) else len(sql)
        statement = sql[at:end].split(";", maxsplit=1)[0]
        if (
            kind != "insert"
            or table in emptied
            or KEYED.search(statement)
            or not re.search(r"\bSELECT\b", statement, _I)
        ):
            continue
        if re.match(r"(tmp|temp|stag|stg|_)", table) or re.search(r"\bVALUES\b", statement, _I):
            continue
        message = (
            f"INSERT … SELECT into {table or 'this table'} without a key: the same run, repeated, doubles the rows"
        )
        yield Said(
            "append-without-key",
            at,
            Level.WARNING,
            f"{message}; delete the slice first in one transaction, or MERGE on the key",
            "write",
        )


def _lost(sql: str) -> Iterator[Said]:
    done = verbs(sql)
    for place, (kind, table, at) in enumerate(done):
        if kind != "delete" or not table:
            continue
        after = next(
            (other for other in done[place + 1 :] if other[0] in {"insert", "load", "copy"} and other[1] == table), None
        )
        if after is None or re.search(
            r"\bBEGIN(\s+TRAN|\s+TRANSACTION|\s+WORK|\s*;)|START\s+TRANSACTION", sql[:at], _I
        ):
            continue
        if ";" not in sql[at : after[2]]:
            continue
        message = f"{table} is emptied, and filled again by a later statement: if that fails, the rows are gone"
        yield Said(
            "lost-after-delete",
            at,
            Level.ERROR,
            f"{message}; put both into one transaction (BEGIN TRANSACTION … COMMIT)",
            "write",
        )


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 60 else flat[:57] + "…"  # noqa: PLR2004 -- one line of a report


_ALWAYS: tuple[Callable[[str], Iterator[Said]], ...] = (_clocks, _noughts)
_LOOK_AHEAD: tuple[Callable[[str], Iterator[Said]], ...] = (_cutoffs, _windows)
_SCRIPTS: tuple[Callable[[str], Iterator[Said]], ...] = (_appends, _lost)
_WORTH = re.compile(r"CURRENT_|CURDATE|TODAY|NOW\s*\(|GETDATE|SYSDATE|COALESCE|IFNULL|NVL|ISNULL", _I)
_WORTH_AHEAD = re.compile(r"<=|>=|BETWEEN|OVER\s*[(\w]", _I)


def examine_sql(text: str, *, feature: bool, script: bool) -> list[Said]:
    """Return what is wrong. `feature`: it stands in code that makes features; `script`: it may hold several statements."""
    found: list[Said] = []
    if _WORTH.search(text):
        sql = without_comments(text)
        found += [said for rule in _ALWAYS for said in rule(sql)]
    if _WORTH_AHEAD.search(text):
        sql = without_comments(text)
        if feature or FEATURE.search(sql):
            found += [said for rule in _LOOK_AHEAD for said in rule(sql)]
    if script:
        sql = without_comments(text)
        found += [said for rule in _SCRIPTS for said in rule(sql)]
    return found


def unquoted(segment: str) -> str:
    """Return a Python string literal's text with its own quotes turned to spaces: places and lines stay."""
    quote = re.search(r"['\"]", segment)
    if quote is None:
        return segment
    return blank(segment, re.compile(f"(?:\\b[fFrRbBuU]{{1,2}})?{quote[0]}"))
