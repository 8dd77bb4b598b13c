"""What counts as SQL, and what a statement does to which table; by pattern, for it is asked of every string of a code base."""

import re

_FIRST = re.compile(
    r"""^[\s(]*(?:--[^\n]*\n\s*)*[\s(]*
    (SELECT|INSERT|UPDATE|DELETE|MERGE|WITH|CREATE|TRUNCATE|REPLACE\s+INTO|REPLACE\s+VIEW|ALTER\s+TABLE|BEGIN|DECLARE|DROP\s+TABLE
    |WHERE|AND|OR|FROM|JOIN|LEFT\s+JOIN|INNER\s+JOIN|ORDER\s+BY|GROUP\s+BY|HAVING|QUALIFY|CASE\s+WHEN|COALESCE\s*\(
    |(?:AVG|SUM|MAX|MIN|COUNT|STDDEV\w*)\s*\()""",
    re.VERBOSE,
)
_LOWER = re.compile(
    r"""^\s*(select\s[\s\S]*?\sfrom\s+[\w.`"{\[]+\s*($|\n|;|where|join|left|inner|group|order|limit|as\s|[a-z]\s)
    |insert\s+(or\s+\w+\s+)?into\s+[\w.`"{]+\s*(\(|values|select)
    |update\s+[\w.`"{}]+\s+set\s+\w+\s*=
    |delete\s+from\s+[\w.`"{}]+\s*($|;|where|\n)
    |merge\s+into\s|with\s+\w+\s+as\s*\()""",
    re.VERBOSE | re.IGNORECASE,
)
_FRAGMENT = re.compile(r"\s*,?\s*[A-Za-z_]\w*\s+AS\s*\(\s*(?:--[^\n]*\n\s*)*(?:SELECT|WITH)\b")
_UPPER_ALONE = re.compile(
    r"""\b(FROM|INTO|SET|TABLE|JOIN|USING|WHERE|BY|AS|OVER|VALUES|BETWEEN|IN|NULL|LIMIT|TRANSACTION|VIEW)\b|[=<>]|CURRENT_|^\s*SELECT\s+[\w(*]"""
)
_VERB = re.compile(
    r"""\b(?:
      (?P<insert>INSERT\s+(?:OR\s+\w+\s+|IGNORE\s+)?(?:INTO\s+|OVERWRITE\s+)?|REPLACE\s+INTO\s+)
     |(?P<update>UPDATE\s+(?:ONLY\s+)?)(?=[\w.`"\[{}$:@-]+\s+(?:AS\s+\w+\s+|\w+\s+)?SET\b)
     |(?P<delete>DELETE\s+FROM\s+|DELETE\s+(?=[`\w.{}-]+\s+WHERE)|TRUNCATE\s+(?:TABLE\s+)?)
     |(?P<merge>MERGE\s+(?:INTO\s+)?)(?=[\s\S]{0,600}?\bUSING\b)
     |(?P<copy>COPY\s+)(?=[\w.`"\[{}-]+(?:\s*\([^)]*\))?\s+FROM\b)
     |(?P<load>LOAD\s+DATA\s+(?:INTO|OVERWRITE)\s+)
    )(?P<table>[\w.`"\[\]{}$:@-]*)""",
    re.VERBOSE | re.IGNORECASE,
)
KEYED = re.compile(
    r"ON\s+CONFLICT|ON\s+DUPLICATE|NOT\s+EXISTS|INSERT\s+OR\s+(?:IGNORE|REPLACE)|INSERT\s+IGNORE|INSERT\s+OVERWRITE|\bMERGE\b|\bEXCEPT\b"
    r"|NOT\s+IN\s*\(|LEFT\s+(?:OUTER\s+)?JOIN[\s\S]*IS\s+NULL|REPLACE\s+INTO|QUALIFY",
    re.IGNORECASE,
)
FROM_ELSEWHERE = re.compile(  # the rows stand in the table from which they are taken
    r"INSERT\b[\s\S]*\bSELECT\b[\s\S]*\bFROM\s+(?!\(?\s*(VALUES|unnest|read_|\w*df\b|data\b|frame\b|rows\b))",
    re.IGNORECASE,
)
_COMMENT = re.compile(r"--[^\n]*|/\*[\s\S]*?\*/")
_QUOTED = re.compile(r"'(?:[^'\n]|'')*'")


def looks_like_sql(text: str) -> bool:
    """Whether the text is SQL, or a piece of it, rather than a sentence."""
    if _FRAGMENT.match(text):
        return True
    if _FIRST.match(text):
        return bool(_UPPER_ALONE.search(text))
    return bool(_LOWER.match(text))


