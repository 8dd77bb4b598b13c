"""The judgement on a broad handler: what is lost by its answer, given what it guards."""

import re
from dataclasses import replace

from tipoff_audit.finding import Finding, Level
from tipoff_audit.reading import words as w
from tipoff_audit.reading.effects import named
from tipoff_audit.reading.names import words
from tipoff_audit.reading.try_blocks import TryBlock
from tipoff_audit.reading.words import these

_OF_ALERTS = these("pager page alert alerts alerter notify notifier on_failure failure callback_failure")
_CLOSING = these("close cleanup shutdown teardown stop terminate aclose disconnect dispose")
_SWEEPERS = these(
    """clean cleanup clear sweep prune expire purge orphan orphans discard revoke
    remove drop delete cancel stale handle"""
)
_BESIDE_THE_POINT = these(  # what is only remembered, or only counted, can be made again
    """cache cached caches caching telemetry track nux milestone memo memoize banner device first preload bytecode pyc
    lineage openlineage
    tracing autolog autologging usage metric metrics cloudwatch
    monitor monitoring observability comment comments demo plugin plugins mock sample seed"""
)
_FILTERS = these("filter exclude dedupe drop remove eligible clean without only keep select")
_NOTHING_DONE = frozenset({"none", "empty", "zero", "false", "value", "input"})


def _empty_for_broken(guard: TryBlock) -> Finding:
    message = "what cannot be parsed becomes something empty, which stands for a day without any"
    return _found(guard, "default-on-error", Level.NOTE, f"{message}; raise, or let the payload be quarantined", "read")


def judge(guard: TryBlock) -> Finding | None:
    """Return what is wrong with the handler, if anything is lost by it; less, where a comment says that it does not matter."""
    found = _judged(guard)
    if found is None or found.level is Level.NOTE:
        return found
    is_known = guard.is_meant or guard.declared or guard.copied or guard.of_failure
    return replace(found, level=Level.NOTE) if is_known else found


_SAFE_FLAG = re.compile(
    r"(should|need|must|requires?)_\w*(sync|refresh|update|run|retrain|load|reload|fetch|check)", re.IGNORECASE
)


def _said(guard: TryBlock) -> Finding | None:
    """Judge a handler by what it says itself, whatever its block does."""
    if guard.breadth == "unlocked":
        message = f"`except {guard.caught}`: the lock was not got, and what it was for is done all the same"
        return _found(guard, "swallowed-gate", Level.NOTE, f"{message}; wait, or give up and say so", "gate")
    if guard.breadth == "preset":
        message = (
            "the question could not be asked, and the yes that stood before it is the answer: the gate stands open"
        )
        return _found(guard, "swallowed-gate", Level.NOTE, f"{message}; begin with no", "gate")
    if guard.flagged and not guard.effects.get("write") and not _SAFE_FLAG.search(guard.symbol):
        message = f"what was to be looked at was not, and that {_answers(guard)}: the gate stands open"
        return _found(guard, "swallowed-gate", Level.NOTE, f"{message}; say that it is unknown, or raise", "gate")
    if guard.keyed and not guard.effects.get("write") and guard.calls and not guard.again:
        message = f"`{guard.assigns}` is given a default under the item's key, which nobody can tell from a true answer"
        return _found(guard, "default-on-error", Level.NOTE, f"{message}; leave it out, or mark it as failed", "read")
    if guard.skipped:
        about = next(
            (guard.effects[kind][0] for kind in ("write", "work", "read") if kind in guard.effects), "the work"
        )
        message = f"{about} failed, and `raise {guard.skipped}` says that there was nothing to do: the run ends green"
        return _found(guard, "default-on-error", Level.NOTE, f"{message}; let the error pass", "work")
    return None


def _told(guard: TryBlock) -> Finding | None:
    """Judge a handler that says that there was nothing, or goes on to the next who is asked."""
    if guard.emptied:
        message = f"whatever failed is told as `{guard.emptied}`, which nobody can tell from nothing there"
        return _found(guard, "default-on-error", Level.NOTE, f"{message}; let the error pass", "read")
    own = named(guard.symbol.rpartition(".")[2])
    if guard.passes and own is not None and own.kind == "gate" and not guard.acts:
        message = "who could not be asked has as good as agreed: the loop goes on, and in the end the answer is yes"
        return _found(guard, "swallowed-gate", Level.NOTE, f"{message}; hold where unsure: raise, or return no", "gate")
    return None


