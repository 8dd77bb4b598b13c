"""What a script does with data and nobody sees fail: statements that `psql` passes over, backups that push the old ones out."""

import re
from typing import Any

from tipoff_audit.finding import Finding, Level
from tipoff_audit.reading.source import Source

_LONGEST = 2_000  # of a line that somebody wrote by hand
_PSQL = re.compile(
    r"(?:^|[|;&(]|\b(?:then|do|time|sudo|run:|exec|-T|postgres|db|\w+=\S*))\s*(?:sudo\s+|-u\s+\w+\s+|time\s+|\w+=\S*\s+)*psql(?P<rest>\s[^|;&\n]*|$)"
)
_TOOLS = re.compile(r"\b(psql|sqlcmd|sqlplus)\b")
_OTHERS = re.compile(
    r"(?<![\w./-])(?:(?P<tool>sqlcmd|sqlplus)\s(?=[^|;&\n]*(?:\s-i\s*|\s@)[\"']?(?P<name>[^\s\"'<>|;&()@]+\.sql)\b))[^|;&\n]*"
)
_FILE = re.compile(r"(?:\s-\w*f|\s--file[= ]|\s<)\s*[\"']?(?P<name>[^\s\"'<>|;&()]+\.(?:p?sql|ddl)\b)")
_LEFT = re.compile(r"(?:\b(?:cat|sed|envsubst)\b[^|]*?)(?P<name>[^\s\"'<>|;&()]+\.sql)\b[^|]*\|\s*$")
_SAID = re.compile(r"\becho\s+(?:-e\s+)?(?P<quote>[\"'])(?P<sql>.*?)(?P=quote)\s*\|\s*$")
_DUMPED = re.compile(r"\bpg_dump\b[^|]*\|(?:[^|]*\|)*\s*$")
_HERE = re.compile(r"<<-?\s*[\\\"']?(?P<end>\w+)")
_WRITES = re.compile(
    r"\bUPDATE\s+(?:ONLY\s+)?[\w.\"$:{}]+\s+(?:AS\s+\w+\s+|\w+\s+)?SET\b|\bDELETE\s+FROM\b|\bMERGE\s+INTO\b"
    r"|\\?COPY\s+[\w.\"$:{}]+\s*(?:\([^)]*\))?\s+FROM\b|\bREFRESH\s+MATERIALIZED\b"
    r"|\bINSERT\s+INTO\s+[\w.\"$:{}]+\s*(?:\([^)]*\))?\s*(?:SELECT|WITH)\b"
    r"|\bCREATE\s+(?:UNLOGGED\s+|TEMP\w*\s+)?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?[\w.\"$:{}]+\s+AS\b|^\\ir?\s+\S+",
    re.IGNORECASE | re.MULTILINE,
)
_STOPS = re.compile(r"ON_ERROR_STOP|psqlrc|WHENEVER\s+SQLERROR\s+EXIT|:on\s+error\s+exit", re.IGNORECASE)
_STOPS_ALL = re.compile(
    r"^(?!.*\bpsql\s[^\n]*ON_ERROR_STOP)[^\n]*ON_ERROR_STOP|psqlrc|\balias\s+psql|\bpsql\s*\(\)|\bfunction\s+psql\b",
    re.IGNORECASE | re.MULTILINE,
)
_LOOKED_THROUGH = re.compile(r"grep\b[^|\n]*\b(ERROR|error|FATAL|FAIL)|\berr(or)?s?\.(log|txt)\b.*-s\b", re.MULTILINE)
_COMMENT = re.compile(r"(^|\s)#.*$")
_NOT_RUN = re.compile(r"--[^\n]*|/\*[\s\S]*?\*/|\$(\w*)\$[\s\S]*?\$\1\$")  # comments, and what functions hold


_REPLACES = re.compile(
    r"\bgcloud\s+(?:beta\s+|alpha\s+)?run\s+(?:services|jobs)\s+update\b[^|;&\n]*?(?P<option>--set-(?:env-vars|secrets))\b"
)


