"""Swallowed exits in shell scripts, hooks and CI."""

import re

from tipoff_audit.finding import Finding, Level
from tipoff_audit.reading.source import Source

_OR_TRUE = re.compile(r"\|\|\s*(true|:|exit\s+0|return\s+0|/bin/true|echo\b[^|;&]*)\s*(?:[;)\"'&`]|$|#)")
_EXPECTED = re.compile(
    r"^\s*(?:sudo\s+|if\s+|!\s*|-\s+|run:\s*)*(?:\w+=)?(?:[\"']?\$\(|`)?\s*(?:sudo\s+)?"
    r"(grep|egrep|rg|pgrep|kill|pkill|killall|rm|docker\s+(rm|stop|kill|network|volume|image|container|compose\s+\S*\s*down)|command\s+-v|which|type"
    r"|diff|cmp|wc|mkdir|umount|systemctl\s+stop|read|test|\[|id|getent|rmdir|unlink|stty|tput|unset|unalias|deactivate|popd|screen|tmux"
    r"|git\s+(diff|branch\s+-D|stash|rev-parse|config\s+--unset|describe|remote|symbolic-ref|log|status|worktree|tag)|brew|apt-get\s+(clean|autoremove)"
    r"|gcloud\s+\w+\s+describe|userdel|groupadd|useradd|ls|find|wait|cat|head|expr|let|\(\(|trap|true|readlink|uname|hash|source|\.)\b",
)
_CHECKS = re.compile(
    r"pytest|tox|nox|mypy|ruff|flake8|pylint|black|isort|lint|test|check|validate|verify|audit|bandit|safety|coverage|dbt|sqlfluff|deploy|migrate|alembic"
    r"|make|terraform|docker\s+(build|push)|gcloud|kubectl|helm|bq\s|gsutil|aws\s|psql|curl|npm|yarn|cargo|go\s|python|pre-commit|upload|publish|load|backup|rsync|scp",
    re.IGNORECASE,
)
_CONTINUE = re.compile(
    r"^\s*-?\s*(continue-on-error|allow_failure|ignore_failure|ignoreErrors|continueOnError|failFast)\s*:\s*(true|yes|on|'true'|\"true\")\s*(#.*)?$",
    re.IGNORECASE,
)
_SET_PLUS = re.compile(r"^\s*(?:-\s*)?(?:run:\s*)?set\s+\+(e|o\s+errexit|\w*e\w*)\b")
_HOOK = re.compile(
    r"(^|/)(\.?git)?hooks?/|pre-commit|pre-push|post-commit|commit-msg|(^|/)ci/|\.github/", re.IGNORECASE
)


def examine_lines(source: Source) -> list[Finding]:
    """Return the swallowed exits of a shell script or a CI file."""
    lines = source.text.splitlines()
    found: list[Finding] = []
    for number, line in enumerate(lines, 1):
        text = re.sub(r"(^|\s)#.*$", "", line)
        if not text.strip():
            continue
        said = _swallows(source, lines, number, text)
        if said:
            level, message = said
            found.append(_finding(source, number, line, level, message))
    if source.kind == "shell":
        found += _ends_well(source, lines) + _excused_exits(source, lines)
    return found


def _swallows(source: Source, lines: list[str], number: int, text: str) -> tuple[Level, str] | None:
    found = _OR_TRUE.search(text)
    if found and not _is_expected(text[: found.start()]) and not (found[1].startswith("echo") and not _in_ci(source)):
        level = Level.ERROR if _CHECKS.search(text) or _HOOK.search(source.path) else Level.WARNING
        return (
            level,
            f"`{found[0].strip(' ;)#')}` makes a failure pass for success; let it fail, or test for the status that is expected",
        )
    if source.kind == "yaml" and _CONTINUE.match(text):
        return (
            Level.ERROR,
            f"`{text.strip(' -')}`: this step may fail and the build stays green; let it fail, or take it out",
        )
    plus = _SET_PLUS.match(text)
    if plus and not _status_is_kept(lines, number):
        return (
            Level.ERROR if _HOOK.search(source.path) else Level.WARNING,
            "`set +e`: from here on failures are passed over; look at `$?`, and turn `set -e` on again",
        )
    return None


def _in_ci(source: Source) -> bool:
    return source.kind == "yaml" or bool(_HOOK.search(source.path))


def _is_expected(command: str) -> bool:
    """Whether the command's failure is an answer, not an error: `grep` that finds nothing, `rm` of what is gone."""
    last = re.split(r"&&|;|\||\bthen\b|\bdo\b", command)[-1]
    return bool(_EXPECTED.match(last)) or bool(re.search(r"\|\s*(grep|egrep|head|wc|diff)\b", command))


def _status_is_kept(lines: list[str], number: int) -> bool:
    """Whether the status is read, and `set -e` turned on again, in the lines that follow."""
    after = "\n".join(lines[number : number + 12])
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
            level = Level.ERROR if _HOOK.search(source.path) else Level.WARNING
            found.append(
                _finding(
                    source, number, line, level, "`exit 0` right after a check has failed; exit with another status"
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
    level = Level.ERROR if _HOOK.search(source.path) else Level.WARNING
    return [
        _finding(
            source,
            number,
            lines[number - 1],
            level,
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
