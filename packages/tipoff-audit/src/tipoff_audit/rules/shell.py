"""Swallowed exits in shell scripts, hooks and CI."""

import re
from functools import lru_cache

from tipoff_audit.finding import Finding, Level
from tipoff_audit.reading.source import Source
from tipoff_audit.rules.ci_tests import CONTINUES, SET_PLUS, is_run_before, step
from tipoff_audit.rules.shell_functions import is_recorded

_OR_TRUE = re.compile(r"\|\|\s*(true|:|exit\s+0|return\s+0|/bin/true|echo\b[^|;&]*)\s*(?:[;)\"'&`]|$|#)")
_EXPECTED = re.compile(
    r"^\s*(?:sudo\s+|if\s+|!\s*|-\s+|run:\s*)*(?:\w+=)?(?:[\"']?\$\(|`)?\s*(?:sudo\s+)?"
    r"(grep|egrep|rg|pgrep|kill|pkill|killall|rm|docker\s+(rm|stop|kill|network|volume|image|container|compose\s+\S*\s*down)|command\s+-v|which|type"
    r"|diff|cmp|wc|mkdir|umount|systemctl\s+stop|read|test|\[|id|getent|rmdir|unlink|stty|tput|unset|unalias|deactivate|popd|screen|tmux"
    r"|git\s+(diff|branch\s+-D|stash|rev-parse|config\s+--unset|describe|remote|symbolic-ref|log|status|worktree|tag)|brew|apt-get\s+(clean|autoremove)"
    r"|gcloud\s+\w+\s+describe|userdel|groupadd|useradd|ls|find|wait|cat|head|expr|let|\(\(|trap|true|readlink|uname|hash|source|\.)\b",
)
_ONLY_PRINTS = re.compile(  # what is installed: nothing rests on it
    r"^\s*(?:-\s+)?(?:run:\s*[\"']?)?(?:sudo\s+)?(?:[\w./-]+(?:\s+(?:-m\s+)?[\w./-]+){0,3}\s+--version|(?:python3?|pip3?|pytest)\s+-V"
    r"|(?:[\w./-]+\s+-m\s+)?(?:pip3?|conda|uv\s+pip)\s+(?:list|show|freeze)(?:\s+[\w./=-]+)*|(?:echo|printf)\b[^`$|&;]*"
    r"|python3?\s+-c\s+(?P<quote>[\"'])\s*import\s+[\w., ]+;\s*print\([^()]*"
    r"\.(?:__version__|version|__file__|executable|path)\b[^()]*\)\s*(?P=quote))"
    r"(?:\s+(?:2>&1|\d?>\s*/dev/null))*\s*$"
)
_CHECKS = re.compile(
    r"\b(pytest|tox|nox|mypy|pyright|ruff|flake8|pylint|black\s.*--check|isort\s.*--check|unittest|bandit|sqlfluff|pre-commit|eslint|shellcheck|hadolint"
    r"|dbt\s+(test|build|run|seed)|go\s+(test|vet)|cargo\s+(test|clippy)|(npm|yarn|pnpm)\s+(run\s+)?(test|lint)|make\s+\S*(test|lint|check)\S*"
    r"|python3?\s+-m\s+\S*(verify|validate|check|lint|test)\S*|alembic\s+upgrade|manage\.py\s+(migrate|test)|great_expectations|soda\s+scan)\b|(^|[/\s])(lint|test|check|validate|verify|audit)\S*\.(sh|py)\b"
    r"|^\s*\S*(lint|validate|verify)\S*(\s|$)",
    re.IGNORECASE,
)
_TESTS = re.compile(
    r"\b(pytest|unittest|tox|nox|(npm|yarn|pnpm)\s+(run\s+)?test|go\s+test|cargo\s+test|dbt\s+test|manage\.py\s+test|ctest|make\s+(test|check)"
    r"|soda\s+scan)\b",
)
_INSTALLS = re.compile(
    r"\b(pip3?|uv|poetry|pipx|conda|mamba|apt-get|apt|npm|yarn|pnpm)\s+(-\S+\s+)*(install|add|ci|sync|i)\b"
)
_LINTS = re.compile(
    r"\b(ruff|flake8|pylint|black|isort|eslint|mypy|pyright|shellcheck|hadolint|sqlfluff)\b"
)  # of style, not of data
_MIGRATES = re.compile(r"\balembic\s+upgrade|manage\.py\s+migrate|\bdbt\s+(build|run|seed)", re.IGNORECASE)
_DATA = re.compile(
    r"\b(bq\s+(load|query|cp|mk)|gsutil\s+(-m\s+)?(cp|rsync|mv)|aws\s+s3\s+(cp|sync|mv)|psql|mysql|pg_dump|pg_restore|mysqldump|rsync|scp|snowsql|sqlldr"
    r"|spark-submit|sqlplus|mongodump|mongorestore|backup|(?<![$\w{])(load|export)_\w+|\w*(ingest|backfill|scrape)\w*\.(sh|py))\b",
    re.IGNORECASE,
)
_TAKES_AWAY = re.compile(
    r"\b(delete|destroy|remove|rm|rmi|stop|kill|drop|uninstall|prune|detach|disable|unset|unload|purge|down|revoke|describe|inspect|exists|status|list|get"
    r"|undeploy|deregister|unregister|cleanup|clean|logout|close|cancel|dropdb|show|info|diff|login|mkdir|notify)\b"
)
_OPTIONAL = re.compile(
    r"codecov|coverage|coveralls|upload|artifact|comment|cache|notify|alert|slack|nightly|experimental|optional|sarif|benchmark|preview|allow|flaky|docs?\b"
    r"|advisory|informational|non[- ]?blocking|warn[- ]?only|--cov-report(?!.*cov-fail-under)|mutmut|mutation",
    re.IGNORECASE,
)
_SET_E = re.compile(r"\s*set\s+-\w*e")
_ENDS_WELL = re.compile(r"^\s*trap\s+(['\"]).*\bexit\s+0\b.*\1\s+.*\b(EXIT|0)\b")
_HOOK = re.compile(
    r"(^|/)(\.?git)?hooks?/|pre-commit|pre-push|post-commit|commit-msg|(^|/)ci/|\.github/", re.IGNORECASE
)