def wiped_settings(source: Source) -> list[Finding]:
    """Find updates of a service that set a few of its variables, and take all the others away."""
    found: list[Finding] = []
    begun, first = "", 0
    for number, line in enumerate(source.text.splitlines(), 1):
        whole = begun + _COMMENT.sub("", line[:_LONGEST])
        at = first if begun else number
        is_open = whole.rstrip().endswith("\\") and len(whole) < _LONGEST
        begun, first = (whole.rstrip().removesuffix("\\") + " ", at) if is_open else ("", 0)
        given = None if is_open else _REPLACES.search(whole)
        if given is None:
            continue
        better = given["option"].replace("--set-", "--update-")
        found.append(
            Finding(
                rule="value-dropped",
                path=source.path,
                line=at,
                column=1,
                end_line=at,
                level=Level.NOTE,
                message=f"`{given['option']}` takes away all that is not named here; use `{better}`",
                guards="work",
                symbol="",
                text=source.text.splitlines()[at - 1].strip(),
            )
        )
    return found


def stops(text: str) -> bool:
    """Whether a text tells the tool that runs it to stop at an error."""
    return _STOPS.search(text) is not None


def writes(sql: str) -> str:
    """Return the first words by which a text changes rows or fills a table, "" where it does neither."""
    found = [" ".join(one[0].split()[:3]) for one in _WRITES.finditer(_NOT_RUN.sub(" ", sql))]
    changed = [one for one in found if not one.upper().startswith(("CREATE", "REFRESH", "\\I"))]
    return (changed or found or [""])[0]


def sql_runs(text: str) -> list[list[Any]]:
    """Return where statements are run by a tool that passes over their errors: (line, the tool, the file, what it writes).

    The file is "" where the statements stand in the script itself, or come from another database.
    """
    if not _TOOLS.search(text) or _STOPS_ALL.search(text) or _LOOKED_THROUGH.search(text):
        return []
    lines = [line[:_LONGEST] for line in text.splitlines()]
    found: list[list[Any]] = []
    begun, first = "", 0
    for number, line in enumerate(lines, 1):
        if not begun and not _TOOLS.search(line):
            if line.rstrip().endswith(("\\", "|")) and len(line) < _LONGEST:
                begun, first = line.rstrip().removesuffix("\\") + " ", number
            continue
        whole = begun + _COMMENT.sub("", line)
        at = first if begun else number
        begun = ""
        if whole.rstrip().endswith("\\") and len(whole) < _LONGEST:
            begun, first = whole.rstrip().removesuffix("\\") + " ", at
            continue
        for command in () if _STOPS.search(whole) else _PSQL.finditer(whole):
            name, done = _given(whole, command, lines, number)
            if name or done:
                found.append([at, "psql", name, done])
        found += [[at, one["tool"], one["name"], ""] for one in _OTHERS.finditer(whole) if _passes_over(one)]
    return found


def _passes_over(command: re.Match[str]) -> bool:
    """Whether `sqlcmd` is not told to end with a status (`-b`); of `sqlplus` its file says it."""
    return command["tool"] == "sqlplus" or not re.search(r"\s-\w*b\b", command[0])


def _given(whole: str, command: re.Match[str], lines: list[str], number: int) -> tuple[str, str]:
    """Return the file of statements that the command runs, or what the statements that it is handed write."""
    rest, before = command["rest"], whole[: command.end() - len(command["rest"]) - len("psql")]
    if found := _FILE.search(f"{rest} "):
        return found["name"], ""
    if re.search(r"\s(-\w*c|--command)\b", rest):
        return "", ""  # one string is one transaction, and its error is the command's
    if found := _HERE.search(whole[command.end() - len(rest) :]):
        body = []
        for line in lines[number:]:
            if line.strip() == found["end"]:
                break
            body.append(line)
        return "", writes("\n".join(body))
    if found := _LEFT.search(before):
        return found["name"], ""
    if found := _SAID.search(before):
        return "", writes(found["sql"])
    return "", "every statement that pg_dump has written" if _DUMPED.search(before) else ""


