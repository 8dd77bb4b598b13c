"""Steps of scripts and of CI whose status is another's: a pipe's last command's, an error page's, the last load's."""

import re

from tipoff_audit.finding import Finding, Level
from tipoff_audit.reading.source import Source
from tipoff_audit.rules.ci_tests import step

_LONGEST = 2_000  # of a line that somebody wrote by hand
_SAFE = re.compile(r"pipefail|shell:\s*bash")
_TEED = re.compile(
    r"^\s*(?:-\s+)?(?:run:\s*)?(?!echo\b|printf\b|cat\b|#)(?P<left>[^|#]*[^|\s])\s*\|\s*(?:sudo\s+)?tee\b[^|;&]*$"
)
_ASKED = re.compile(r"\$\?|(?<!\w)\$\{\?\}")
_TESTED = re.compile(
    r"^\s*(?:-\s+)?(?:run:\s*)?(?:poetry|uv|pipenv|pdm|hatch|rye)\s+run\s+(?:coverage\s+run\s+-m\s+|python3?\s+-m\s+)?(?P<what>pytest|tox|nox|unittest|dbt)\b[^|]*\|\s*tee\b"
)
_PUSHES = re.compile(
    r"^\s*(?:-\s+)?(?:run:\s*)?git\s+push\b(?![^|]*(--delete|\s-d\s|\s:|--tags))[^|;&]*\|\|\s*(true|:|exit\s+0)\s*(#.*)?$"
)
_PASSES = re.compile(
    r"^\s*(?:-\s+)?(?:run:\s*)?(?P<before>[^#]*?(?:&&|\|\||;|\()\s*)?git\s+push\b(?!(?:[^|;&]*\s)?(?:--delete|-d|--tags|--dry-run|:\S*)(?:\s|$))"
    r"[^|;&#]*\|\|\s*(?:true|:|exit\s+0|echo\s+(?![^;&|]*::)(?:\"[^\"]*\"|'[^']*'|[^;&|\"'{}]+))\s*\)?\s*(?:#.*)?$"
)
_SCHEDULED = re.compile(r"^\s+schedule:\s*$\n(?:\s*#.*\n)*\s+-\s+cron:", re.MULTILINE)
_ASKED_AGAIN = re.compile(
    r"^\s*(for|while|until)\s|\b(git\s+(status|log|rev-list|rev-parse|fetch|ls-remote)|\$\?|exit\s+1)\b|origin/"
)
_IS_MEANT = re.compile(  # somebody has thought of it, and of what the next run has again
    r"best.?effort|non.?(fatal|critical|blocking)|optional|not\s+fatal|don't\s+fail|retr(y|ies)|next\s+(run|cycle|day)",
    re.IGNORECASE,
)
_SLIGHT = re.compile(
    r"(README\S*|\S*\.(md|svg|png|gif|html|lock|log)|\S*(badge|coverage|screenshot|docs?/|logs?/|changelog|version)\S*|-\w+|--\w+)$",
    re.IGNORECASE,
)
_UPGRADES = re.compile(
    r"\b(schematool|flyway|liquibase)\b|(schema|db|database)[-_ ]?(upgrade|migrat\w*)\b"
    r"|\b-?(upgrade|migrate)[-_]?(schema|db|database)\b",
    re.IGNORECASE,
)
_OR_TRUE = re.compile(r"\|\|\s*(true|:|exit\s+0)\s*(#.*)?$")


def steps(source: Source) -> list[Finding]:
    """Return the steps of a script or a CI file whose failure is another's status."""
    lines = [line[:_LONGEST] for line in source.text.splitlines()]
    found: list[Finding] = []
    is_ci = source.kind == "yaml"
    safe = _SAFE.search(source.text) is not None
    for number, line in enumerate(lines, 1):
        text = re.sub(r"(^|\s)#.*$", "", line)
        teed = None if safe else _TEED.match(text)
        if teed and number < len(lines) and _ASKED.search(lines[number]) and "PIPESTATUS" not in lines[number]:
            message = "`$?` after a pipe is the status of `tee`, which is well whatever the command before it has said"
            found.append(_finding(source, number, line, f"{message}; write `set -o pipefail`, or ask `PIPESTATUS`"))
        elif is_ci and not safe and _TESTED.match(text) and not re.search(r"\|\|", text):
            message = "without `pipefail` tests that fail are green: the status is that of `tee`"
            found.append(_finding(source, number, line, f"{message}; write `set -o pipefail`"))
        elif is_ci and (_PUSHES.match(text) or _PASSES.match(text)):
            message = "a push that is refused ends the step well: what was made here is lost with the machine"
            level = Level.ERROR if _loses_the_days(source, lines, number) else Level.NOTE
            found.append(_finding(source, number, line, f"{message}; let it fail, or pull and push again", level))
        elif _OR_TRUE.search(text) and _UPGRADES.search(text.partition("||")[0]):
            message = "a schema that was not upgraded passes for one that was"
            found.append(_finding(source, number, line, f"{message}; let it fail"))
    return [*found, *_loads(source, lines)] if source.kind == "shell" else found


