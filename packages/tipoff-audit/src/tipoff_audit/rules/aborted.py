"""Errors of PostgreSQL's driver that are caught by name in a loop, on one connection that nobody rolls back."""

from tipoff_audit.finding import Level
from tipoff_audit.reading.aborted import catches_aborted, imports_driver, why_aborted
from tipoff_audit.reading.context import File
from tipoff_audit.reading.handlers import breadth, inside


def aborted_writes(file: File) -> None:
    """Report writes of a loop whose first failure makes all that follow fail; broad handlers are judged with their block."""
    if not imports_driver(file.index):
        return
    for block in file.index.tries:
        for handler in block.handlers:
            if breadth(handler, file.index) != "narrow":
                continue
            if not catches_aborted(handler, file.index):
                continue
            writes = any(
                effect.kind == "write"
                for call in file.index.calls
                if block.lineno < call.lineno < handler.lineno and call in inside(block.body)
                for effect in file.effects.through(call)
            )
            if writes and (why := why_aborted(file.index, block, handler)):
                message = f"the handler passes over a row that could not be written, and {why}"
                advice = "write each row in a savepoint, or let the error pass"
                file.say("swallowed-write", handler, Level.ERROR, f"{message}; {advice}", guards="write")