_LONGEST = 2_000  # of a line that somebody wrote by hand
_PRODUCES = re.compile(
    r"^\s*(?:[A-Z_]+=\S+\s+)*(?:sudo\s+|exec\s+|time\s+)?(pg_dump(all)?|mysqldump|mongodump|bq|psql|mysql|curl|wget|gsutil|aws|python3?|dbt|pytest|tox|make|sqlite3|duckdb|ogr2ogr"
    r"|\./\S+|terraform|kubectl|helm|alembic|snowsql|sqlcmd|kubectl\s+exec|docker\s+exec)\b"
)
_KEEPS = re.compile(
    r"\|\s*(gzip|pigz|bzip2|zstd|xz|tee|psql|mysql|bq\s|gsutil\s+cp|aws\s+s3\s+cp|tar\b|gpg|openssl|duckdb|sqlite3|gunzip|zcat|pv|ssh|pg_restore|jq|grep\s+-v)\b|>\s*[\w\"'$./{-]"
)
_RUNS = re.compile(  # the step's own work, rather than what is installed
    r"^\s*(?:[A-Z_]+=\S+\s+)*(python3?\s+(?!-V|--version|-m\s+(pip|venv|pytest)\b)|dbt\s+(run|build|seed)|bq\s|psql\s|pg_dump|\./\S+)"
)
_FETCHES = re.compile(r"\bcurl\b(?P<options>[^|;&\n]*)")
_FAILS = re.compile(r"(^|\s)(-[a-zA-Z]*f[a-zA-Z]*|--fail\S*)(\s|$)|http_code|--write-out|-w\s")
_HANDED_ON = re.compile(
    r"^\s*\|\s*(sudo\s+|\\$)?(gpg|apt-key|tar|bash|sh|tee|unzip|gunzip|zcat|python3?|psql|mysql|docker|kubectl|jq|awk|sed|cut|grep|$)"
)
_TO_A_FILE = re.compile(
    r"(^|\s)(-[a-zA-Z]*[oO]|--output|--remote-name)(\s+(?!/dev/null)|$)|\s>\s*(?!/dev/null)[\w\"'$./{]"
)
_THROWN_AWAY = re.compile(r"(>|\s-[a-zA-Z]*o|--output)\s*/dev/null")
_NOTIFIES = re.compile(
    r"hook|slack|discord|telegram|notif|alert|mail|ping|heartbeat|health|metric|pushgateway|ntfy|pushover|log",
    re.IGNORECASE,
)


