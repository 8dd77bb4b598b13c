"""What tells an orchestrator that all is well where it is not: rules that run a task whatever happened, sensors and handlers that skip."""

import ast
import re

from tipoff_audit.finding import Level
from tipoff_audit.reading.context import File
from tipoff_audit.reading.names import constant, keyword, last_name

_ALWAYS = re.compile(r"^(all_done|always|dummy|none_failed_min_one_success_or_skipped)$", re.IGNORECASE)
_WATCHED = re.compile(r"one_failed|ONE_FAILED|as_teardown|@teardown|on_failure_callback|email_on_failure|watcher")


def orchestration(file: File) -> None:
    """Report trigger rules and sensors by which a failed run ends green."""
    if not any("airflow" in origin for origin in file.index.imports.values()):
        return
    watched = _WATCHED.search(file.index.source.text) is not None
    for call in file.index.calls:
        rule = keyword(call, "trigger_rule")
        if (
            rule is not None
            and _ALWAYS.match(str(constant(rule) or last_name(rule)))
            and not watched
            and not _is_end(call)
        ):
            message = (
                "`all_done` runs this task whatever failed before it, and as the last one it makes the whole run green"
            )
            file.say(
                "swallowed-gate",
                call,
                Level.WARNING,
                f"{message}; make clean-up a teardown, or let a watcher with `one_failed` end the run",
                guards="gate",
                line=rule.lineno,
            )
        soft = keyword(call, "soft_fail")
        if soft is not None and constant(soft) is True:
            message = (
                "a sensor that fails softly is skipped, and all that waits for it: data that never came ends green"
            )
            file.say(
                "swallowed-gate",
                call,
                Level.WARNING,
                f"{message}; let it fail, and tell somebody",
                guards="gate",
                line=soft.lineno,
            )


def _is_end(call: ast.Call) -> bool:
    """Whether the task does nothing itself."""
    return last_name(call.func) in {"EmptyOperator", "DummyOperator"}