def _judged(guard: TryBlock) -> Finding | None:  # noqa: PLR0911 -- a return for each case
    said = _said(guard) or _told(guard)
    if said is not None:
        return said
    if guard.raised and (guard.calls or guard.effects) and not guard.acts and guard.returns != "value":
        return _swallowed_raise(guard)
    if guard.breadth == "narrow":
        return _empty_for_broken(guard)
    name = guard.symbol.rpartition(".")[2]
    if (
        not guard.logs
        and not guard.acts
        and guard.calls
        and set(words(guard.symbol)) & _OF_ALERTS
        and guard.returns in {"", "none"}
    ):
        message = f"`except {guard.caught}`: an alert that cannot be sent leaves no trace"
        return _found(guard, "swallowed-notice", Level.NOTE, f"{message}; record that nobody was told", "notice")
    write, gate = guard.effects.get("write"), guard.effects.get("gate")
    if name.strip("_") in _CLOSING or name in {"__del__", "__exit__", "__aexit__"}:
        return None if write is None or not (write[1] and write[2]) else _around_write(guard, write)
    own = named(name)
    decides = guard.returns not in {"", "none"} or bool(guard.raised or guard.effects.get("gate"))
    is_gate = own is not None and own.kind == "gate" and decides
    if is_gate and not (write is not None and write[1] and write[2]):
        return _around_gate(guard, name)
    if write is not None and write[2]:
        return _around_write(guard, write)
    if gate is not None and gate[2]:
        return _around_gate(guard, gate[0])
    if write is not None:
        return _around_write(guard, write)
    return _around_the_rest(guard)


def _swallowed_raise(guard: TryBlock) -> Finding:
    message = (
        f"`raise {guard.raised}` in this block is swallowed by its own `except {guard.caught}`: it {_answers(guard)}"
    )
    return _found(
        guard,
        "swallowed-raise",
        Level.NOTE,
        f"{message}; let it pass (catch it first and raise), or narrow the handler",
        "gate",
    )


_ADDS_ROWS = these(
    """to_gbq to_sql load_table_from_json load_table_from_dataframe load_table_from_uri load_table_from_file insert_many
    insert_one executemany copy_expert copy_from copy_records_to_table write_pandas insert_all add_all"""
)
_ASIDE = these(  # rows about the work, or made again from others
    """progress status hash content metadata notification notifications history audit log logs heartbeat learning
    journal activity state session raw calibration checkpoint checkpoints settings setting config summary quota operational
    telemetry trace traces runs limit dead stats statistics failed failure failures error errors"""
)
_MENDS = these(  # whoever does it again finds what is still missing
    """fill gap gaps backfill enrich enrichment repair mend evaluate settle backtest init setup seed discover rebuild
    recompute rolling performance watermark watermarks conversation chat"""
)
_BEGINS = these("initial default defaults create ensure migrate refresh reconcile bootstrap")


def _adds_rows(what: str) -> bool:
    """Whether it is new rows that are written, by SQL or by a library's name."""
    return what.startswith(("the INSERT", "the MERGE", "the LOAD", "the COPY")) or _last(what) in _ADDS_ROWS


def _last(what: str) -> str:
    return what.split(" (in", maxsplit=1)[0].rpartition(".")[2]