def _pipes(source: Source, lines: list[str]) -> list[Finding]:
    """Find pipes whose first command may fail unseen, and pages of errors that are kept for data."""
    found: list[Finding] = []
    safe = re.search(r"pipefail|shell:\s*bash", source.text) is not None
    script = source.kind == "shell"
    for number, line in enumerate(lines, 1):
        text = re.sub(r"(^|\s)#.*$", "", line)
        if "|" in text and not safe and not re.search(r"PIPESTATUS|\|\||^\s*(if|while|until)\b", text):
            command = re.sub(r"^\s*-?\s*(run:|script:)?\s*[|>]?\s*-?\s*", "", text)
            left = command.partition("|")[0]
            is_check = _CHECKS.search(left) is not None and "tee" in command
            is_work = _RUNS.match(left) is not None and re.search(r"\|\s*tee\b", command) is not None and _in_ci(source)
            if (
                _PRODUCES.match(command)
                and "|" in command
                and _KEEPS.search(command[len(left) :])
                and (script or is_check or is_work)
                and not re.search(r"\$\(|`", re.sub(r"\$\([^()]*\)", "", left))
                and "PIPESTATUS" not in "".join(lines[number : number + 3])
            ):
                is_seen = _fails_later(lines, number, left)
                level = Level.WARNING if is_check and _in_ci(source) and not is_seen else Level.NOTE
                first = left.split()[0]
                message = f"without `pipefail` a failure of `{first}` is not seen, and what it has not said is kept for the whole"
                found.append(_finding(source, number, line, level, f"{message}; write `set -o pipefail`"))
                continue
        fetch = _FETCHES.search(text)
        posts = fetch is not None and re.search(r"-X\s*(POST|PUT|PATCH)|--data|\s-d\s", fetch["options"]) is not None
        is_unread = script and _THROWN_AWAY.search(text) is not None and not _NOTIFIES.search(text)
        if (
            fetch
            and posts
            and (_in_ci(source) or is_unread)
            and not _FAILS.search(fetch["options"])
            and not re.search(r"\$\(|`|\||=\s*\"?\$", text)
        ):
            message = (
                "`curl` without `-f` ends with status 0 where the other side has refused, and nobody reads its answer"
            )
            found.append(_finding(source, number, line, Level.NOTE, f"{message}; write `curl -f`"))
            continue
        if fetch and not _FAILS.search(fetch["options"]):
            to_a_file = _TO_A_FILE.search(text[fetch.start() :]) is not None or '"$@"' in fetch["options"]
            if to_a_file or (script and _HANDED_ON.search(text[fetch.end() :])):
                message = "`curl` without `-f` keeps the page of a 404 or a 500 for what was asked for, and ends with status 0"
                found.append(_finding(source, number, line, Level.NOTE, f"{message}; write `curl -f`"))
    return found


_ITS_FILE = re.compile(r"\s(?:-o|--[\w-]*(?:out|output|report|dest|write|save)[\w-]*)[ =][\"']?(?P<name>[\w./-]+\.\w+)")


def _fails_later(lines: list[str], number: int, command: str) -> bool:
    """Whether a later line of the same step reads a file that the command writes, and fails where it is not there."""
    written = {found["name"] for found in _ITS_FILE.finditer(command)}
    depth = _depth(lines[number - 1])
    for line in lines[number:]:
        if line.strip() and _depth(line) < depth:
            break
        if _OR_TRUE.search(line) or SET_PLUS.match(line) or "||" in line:
            continue
        read = re.match(r"\s*(python3?|jq|bash|sh)\b(.*)", line) if _depth(line) == depth else None
        if read is not None and written & set(re.split(r"[\s\"']+", read[2])) and not _ITS_FILE.search(line):
            return True
    return False


