"""Declared relations: columns with types, units, ranges and places; keys; which columns name a unit."""

from dataclasses import KW_ONLY, dataclass, field
from enum import Enum
from functools import partial


class ColumnType(Enum):
    """A column's type, by its BigQuery name."""

    TEXT = "STRING"
    INT = "INT64"
    FLOAT = "FLOAT64"
    BOOL = "BOOL"
    DATE = "DATE"
    INSTANT = "TIMESTAMP"


class Phase(Enum):
    """Where in the day's work an output stands; also the end of its dataset's name."""

    RAW = "raw"
    ANALYTICS = "analytics"
    FEATURES = "features"
    MODELS = "models"
    PREDICTIONS = "predictions"
    PUBLISHED = "published"
    GRADES = "grades"


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    `measure` names what it counts in (points, minutes, ratio, american odds); `minimum` and `maximum` bound what is
    believed, both inclusive. A `volatile` column (an instant of making or of arrival) is stored and not hashed: rows that differ
    in nothing else are the same rows. One that `may_empty` can rightly turn NULL again (a withdrawn line, a reason that holds
    no longer): that makes a proven unit no poorer. `formerly` are names that the column had before.
    """

    name: str
    _: KW_ONLY
    type: ColumnType
    required: bool = False
    minimum: float | None = None
    maximum: float | None = None
    places: int = 6
    measure: str = ""
    volatile: bool = False
    may_empty: bool = field(default=False, repr=False)  # not in the repr: neither changes what a step makes
    formerly: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """What every unit that has rows must have at least; a unit below it is refused whole.

    `rows`; `sums` and `distinct` by column; `filled`: columns of which at least nine values in ten are present. `hoped`: columns
    of which this share should be present; a unit below it is stored, and told.
    """

    rows: int = 1
    sums: tuple[tuple[str, float], ...] = ()
    distinct: tuple[tuple[str, int], ...] = ()
    filled: tuple[str, ...] = ()
    hoped: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A relation of one league, written by exactly one step, whole units at a time.

    Every table has the column `day` (DATE, the league's). `unit_columns` are the columns whose values, joined by `|`,
    name a row's unit; none means that the slate is the one unit. Observed or NULL: a default is never stored.
    """

    league: str
    phase: Phase
    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    unit_columns: tuple[str, ...] = ("game_id",)
    about: str = ""
    floor: Floor = Floor()
    formerly: tuple[str, ...] = ()  # names that it had before: what stands under them is this table's
    _by_name: dict[str, Column] = field(init=False, repr=False, compare=False, hash=False)

    def __post_init__(self) -> None:
        """Refuse a declaration that contradicts itself."""
        names = [column.name for column in self.columns]
        if len(set(names)) != len(names) or names[:1] != ["day"]:
            msg = f"{self.name}: columns must be distinct and begin with day, not {names}"
            raise ValueError(msg)
        floored = {*dict(self.floor.sums), *dict(self.floor.distinct), *self.floor.filled, *dict(self.floor.hoped)}
        lost = {*self.key, *self.unit_columns, *floored} - set(names)
        if lost:
            msg = f"{self.name}: columns of the key, the unit or the floor that are not declared: {sorted(lost)}"
            raise ValueError(msg)
        object.__setattr__(self, "_by_name", {column.name: column for column in self.columns})

    @property
    def dataset(self) -> str:
        """The dataset (schema) that holds the table, the league's name and the phase."""
        return f"{self.league}_{self.phase.value}"

    @property
    def full_name(self) -> str:
        """The table's name with its dataset, as SQL names it."""
        return f"{self.dataset}.{self.name}"

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, in order."""
        return tuple(self._by_name)

    def column(self, name: str) -> Column:
        """Return the column `name`; `KeyError` if there is none."""
        return self._by_name[name]


WHOLE_SLATE = "slate"  # the one unit of an output that is made for the whole slate


text = partial(Column, type=ColumnType.TEXT)
flag = partial(Column, type=ColumnType.BOOL)
date_column = partial(Column, type=ColumnType.DATE)
instant = partial(Column, type=ColumnType.INSTANT)  # UTC, microseconds


def integer(
    name: str, minimum: int | None = None, maximum: int | None = None, *, measure: str = "", required: bool = False
) -> Column:
    """Declare a column of whole numbers."""
    return Column(name=name, type=ColumnType.INT, minimum=minimum, maximum=maximum, measure=measure, required=required)


def number(  # noqa: PLR0913 -- a declaration reads as one line
    name: str,
    minimum: float | None = None,
    maximum: float | None = None,
    *,
    measure: str = "",
    places: int = 6,
    required: bool = False,
) -> Column:
    """Declare a column of decimal numbers, compared after rounding to `places`."""
    return Column(
        name=name,
        type=ColumnType.FLOAT,
        minimum=minimum,
        maximum=maximum,
        measure=measure,
        places=places,
        required=required,
    )


DAY = date_column("day", required=True)
KNOWN_AT = instant("known_at", required=True, volatile=True)