def _write_level(guard: TryBlock, what: str, *, sure: bool, here: bool) -> Level:
    """Return warning where new rows are lost for certain, right here; a note for what may be made good, or has but the name.

    An error is said of the whole project alone: where something records the same items as done.
    """
    own = set(words(guard.symbol.rpartition(".")[2]))
    about = own | set(words(what.partition(" of ")[2]))
    is_beside = _BESIDE_THE_POINT & set(words(f"{guard.path} {guard.symbol} {what}")) or own & _SWEEPERS
    is_there = re.search(r"Integrity|Duplicate|Unique|Conflict", guard.caught)
    is_of_schema = re.search(r"(^|/)(migrations?|versions|alembic)/", guard.path)
    if is_beside or is_there or is_of_schema or guard.again or guard.fixed or guard.printed or guard.acts:
        return Level.NOTE  # remembered only, there already, done again or in another way, or read on the screen
    is_statement = what.startswith("the ")
    is_silent = not (guard.logs or is_statement)  # a library's method, and not a word
    if (
        not (sure and here and _adds_rows(what))
        or (is_statement and not guard.executes)
        or guard.breadth == "root"
        or about & _MENDS
        or guard.warns
        or is_silent
    ):
        return Level.NOTE  # made good by the next run, or not held for an error by whoever wrote it
    is_one_of_many = guard.each and guard.quiet  # the load ends, and is told as done, without the row
    comes_again = (guard.keyed_rows and not is_one_of_many) or bool(about & (_ASIDE | _BEGINS))
    if comes_again or guard.yields_value:
        return Level.NOTE  # None tells whoever calls
    if guard.assigns:
        return Level.NOTE  # kept in a name, and looked at
    if not (guard.logs or guard.each):
        return Level.NOTE  # one row that is passed over without a word was not held for much
    return Level.WARNING


def _around_write(guard: TryBlock, write: tuple[str, bool, bool]) -> Finding | None:
    what, sure, here = write
    if guard.returns == "false" and guard.yields_value:
        return None  # told by its result: whether callers look at it is asked of them
    if (
        guard.returns in {"success", "true"}
        or guard.exits_well
        or (guard.yields_value and guard.returns in _NOTHING_DONE - {"value"})
    ):
        message = f"{what} may have failed, and that {_answers(guard)} as if it had been done"
        return _found(guard, "default-on-error", Level.NOTE, f"{message}; raise, or record the failure", "write")
    if guard.returns == "value" and guard.yields_value:
        return None
    level = _write_level(guard, what, sure=sure, here=here)
    message = (
        f"`except {guard.caught}` around {what}: a failed write {_answers(guard)}, and its rows are lost in silence"
    )
    return _found(guard, "swallowed-write", level, f"{message}; raise, or record what was not written", "write")


def _around_gate(guard: TryBlock, what: str) -> Finding | None:
    own = named(guard.symbol.rpartition(".")[2])
    leaves = guard.returns == "none" and not guard.yields_value and (own is None or own.kind != "gate")
    if leaves or _closes(guard, what) or ((guard.acts or guard.skips or guard.holds) and not guard.returns):
        return None
    message = f"`except {guard.caught}` around {what}: that it cannot be evaluated {_answers(guard)}, and the gate stands open"
    message += "; hold where unsure: raise, or return what blocks"
    return _found(guard, "swallowed-gate", Level.NOTE, message, "gate")


_SAFE_YES = these(
    "threshold thresholds breach breached breaches exceeds exceeded needs needed required stale outdated necessary anomaly"
)  # to be told yes too often costs work, and lets nothing through


def _closes(guard: TryBlock, what: str) -> bool:  # noqa: PLR0911 -- a return for each case
    """Whether the handler's answer is the one that holds."""
    own = guard.symbol.rpartition(".")[2]
    asked = words(own) if named(own) else words(what)
    if set(asked) & _SAFE_YES and guard.returns in {"true", "success"}:
        return True
    negative = bool(set(asked) & w.NEGATIVE) and bool({*w.PREDICATES, "check"} & set(asked[:3]))
    if guard.returns in {"true", "success"}:
        return negative
    if guard.returns == "zero":
        return not negative
    if guard.yields_value and guard.returns in {"", "false", "none"} and not guard.assigns and named(own):
        return not negative  # no answer is no, where a yes is something
    if guard.returns in {"false", "none"}:
        return asked[:1] != [] and not negative and (bool(w.PREDICATES & set(asked[:3])) or guard.returns == "false")
    if guard.returns == "empty":
        return asked[:1] == ["get"]
    if guard.assigns:
        return False
    return guard.returns == "value"


_READS_ANSWERS = re.compile(r"(^|[._])(resp\w*|res|answer|raw|r)\.(json|raise_for_status)$|^typing\.\w+\.json$")


def _of_an_answer(guard: TryBlock) -> tuple[str, bool, bool] | None:
    """Return how the block reads an answer that somebody else has asked for, None where it does not."""
    found = next((one for one in guard.calls if _READS_ANSWERS.search(one)), "")
    return (
        (found.removeprefix("typing.Any."), False, True)
        if found and guard.returns in {"empty", "none", "zero"} and not guard.acts
        else None
    )