def examine_lines(source: Source) -> list[Finding]:
    """Return the swallowed exits of a shell script or a CI file."""
    lines = [line[:_LONGEST] for line in source.text.splitlines()]
    found: list[Finding] = []
    begun = ""
    for number, line in enumerate(lines, 1):
        text = begun + re.sub(r"(^|\s)#.*$", "", line)
        begun = f"{text.rstrip()[:-1].rstrip()} " if text.rstrip().endswith("\\") and len(text) < _LONGEST else ""
        if begun or not text.strip():
            continue
        said = _swallows(source, lines, number, text)
        if said:
            level, message = said
            found.append(_finding(source, number, line, level, message))
    found += _pipes(source, lines)
    if source.kind == "yaml":
        found += _always(source, lines)
    if source.kind == "shell":
        found += _ends_well(source, lines) + _excused_exits(source, lines)
    return found


@lru_cache(maxsize=1)
def _set_e(text: str) -> tuple[int, int]:
    """Return the first and the last line that says `set -e`; none: no line is before the first, or after the last."""
    found = [number for number, line in enumerate(text.splitlines(), 1) if _SET_E.match(line)]
    return (found[0], found[-1]) if found else (len(text) + 2, 0)


def _swallows(source: Source, lines: list[str], number: int, text: str) -> tuple[Level, str] | None:  # noqa: PLR0911 -- a return for each case
    found = _OR_TRUE.search(text)
    told = found is not None and found[1].startswith("echo") and not _in_ci(source)
    if (
        found
        and not _is_expected(text[: found.start()])
        and (not told or (">&2" not in text and _is_lost(lines, number, text[: found.start()])))
    ):
        command = text[: found.start()]
        if _ONLY_PRINTS.match(re.split(r";\s*(?![^;]*[\"']\s*$)", command)[-1]):
            return None
        is_asked = source.kind == "shell" and is_recorded(source.text, command)
        if is_asked or _is_supervised(lines, number) or re.search(r"\|\s*(sudo\s+)?xargs\b.*\brm\b", command):
            return (
                None  # written down and asked for; begun again by the loop around it; or old files that are swept away
            )
        level = _level(source, command)
        about = step(lines, number) if source.kind == "yaml" else lines[max(0, number - 4) : number + 1]
        if level is not Level.NOTE and source.kind == "yaml" and is_run_before(lines, number, command):
            level = Level.NOTE
        if level is not Level.NOTE and (_SAYS_SO.search("\n".join(about)) or any(map(CONTINUES.match, about))):
            level = Level.NOTE
        if (
            level is Level.NOTE
            and not _CHECKS.search(command)
            and (_TAKES_AWAY.search(command) or not _names_work(command))
        ):
            return None  # made or taken away if it is there: the status is an answer
        return (
            level,
            f"`{found[0].strip(' ;)#')}` makes a failure pass for success; let it fail, or test for the status that is expected",
        )
    if source.kind == "yaml" and CONTINUES.match(text):
        return (
            Level.NOTE,
            f"`{text.strip(' -')}`: this step may fail and the build stays green; let it fail, or take it out",
        )
    ended = _ENDS_WELL.search(text)
    if ended:
        return (
            Level.NOTE,
            "`exit 0` in a trap on EXIT: whatever the script has said, it ends well; end with the status that it had",
        )
    plus = SET_PLUS.match(text)
    first, last = _set_e(source.text)
    strict, again = first < number, last > number
    if plus and (not _status_is_kept(lines, number) or (strict and not again)):
        return (
            Level.NOTE,
            "`set +e`: from here on failures are passed over; look at `$?`, and turn `set -e` on again",
        )
    return None


_MARKS = re.compile(
    r"\b(INSERT\s+INTO|UPDATE)\s+\S*(done|loaded|complete|status|state|runs?\b)|\btouch\s+\S*(done|complete|success|stamp)"
    r"|>\s*\S*(done|success|complete|stamp|last_run)",
    re.IGNORECASE,
)


def _is_lost(lines: list[str], number: int, command: str) -> bool:
    """Whether it loads or keeps data; or a program of somebody's making, and a later line marks the work as done."""
    if _DATA.search(command):
        return True
    return _RUNS.match(command.strip()) is not None and any(_MARKS.search(line) for line in lines[number:])


