"""A season's report as data: sections of rows, each to be shown as a table or a chart."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from tipoff.core.window import Input

if TYPE_CHECKING:
    import pyarrow as pa


class Shape(Enum):
    """How a section is shown. A chart's rows have `series`, `x`, `y` and `n`: of how many."""

    TABLE = "table"
    LINES = "lines"
    BARS = "bars"
    DIAGONAL = "diagonal"  # points that should lie where x is y


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One heading with what it shows; `about` says how to read it."""

    title: str
    about: str
    shape: Shape
    rows: Sequence[Mapping[str, object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeasonReport:
    """What a league says of a season: which columns of which tables it rests on, and how they become sections.

    The first table is what it is of: without rows of it there is no report. Of the others there may be none.
    """

    reads: Mapping[str, tuple[str, ...]]
    make: Callable[[Mapping[str, "pa.Table"]], Sequence[Section]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What a league says of one prediction: what it reads of a slate, and how that becomes sentences.

    `say` is given the tables and whom it is asked about; it raises UsageError where nobody, or several, are meant.
    """

    reads: tuple[Input, ...]
    say: Callable[[Mapping[str, "pa.Table"], str], Sequence[str]]