def _around_the_rest(guard: TryBlock) -> Finding | None:
    read, notice, work = guard.effects.get("read"), guard.effects.get("notice"), guard.effects.get("work")
    if guard.breadth == "root" and not (notice or read):
        return None
    filters = set(words(guard.symbol.rpartition(".")[2])) & _FILTERS
    if guard.returns == "input" and (guard.effects.keys() - {"clean-up"} or guard.calls or filters):
        message = (
            f"the handler returns its input as it came, as if the work had been done on it: the error {_answers(guard)}"
        )
        return _found(guard, "default-on-error", Level.NOTE, f"{message}; raise, or say that it was not done", "work")
    about = read or work or _of_an_answer(guard)
    if about is not None and (
        guard.returns in {"success", "true", "empty", "zero"} or (guard.returns == "none" and guard.yields_value)
    ):
        message = f"{about[0]} failed, and that {_answers(guard)}: nobody can tell it from a true answer"
        return _found(
            guard,
            "default-on-error",
            Level.NOTE,
            f"{message}; raise, or return what says that it is unknown",
            "read" if read else "work",
        )
    if guard.returns == "success" and guard.calls:
        message = f"a failure {_answers(guard)}"
        return _found(guard, "default-on-error", Level.NOTE, f"{message}; say that it failed", "work")
    if guard.exits_well:
        message = "the process ends with exit status 0 after an error that nobody has seen"
        return _found(guard, "default-on-error", Level.NOTE, f"{message}; end with another status", "work")
    return _gone_on(guard, read, notice, work)


def _gone_on(guard: TryBlock, read: object, notice: object, work: object) -> Finding | None:  # noqa: PLR0911 -- a return for each case
    if guard.returns in {"value", "false"} or guard.acts:
        return None
    if notice is not None and read is None and work is None:
        if guard.logs:
            return None
        message = f"`except {guard.caught}` around {_what(notice)}: an alert that cannot be sent leaves no trace"
        return _found(guard, "swallowed-notice", Level.NOTE, f"{message}; record that nobody was told", "notice")
    if read is not None and guard.assigns:
        rule = "default-on-error" if guard.logs else "swallowed-notice"
        message = (
            f"{_what(read)} failed, and `{guard.assigns}` becomes a default that nobody can tell from a true answer"
        )
        return _found(guard, rule, Level.NOTE, f"{message}; raise, or record that it is unknown", "read")
    if not guard.logs and read is not None and not guard.collects:
        message = f"`except {guard.caught}` around {_what(read)}: what could not be read {_answers(guard)} in silence"
        return _found(guard, "swallowed-notice", Level.NOTE, f"{message}; raise, or record that it is unknown", "read")
    if work is None and read is None:
        return None
    message = f"`except {guard.caught}` around {_what(work or read)} only logs, and goes on as if it had been done"
    if not guard.logs:
        message = f"`except {guard.caught}` around {_what(work or read)} does not even log, and goes on as if it had been done"
    if guard.collects and not guard.again:
        message = f"`except {guard.caught}` around {_what(work or read)}: an item that fails is left out, uncounted"
    return _found(guard, "log-only-handler", Level.NOTE, f"{message}; raise, or count and record the failure", "work")


def _what(effect: object) -> str:
    return f"`{effect[0]}`" if isinstance(effect, tuple) and effect[0] else "work"


def _answers(guard: TryBlock) -> str:
    """Return what becomes of an error, as the end of a sentence of which it is the subject."""
    said = {
        "none": "None",
        "true": "True",
        "false": "False",
        "empty": "something empty",
        "zero": "a number",
        "input": "its input",
        "success": "success",
        "value": "another value",
    }.get(guard.returns)
    if guard.exits_well:
        said = "exit status 0"
    if said:
        return f"is logged and answered by {said}" if guard.logs else f"is answered by {said}"
    return "is only logged" if guard.logs else "is passed over"


def _found(guard: TryBlock, rule: str, level: Level, message: str, guarded: str) -> Finding:
    return Finding(
        rule=rule,
        path=guard.path,
        line=guard.line,
        column=guard.column,
        end_line=guard.end_line,
        level=level,
        message=message,
        guards=guarded,
        symbol=guard.symbol,
        text=guard.text,
    )