def _is_supervised(lines: list[str], number: int) -> bool:
    """Whether the command stands in a loop without end that tells that it has ended, sleeps, and begins it again."""
    before, after = lines[max(0, number - 9) : number - 1], lines[number : number + 7]
    ends = next((place for place, line in enumerate(after) if re.match(r"\s*done\b", line)), len(after))
    return any(re.match(r"\s*while\s+(true|:|\[ 1)", line) for line in before) and any(
        re.match(r"\s*sleep\b", line) for line in after[:ends]
    )


_REPORTS = re.compile(r"[\w-]+\.(xml|json|log|txt|html)\b")  # `pytest-report.xml` is no test
_REPORTS_TO = re.compile(r"\s(-o|--output\S*|--output-file|>)[ =]?\s*[\w./$\"'{]")
_SAYS_SO = re.compile(
    r"(n't|n.t|not) (fail|block|break)|non[- ]?(blocking|fatal)|review recommended|temporar|allow|advisory|informational"
    r"|diagnostic|broken|known|flaky|legacy|experimental|\bno (\w+ ){0,2}(configured|yet)"
    r"|read[- ]only|best[- ]effort|optional|ignore|\bskipped or no\b|no \w+ found|may be none|continu(e|es|ing) (anyway|despite)"
    r"|::(warning|error)|(goes|go|going|carry|carries) on\b|coverage report|report generation",
    re.IGNORECASE,
)


def _level(source: Source, command: str) -> Level:
    """Return how much is passed over: a check where it decides, a load or a backup, anything else."""
    if _OPTIONAL.search(command) or _INSTALLS.search(command) or re.search(r"--exit-zero|=\s*\"?\$\(", command):
        return Level.NOTE  # it says itself that it is a report; or what it has said is asked for, and may be nothing
    if _REPORTS_TO.search(command) and _CHECKS.search(command):
        return Level.NOTE  # its report is kept, and a later step may read it
    if _LINTS.search(command) or re.search(r"\bmake\s+\S*(down|clean|stop)\b", command):
        return Level.NOTE
    if _CHECKS.search(_REPORTS.sub("", command)):
        if _in_ci(source):  # what a check of somebody's own making says may be for reading only
            return Level.WARNING if _TESTS.search(_REPORTS.sub("", command)) else Level.NOTE
        return Level.WARNING if _MIGRATES.search(command) else Level.NOTE  # whoever starts a test reads what it says
    return Level.NOTE


def _names_work(command: str) -> bool:
    return bool(
        re.search(
            r"\b(make|python3?|bash|sh|docker|terraform|helm|kubectl|npm|yarn|go|cargo|dbt|gcloud|aws|bq|deploy|build|publish|release)\b",
            command,
        )
    )


_IF_ALWAYS = re.compile(r"^\s*(-\s+)?if:\s*[\"']?(\$\{\{\s*)?(always\(\)|!\s*cancelled\(\))\s*(\}\})?[\"']?\s*$")
_GOES_OUT = re.compile(
    r"git\s+push|git\s+commit|kubectl\s+(apply|set|rollout)|terraform\s+apply|helm\s+(upgrade|install)|docker\s+push|twine\s+upload|npm\s+publish|gcloud\s+\S+\s+deploy"
    r"|dbt\s+run|bq\s+load|gsutil\s+(-m\s+)?(cp|rsync)|aws\s+s3\s+(cp|sync)|poetry\s+publish|gh-pages|pypi-publish|make\s+(deploy|publish|release)",
)


def _always(source: Source, lines: list[str]) -> list[Finding]:
    """Find steps and jobs that deploy, publish or commit, and run whatever has failed before them."""
    found: list[Finding] = []
    for number, line in enumerate(lines, 1):
        if not _IF_ALWAYS.match(line):
            continue
        whole = "\n".join(_block(lines, number))
        if _GOES_OUT.search(whole) and not _OPTIONAL.search(whole):
            message = "this deploys or publishes also where what it waits for has failed"
            found.append(
                _finding(source, number, line, Level.NOTE, f"{message}; take the `if` out, or ask for success()")
            )
    return found


