"""What the auditor says about one place in the code."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Self


class Level(IntEnum):
    """How much is at stake; ordered."""

    NOTE = 1
    WARNING = 2
    ERROR = 3


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Finding:
    """A pattern at a place.

    `path` is posix and relative to the root that was given; lines and columns count from 1. `guards` says what the code there
    protects: write, gate, read, notice, clean-up, work, or nothing ("") where the rule has no such context. `symbol` is the
    qualified name (module.Class.function), `text` the stripped line: the two by which a baseline knows a finding again.
    """

    path: str
    line: int
    column: int
    end_line: int
    rule: str
    level: Level
    message: str
    guards: str
    symbol: str
    text: str

    def to_json(self) -> list[str | int]:
        """Return the finding as plain values, in the order of the fields."""
        place: list[str | int] = [self.path, self.line, self.column, self.end_line]
        return [*place, self.rule, int(self.level), self.message, self.guards, self.symbol, self.text]

    @classmethod
    def from_json(cls, values: list[str | int]) -> Self:
        """Return the finding that `to_json` wrote."""
        path, line, column, end_line, rule, level, message, guards, symbol, text = values
        return cls(
            path=str(path),
            line=int(line),
            column=int(column),
            end_line=int(end_line),
            rule=str(rule),
            level=Level(int(level)),
            message=str(message),
            guards=str(guards),
            symbol=str(symbol),
            text=str(text),
        )