_DUMPS = re.compile(r"(?<![\w./-])(?P<name>pg_dump(?:all)?|mysqldump|mariadb-dump|mongodump|pg_basebackup)\s")
_IS_ASKED = re.compile(r"\b(if|while|until)\b|\|\||&&\s*\\?$")
_ASKS = re.compile(
    r"\$\?|PIPESTATUS|\[\[?\s+!?\s*-[sfe]\s|\btest\s+-[sfe]\b|\bstat\b|\bwc\s+-c|gzip\s+-t|--list\b|filesize|\bdu\s"
)
_ROTATES = re.compile(
    r"\bfind\b.*-(?:mtime|mmin|ctime)\b.*(?:-delete|\brm\b)|\|\s*(?:tail|head|awk|sort).*\|\s*xargs\b.*\brm\b"
    r"|\brm\s+(?:-\w+\s+)*[^;&|]*(?:old|prev|last|\$\(|\.1\b)"
)


_OWN_LOG = re.compile(r"--log-error[=\s]+[\"']?(?P<log>[\w./${}-]+)")


def _asks_its_log(lines: list[str], number: int, last: int) -> bool:
    """Whether the dump writes its errors to a file that is searched next, and somebody goes by what is found."""
    end = number - 1
    while end + 1 < last and lines[end].rstrip().endswith("\\"):
        end += 1
    found = _OWN_LOG.search(" ".join(lines[number - 1 : end + 1]))
    if found is None:
        return False
    return any("grep" in one and found["log"] in one and _IS_ASKED.search(one) for one in lines[end + 1 : last - 1])


def _named_at_the_end(lines: list[str], number: int) -> bool:
    """Whether the command's lines end by giving its file the name that it is kept by, where all before that went well."""
    end = number - 1
    while end + 1 < len(lines) and (lines[end].rstrip().endswith("\\") or re.match(r"\s*(\||&&)", lines[end + 1])):
        end += 1
    whole = " ".join(line.rstrip().removesuffix("\\") for line in lines[number - 1 : end + 1])
    return re.search(r"\.(?:tmp|part|partial|new)\b.*&&\s*mv\s[^;&|]*\.(?:tmp|part|partial|new)\b", whole) is not None


def lost_backups(source: Source) -> list[Finding]:
    """Find backups whose failure nobody sees, where older ones are taken away afterwards."""
    if not _DUMPS.search(source.text):
        return []
    lines = [_COMMENT.sub("", line[:_LONGEST]) for line in source.text.splitlines()]
    stops = re.search(r"^\s*set\s+-\w*e|^#!.*\s-\w*e|errexit", source.text, re.MULTILINE) is not None
    fails = re.search("pipefail", source.text) is not None
    swept = [number for number, line in enumerate(lines, 1) if _ROTATES.search(line)]
    for number, line in enumerate(lines, 1):
        found = _DUMPS.search(line)
        last = next((place for place in swept if place > number), 0)
        if found is None or not last or re.search(r"--version|command -v|which", line):
            continue
        piped = re.search(r"(?<!\|)\|(?!\|)", line[found.end() :]) is not None
        if fails and _named_at_the_end(lines, number):
            continue  # what has no name yet is not kept, and pushes none of those out that have theirs
        asked = "\n".join(lines[number : last - 1])
        is_seen = stops or _IS_ASKED.search(line) or _ASKS.search(asked)
        if fails and is_seen:
            continue
        if is_seen and not (
            piped and not fails and not re.search(r"PIPESTATUS|-[sf]\s|stat|wc|gzip\s+-t|--list|du\s", asked)
        ):
            continue
        why = (
            "without `pipefail` the pipe's status is that of its last command"
            if piped and is_seen
            else "nobody looks at how it ends"
        )
        message = f"`{found['name']}` may fail, {why}, and line {last} takes older backups away all the same"
        return [
            Finding(
                rule="swallowed-exit",
                path=source.path,
                line=number,
                column=1,
                end_line=number,
                level=Level.NOTE if _asks_its_log(lines, number, last) else Level.WARNING,
                message=f"{message}: in time none is left; write `set -eo pipefail`",
                guards="backup",
                symbol="",
                text=source.text.splitlines()[number - 1].strip(),
            )
        ]
    return []