def _block(lines: list[str], number: int) -> list[str]:
    """Return the lines of the step or job in which line `number` stands."""
    depth = len(lines[number - 1]) - len(lines[number - 1].lstrip())
    depth = depth if not lines[number - 1].lstrip().startswith("- ") else depth + 2
    begin = number - 1
    while begin > 0 and not (lines[begin].strip() and _depth(lines[begin]) < depth):
        begin -= 1
    end = number
    while end < len(lines) and (
        not lines[end].strip() or (_depth(lines[end]) >= depth and not _is_item(lines[end], depth))
    ):
        end += 1
    return lines[begin:end]


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def _is_item(line: str, depth: int) -> bool:
    return line.lstrip().startswith("- ") and _depth(line) < depth


def _in_ci(source: Source) -> bool:
    return source.kind == "yaml" or bool(_HOOK.search(source.path))


def _is_expected(command: str) -> bool:
    """Whether the command's failure is an answer, not an error: `grep` that finds nothing, `rm` of what is gone."""
    last = re.split(r"&&|;|\||\bthen\b|\bdo\b", command)[-1]
    return bool(_EXPECTED.match(last)) or bool(re.search(r"\|\s*(grep|egrep|head|wc|diff)\b", command))


def _status_is_kept(lines: list[str], number: int) -> bool:
    """Whether the status is read, and `set -e` turned on again, in the lines that follow."""
    after = "\n".join(lines[number : number + 40])
    return bool(re.search(r"\$\?|PIPESTATUS", after)) and bool(
        re.search(r"^\s*(set\s+-\w*e|exit\s+[\"']?\$|return\s+[\"']?\$|if\s)", after, re.MULTILINE)
    )


_IF_NOT = re.compile(r"^\s*if\s+!\s*(?P<command>.+?);?\s*(then\b.*)?$")


def _excused_exits(source: Source, lines: list[str]) -> list[Finding]:
    """Find `exit 0` where a check has just failed: `if ! check; then …; exit 0; fi`."""
    found: list[Finding] = []
    failed = False
    for number, line in enumerate(lines, 1):
        asked = _IF_NOT.match(line)
        if asked:
            failed = bool(_CHECKS.search(asked["command"])) and not re.search(
                r"\[|command\s+-v|which|\btest\s|grep", asked["command"]
            )
        elif re.match(r"\s*(fi|else|elif)\b", line):
            failed = False
        if failed and re.search(r"(^|;)\s*exit\s+0\s*;?\s*(fi)?\s*(#.*)?$", line):
            found.append(
                _finding(
                    source,
                    number,
                    line,
                    Level.NOTE,
                    "`exit 0` right after a check has failed; exit with another status",
                )
            )
    return found


def _ends_well(source: Source, lines: list[str]) -> list[Finding]:
    """Find `exit 0` at the end of a script, whatever its commands said."""
    body = [
        (number, line.strip())
        for number, line in enumerate(lines, 1)
        if line.strip() and not line.strip().startswith("#")
    ]
    if not body or body[-1][1] not in {"exit 0", "exit 0;"} or not lines[body[-1][0] - 1].startswith("exit"):
        return []
    text = "\n".join(line for _, line in body[:-1])
    if re.search(r"^set\s+-\w*e|^#!.*\s-\w*e", source.text, re.MULTILINE) or re.search(
        r"\$\?|exit\s+[1-9\"'$]|\|\|\s*exit|return\s+1", text
    ):
        return []
    if not _CHECKS.search(text):
        return []
    number = body[-1][0]
    return [
        _finding(
            source,
            number,
            lines[number - 1],
            Level.NOTE,
            "`exit 0` at the end, whatever the commands above have said; use `set -e`, or exit with their status",
        )
    ]


def _finding(source: Source, number: int, line: str, level: Level, message: str) -> Finding:
    return Finding(
        rule="swallowed-exit",
        path=source.path,
        line=number,
        column=len(line) - len(line.lstrip()) + 1,
        end_line=number,
        level=level,
        message=message,
        guards="gate" if _CHECKS.search(line) else "",
        symbol="",
        text=line.strip(),
    )