def _loses_the_days(source: Source, lines: list[str], number: int) -> bool:
    """Whether a workflow that nobody begins commits data in this step, and neither pushes again nor asks what has come of it."""
    if not source.path.startswith(".github/workflows/") or _SCHEDULED.search(source.text) is None:
        return False
    if _PASSES.match(lines[number - 1]) is None:
        return False
    own = step(lines, number)
    others = list(own)
    others.remove(lines[number - 1])
    if any(_ASKED_AGAIN.search(one) or re.search(r"\bgit\s+push\b", one) for one in others):
        return False
    whole = "\n".join(own)
    added = re.findall(r"\bgit\s+add\s+([^&|;#\n]+)", whole)
    is_slight = bool(added) and all(_SLIGHT.match(one.strip("\"'")) for given in added for one in given.split())
    is_all = any(one in {"-A", "--all", "-u", "."} for given in added for one in given.split())
    return (
        re.search(r"\bgit\s+commit\b", whole) is not None
        and (is_all or not is_slight)
        and _IS_MEANT.search(whole) is None
    )


_HEALTH = re.compile(r"^\s*healthcheck:\s*$")
_ASKS = re.compile(r"\bcurl\b(?P<options>[^|;&\]]*)")
_FAILS = re.compile(
    r"(^|[\s\"'\[,])(-[a-zA-Z]*f[a-zA-Z]*|--fail\S*)([\s\"',]|$)|http_code|-w\b|--write-out|telnet://|--unix-socket"
)


def healthy(source: Source) -> list[Finding]:
    """Return the checks of a container's health that ask with `curl`, and take an error for an answer."""
    lines = [line[:_LONGEST] for line in source.text.splitlines()]
    found: list[Finding] = []
    for number, line in enumerate(lines, 1):
        if not _HEALTH.match(line):
            continue
        for at in range(number, min(number + 6, len(lines))):
            text = re.sub(r"(^|\s)#.*$", "", lines[at])
            asked = _ASKS.search(text)
            if asked and re.search(r"localhost|127\.0\.0\.1|https?:|0\.0\.0\.0", text):
                if not _FAILS.search(asked["options"]) and not re.search(r"grep|jq|python", text):
                    message = (
                        "`curl` without `-f` ends with 0 where the service answers with an error: it is always healthy"
                    )
                    found.append(_finding(source, at + 1, lines[at], f"{message}; write `curl -f`"))
                break
    return found


_LOADS = re.compile(
    r"^(?:[A-Z_]+=\S+\s+)*(?:sudo\s+|time\s+)?(?:ogr2ogr|shp2pgsql|raster2pgsql|osm2pgsql|bq\s+(?:load|query|cp)|gsutil\s+(?:-m\s+)?(?:cp|rsync)|aws\s+s3\s+(?:cp|sync)"
    r"|psql|mysql|pg_restore|mysqlimport|mongoimport|mongorestore|snowsql|sqlldr|clickhouse-client|bcdata\s+bc2pg)\s"
)
_STRICT = re.compile(
    r"^\s*set\s+-\w*e|^\s*set\s+-o\s+errexit|^#!.*\s-\w*e|\btrap\b[^\n]*\bERR\b|\(\)\s*\{[^}]*\$\?", re.MULTILINE
)
_STATUS = re.compile(r"\$\?|PIPESTATUS")
_NEAR = 3  # lines in which a load is asked how it has ended
_READS = re.compile(
    r"\w=[\"']?\$\(|(?:\s-\w*c|query)\b[^\"']*\s[\"']\s*(?:SELECT|SHOW|EXPLAIN|\\d)|<<(?:-?\s*[\"']?\w+[\"']?)\s+(?:SELECT|SHOW|\\d)",
    re.IGNORECASE,
)
_FEWEST = 2  # loads of a script, one after the other


def _loads(source: Source, lines: list[str]) -> list[Finding]:
    """Find scripts that load one thing after another, and go on after one that failed; told once, at the first."""
    if _STRICT.search(source.text):
        return []
    loads: list[int] = []
    begun = ""
    first = 0
    for number, line in enumerate(lines, 1):
        whole = begun + line
        at = first if begun else number
        if line.rstrip().endswith("\\") and len(whole) < _LONGEST:
            begun, first = whole.rstrip()[:-1] + " ", at
            continue
        begun = ""
        is_asked = any(map(_STATUS.search, lines[number - 1 : number + _NEAR]))
        is_read = _READS.search(" ".join([whole, *lines[number : number + 1]])) is not None
        if (
            _LOADS.match(whole)
            and not is_asked
            and not is_read
            and not re.search(r"\|\||&&|&\s*$|\|\s*(tee|grep)", whole)
        ):
            loads.append(at)
    if len(loads) < _FEWEST:
        return []
    message = "a load that fails does not end this script: its status is that of its last command"
    return [_finding(source, loads[0], lines[loads[0] - 1], f"{message}; write `set -e`")]


def _finding(source: Source, number: int, line: str, message: str, level: Level = Level.NOTE) -> Finding:
    return Finding(
        rule="swallowed-exit",
        path=source.path,
        line=number,
        column=len(line) - len(line.lstrip()) + 1,
        end_line=number,
        level=level,
        message=message,
        guards="",
        symbol="",
        text=line.strip(),
    )
