"""What is wrong with a piece of SQL, wherever it stands: clocks, cut-offs, windows, noughts, appends, deletes."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlglot import exp

from tipoff_audit.finding import Level
from tipoff_audit.reading.context import MAKES_FEATURES, MONITORS, Use
from tipoff_audit.reading.sqltext import KEYED, blank, verbs, without_comments, without_data
from tipoff_audit.reading.statements import Bound, Piece, bounds, is_aggregate, is_of_all_games, parsed, selects, tables

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
        yield Said("sql-clock", at, Level.NOTE, f"{message}; hand the day in as a parameter, or name the zone")


_EVENT = re.compile(r"(date|day|_at|timestamp|_ts|_time|tip_?off|start_time|played_on|^ts$|^at$)", _I)
_CUT = re.compile(
    r"cut_?off|as_?of|analysis|target_(date|day)|game_(date|day)|prediction_(date|day)|predict_(date|day)|slate|current_(date|day)|up_?to"
    r"|forecast|reference_(date|day)|ref_(date|day)|run_date|tip_?off|obs_date|snapshot_date|today|this_(day|date)|event_date|eval_date"
    r"|score_date|feature_(date|day)|train_end|label_date|match_(date|day)|decision|^(?!.*(start|end|from|since|until|min|max|low|high|first|last|season|through|to_))\w*(date|day)$",
    _I,
)
_KNOWN_AT = re.compile(
    r"known|loaded|created|published|available|ingest|updated|inserted|recorded|collected|fetched|scraped|received|valid_from|effective|arriv"
    r"|quoted|snapshot|captured|processed|as_of|observed|expire|due|modified|seen|issued|start_date|valid_to|end_date|birth|roster_date",
    _I,
)
_KNOWN_BEFORE = re.compile(  # tables of what is known before the start: their last row may be of the day itself
    r"roster|line_?up|injur|odds|betting|(?<![a-z])lines?(?![a-z])|schedule|depth_chart|weather|snapshot|availability|announce|calendar|price",
    _I,
)


def _cutoffs(piece: Piece, use: Use) -> Iterator[Said]:
    for select in selects(piece):
        found = bounds(piece, select)
        read = " ".join(table.name for table in select.find_all(exp.Table))
        for one in found:
            if one.op != "<=" or one.shifted or not _EVENT.search(one.column.rpartition(".")[2]):
                continue
            if not _is_cut(one) or _KNOWN_AT.search(one.column) or _KNOWN_BEFORE.search(read):
                continue
            if any(_ends_before(one, other) for other in found if other is not one):
                continue
            if use is not Use.FEATURES and not (
                is_aggregate(select) and re.search(r"analysis|cut_?off|as_?of", one.value, _I)
            ):
                continue
            message = f"`{_short(one.text)}` lets in the day that is to be predicted: a feature that knows the result"
            yield Said(
                "inclusive-cutoff",
                one.at,
                Level.NOTE,
                f"{message}; use `<` (or end the range a day earlier)",
                "look-ahead",
            )


_LABELS = re.compile(r"label|target|predict|as_?of|cut_?off|snapshot|score_date|analysis|decision", _I)


def _is_cut(one: Bound) -> bool:
    """Whether the value is the day that is to be predicted, rather than the end of a range or the column itself."""
    table, _, name = one.value.rpartition(".")
    column = one.column.rpartition(".")[2].lower()
    if table:  # another table's column: the game that is to be predicted
        return table != one.column.rpartition(".")[0] and (name.lower() == column or _LABELS.search(name) is not None)
    return bool(_CUT.search(name)) and not (one.is_column and name.lower() == column)


def _ends_before(one: Bound, other: Bound) -> bool:
    """Whether another comparison takes the day out, or makes the pair ask for that one day."""
    same = other.column == one.column and other.value == one.value
    return (same and not other.shifted and other.op in {"<", ">=", "="}) or (
        other.column == one.column and other.op == "<"
    )


_CURRENT_RANKS = (
    exp.RowNumber,
    exp.Rank,
    exp.DenseRank,
    exp.Lag,
    exp.Lead,
    exp.FirstValue,
    exp.LastValue,
    exp.NthValue,
    exp.Ntile,
)
_RANGES = ("AVG", "SUM", "STDDEV", "STDDEVPOP", "STDDEVSAMP", "VARIANCE", "MAX", "MIN", "COUNT", "MEDIAN", "COUNTIF")


def _windows(piece: Piece, use: Use) -> Iterator[Said]:
    if use is not Use.FEATURES:
        return
    named = {
        one.name.lower(): one
        for one in piece.tree.find_all(exp.Window)
        if isinstance(one.parent, exp.Select) and one.arg_key == "windows"
    }
    for used in piece.tree.find_all(exp.Window):
        function = used.this.this if isinstance(used.this, exp.Filter | exp.IgnoreNulls) else used.this
        node = named.get(used.alias.lower(), used) if used.alias else used
        spec, order = node.args.get("spec"), node.args.get("order")
        if not isinstance(function, exp.AggFunc) or isinstance(function, _CURRENT_RANKS):
            continue
        if order is None and not (used.alias and spec is not None):  # what it is built upon stands elsewhere
            if isinstance(function, exp.Avg | exp.Stddev) and not used.alias and is_of_all_games(node, _EVENT):
                message = "this window takes in all games of its group, later ones too: a feature that knows the result"
                advice = "order it by day and end the frame at `1 PRECEDING`"
                yield Said(
                    "window-includes-current", piece.frame_at(node), Level.NOTE, f"{message}; {advice}", "look-ahead"
                )
            continue
        if type(function).__name__.upper() not in _RANGES or (order is not None and not _by_time(order)):
            continue
        if spec is not None and not _holds_current(spec):
            continue
        text = _short(spec.sql(dialect="bigquery")) if spec is not None else "a window with ORDER BY and no frame"
        message = f"`{text}` includes the current row, the very game that is to be predicted"
        if spec is None:
            message = f"{text} ends at the current row, the very game that is to be predicted"
        yield Said(
            "window-includes-current",
            piece.frame_at(node),
            Level.NOTE,
            f"{message}; end the frame at `1 PRECEDING`",
            "look-ahead",
        )


def _by_time(order: exp.Expression) -> bool:
    return any(
        _EVENT.search(one.name) or re.search(r"game|match|week|season|round", one.name, _I)
        for one in order.find_all(exp.Column)
    )


def _holds_current(spec: exp.Expression) -> bool:
    """Whether the frame ends at the current row or after it."""
    end, side = spec.args.get("end"), str(spec.args.get("end_side") or "")
    return end is None or str(end).upper() == "CURRENT ROW" or side.upper() == "FOLLOWING"


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
                "zero-for-missing", found.start(), Level.NOTE, f"{message}; keep NULL, and impute inside the model"
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
            Level.NOTE,
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
            Level.NOTE,  # BigQuery commits each; others where told to, and a step that fails is red
            f"{message}; put both into one transaction (BEGIN TRANSACTION … COMMIT)",
            "write",
        )


_EQUALS_NULL = re.compile(
    r"\b(?:WHERE|AND|OR|ON|WHEN|HAVING)\s+(?:NOT\s+)?\(?(?P<test>[\w.\[\]\"`]+\s*(?:=|<>|!=)\s*NULL)\b", _I
)
_NEITHER = re.compile(
    r"(?P<test>(?P<column>[\w.\"`]+)\s*(?:<>|!=)\s*(?P<one>'[^']*'|\d+)\s+OR\s+(?P=column)\s*(?:<>|!=)\s*(?!(?P=one))(?:'[^']*'|\d+))",
    _I,
)
_VALUE = r"(?:\d[\d.]*|'[^']*'|TRUE|FALSE)"  # never NULL, as a column may be
_COUNTS_ALL = re.compile(
    rf"\bCOUNT\s*\(\s*(?P<test>CASE(?:\s+WHEN\b(?:(?!\bCASE\b|\bEND\b|\bTHEN\b)[^;]){{1,300}}?\bTHEN\s+{_VALUE}){{1,9}}"
    rf"\s+ELSE\s+(?:0|FALSE)\s+END|IFF?\s*\([^();]{{1,200}},\s*{_VALUE}\s*,\s*0\s*\))\s*\)",
    _I,
)
_MONTH_FOR_MINUTE = re.compile(
    r"\bTO_(?:CHAR|DATE|TIMESTAMP\w*)\s*\([^;()]*?'(?P<test>[^']*(?:HH(?:12|24):MM|(?-i:HH:MM))\b[^']*)'", _I
)
_LEAVES_OUT = re.compile(
    r"\b(?P<test>ON_ERROR\s*=\s*'?(?:CONTINUE|SKIP_FILE)\w*'?|MAXERROR\s+(?:AS\s+)?[1-9]\d*|ignore_errors\s*=\s*true)",
    _I,
)
_NOTIFIED = "notified of the files that are left out: whoever reads it loads them again"  # nothing to say
_PLACEHOLDER = re.compile(  # a statement with one runs nowhere
    r"'[^'\n]*<[A-Za-z][\w .-]*>[^'\n]*'|\bYOUR[_-]\w|\bmy-bucket\b|<(?:your|my|bucket|role|account|iam)[\w .-]*>", _I
)
_A_PIPE = re.compile(r"\bCREATE\s+(?:OR\s+REPLACE\s+)?PIPE\b", _I)
_OF_A_PIPE = (
    "leaves out the {} that cannot be read, uncounted, and a pipe cannot fail; {}let it notify of errors (ERROR_INTEGRATION),"
    " or ask its COPY_HISTORY each day"
)
_OF_ANOTHER_LANGUAGE = re.compile(r"\w__[cr]\b")  # Salesforce's, where `!= null` is how it is asked
_CERTAIN: tuple[tuple[str, re.Pattern[str], str], ...] = (
    (
        "same-answer",
        _EQUALS_NULL,
        "is never true, whatever the data: NULL equals nothing; write IS NULL or IS NOT NULL",
    ),
    ("same-answer", _NEITHER, "is true for every value; write NOT IN, or AND"),
    (
        "same-answer",
        _COUNTS_ALL,
        "is never NULL, so every row is counted, whatever it answers; write SUM, or leave the ELSE out",
    ),
    ("wrong-time", _MONTH_FOR_MINUTE, "puts the month where the minutes stand; write MI"),
    (
        "rows-skipped",
        _LEAVES_OUT,
        "leaves out the rows that cannot be read, uncounted; let it fail, or keep them apart",
    ),
)


def _certain(sql: str, use: Use) -> Iterator[Said]:
    """Yield what is wrong whatever the data are."""
    if _OF_ANOTHER_LANGUAGE.search(sql):
        return
    for rule, pattern, message in _CERTAIN:
        for found in pattern.finditer(sql):
            if rule != "rows-skipped" or re.search(r"\bCOPY\b|read_csv|read_(nd)?json|scan_csv", sql, _I):
                is_of_texts = re.search(r"\ball_varchar\s*=\s*(true|1)", sql, _I) is not None
                is_slight = (
                    is_of_texts or _reads_json(sql, found) or (pattern is _NEITHER and use is Use.MONITORING)
                )  # a person reads them
                level = Level.WARNING if pattern in {_NEITHER, _LEAVES_OUT} and not is_slight else Level.NOTE
                level = Level.ERROR if pattern is _COUNTS_ALL else level
                told = _of_a_pipe(sql, found) if pattern is _LEAVES_OUT else message
                if told != _NOTIFIED and not _PLACEHOLDER.search(_statement(sql, found)):
                    yield Said(rule, found.start("test"), level, f"`{_short(found['test'])}` {told or message}", "read")


def _statement(sql: str, found: re.Match[str]) -> str:
    end = sql.find(";", found.end())
    return sql[sql.rfind(";", 0, found.start()) + 1 : end if end >= 0 else len(sql)]


def _reads_json(sql: str, found: re.Match[str]) -> bool:
    """Whether DuckDB reads JSON there: of a line that it cannot read it keeps a row of NULLs. Source: DuckDB 2.0.0."""
    statement = _statement(sql, found)
    is_json = re.search(r"\bread_(nd)?json", statement, _I) is not None and "read_csv" not in statement.lower()
    return is_json and found["test"].lower().startswith("ignore")


def _of_a_pipe(sql: str, found: re.Match[str]) -> str:
    """Return what is to be said where the load is a pipe's, or reads JSON, "" where it is neither."""
    if _reads_json(sql, found):
        return "makes a row of NULLs of a line that cannot be read, uncounted; let it fail, or keep them apart"
    statement = _statement(sql, found).upper()
    if _A_PIPE.search(statement) is None:
        return ""
    if "SKIP_FILE" not in found["test"].upper():
        return _OF_A_PIPE.format("rows", "take SKIP_FILE and ")
    return _NOTIFIED if "ERROR_INTEGRATION" in statement else _OF_A_PIPE.format("files", "")


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 60 else flat[:57] + "…"  # noqa: PLR2004 -- one line of a report