def blank(text: str, pattern: re.Pattern[str]) -> str:
    """Return `text` with each match turned to spaces: places and lines stay."""
    return pattern.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)


_RIGHTS = re.compile(
    r"\b(GRANT|REVOKE|ON|BEFORE|AFTER|FOR|OR)\s+(?:[\w\s,]{0,50})$", re.IGNORECASE
)  # rights and triggers name verbs
LONG_LINE = 5_000  # characters; nobody wrote such a line by hand, and some patterns would be slow on it


def without_data(text: str) -> str:
    """Return the text without the lines that are data; the others stay where they are."""
    if len(text) < LONG_LINE:
        return text
    return "\n".join(line if len(line) < LONG_LINE else "" for line in text.split("\n"))


def without_comments(text: str) -> str:
    """Return the SQL with its comments turned to spaces."""
    return blank(text, _COMMENT)


def without_literals(text: str) -> str:
    """Return the SQL with comments and quoted values turned to spaces."""
    return blank(without_comments(text), _QUOTED)


def verbs(text: str) -> list[tuple[str, str, int]]:
    """Return what the SQL does: (insert, update, delete, merge, copy or load; the table; the place in the text)."""
    found = []
    plain = without_literals(text)
    for match in _VERB.finditer(plain):
        if match.lastgroup is not None and not _RIGHTS.search(plain, max(0, match.start() - 60), match.start()):
            kind = next(name for name, value in match.groupdict().items() if value and name != "table")
            found.append((kind, table_name(match["table"]), match.start()))
    return found


def table_name(text: str) -> str:
    """Return a table's bare name: `box` for `project.raw.box`, `{table}` where only a variable's name is known, else ""."""
    name = re.sub(r"\{[^{}]*?(\w*)\W*\}", r"{\1}", re.sub(r"[`\"\[\]]", "", text)).strip().rstrip(";").split("(")[0]
    last = name.replace(":", ".").rpartition(".")[2]
    if "{}" in last:
        return ""
    return last if last.startswith("{") else last.lower()


_PROCEDURE = re.compile(
    r"\bCREATE\s+(?:OR\s+(?:REPLACE|ALTER)\s+)?PROC(?:EDURE)?\s+(?:IF\s+NOT\s+EXISTS\s+)?(?P<name>[\w.\"`\[\]]+)",
    re.IGNORECASE,
)
_BODY_ENDS = re.compile(r"^\s*(?:CREATE|GO|/)(?=\s|$)", re.IGNORECASE | re.MULTILINE)
_CALLED = re.compile(
    r"\bCALL\s+(?P<call>[\w.\"`\[\]{}$:%@]+)\s*\(|\bEXEC(?:UTE)?\s+(?:PROCEDURE\s+|PROC\s+)?(?!IMMEDIATE\b|AS\b)(?P<execute>[\w.\"`\[\]{}$:%@]+)"
    r"|(?:\.call|callproc)\(\s*f?['\"](?P<method>[\w.{}]+)['\"]"
    r"|\bPERFORM\s+(?P<perform>[\w.\"`]+)\s*\(|(?P<joined>(?-i:\b(?:CALL|EXEC|EXECUTE))\s*(?:$|['\"]\s*(?:\|\||\+)))",
    re.IGNORECASE | re.MULTILINE,
)
_BUILT = re.compile(r"[{}$:%@]")


def procedures(sql: str) -> list[str]:
    """Return the names of the procedures that are made, in small letters, without their schemas."""
    return sorted({_bare(found["name"]) for found in _PROCEDURE.finditer(sql)})


def procedure_at(sql: str, at: int) -> str:
    """Return the name of the procedure whose body a place lies in, "" where it is of none."""
    made = list(_PROCEDURE.finditer(sql, 0, at))
    if not made:
        return ""
    found = made[-1]
    between = sql[found.end() : at]
    n_quotes = between.count("$$")
    is_inside = n_quotes % 2 == 1 if n_quotes else _BODY_ENDS.search(between) is None
    return _bare(found["name"]) if is_inside else ""


def called_in(text: str) -> list[str]:
    """Return the names of the procedures that a text calls, in small letters; "" among them where one is put together."""
    called = ("" if found["joined"] else next(filter(None, found.groups())) for found in _CALLED.finditer(text))
    return sorted({"" if _BUILT.search(one) else _bare(one) for one in called})


def _bare(name: str) -> str:
    return name.rpartition(".")[2].strip('"`[]').lower()