_ALWAYS: tuple[Callable[[str], Iterator[Said]], ...] = (_clocks, _noughts)
_LOOK_AHEAD: tuple[Callable[[Piece, Use], Iterator[Said]], ...] = (_cutoffs, _windows)
_SCRIPTS: tuple[Callable[[str], Iterator[Said]], ...] = (_appends, _lost)
_WORTH = re.compile(
    r"CURRENT_|CURDATE|TODAY|NOW\s*\(|GETDATE|SYSDATE|COALESCE|IFNULL|NVL|ISNULL"
    r"|[=>]\s*NULL|<>|!=|HH(12|24)?:MM|COUNT\s*\(\s*(?:CASE|IF)|ON_ERROR|MAXERROR|ignore_errors",
    _I,
)
_WORTH_AHEAD = re.compile(r"<=|>=|BETWEEN|OVER\s*[(\w]", _I)


def examine_sql(text: str, *, use: Use, script: bool) -> list[Said]:
    """Return what is wrong. `use`: what takes its rows; `script`: it may hold several statements."""
    found: list[Said] = []
    sql = without_data(without_comments(text))
    if _WORTH.search(sql):
        found += [said for rule in _ALWAYS for said in rule(sql)] + list(_certain(sql, use))
    if use is not Use.MONITORING and _WORTH_AHEAD.search(sql):
        for piece in parsed(sql):
            meant = _meant(piece, use)
            found += [said for rule in _LOOK_AHEAD for said in rule(piece, meant)]
    if script:
        found += [said for rule in _SCRIPTS for said in rule(sql)]
    return found


def _meant(piece: Piece, use: Use) -> Use:
    """Return what a statement is for: by what takes its rows, else by the tables that it writes and reads."""
    if use is not Use.UNKNOWN:
        return use
    named = tables(piece)
    return Use.MONITORING if MONITORS.search(named) else Use.FEATURES if MAKES_FEATURES.search(named) else Use.UNKNOWN


def unquoted(segment: str) -> str:
    """Return a Python string literal's text with its own quotes turned to spaces: places and lines stay."""
    quote = re.search(r"['\"]", segment)
    if quote is None:
        return segment
    return blank(segment, re.compile(f"(?:\\b[fFrRbBuU]{{1,2}})?{quote[0]}"))
