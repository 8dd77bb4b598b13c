"""A file as the rules see it: its index, its names, the effects of its calls, and what kind of code it is."""

import ast
import re
from dataclasses import dataclass, field
from enum import Enum

from tipoff_audit.finding import Finding, Level
from tipoff_audit.reading.effects import Effects
from tipoff_audit.reading.index import Index, Scope
from tipoff_audit.reading.names import Names, last_name
from tipoff_audit.reading.sqltext import looks_like_sql

FEATURE = re.compile(
    r"feature|rolling|backtest|walk_?forward|train(?!s?_?station)|moving_av|expanding|_lag(?![a-z])|lagged|(?<![a-z])(l|last_?)\d+|momentum"
    r"|trailing|recent_form|player_form|team_form|as_of|cut_?off|analysis_date|(?<![a-z])ewm|window(?!s)|season_av|_avg(?![a-z])|avg_",
    re.IGNORECASE,
)
MAKES_FEATURES = re.compile(
    r"feature|(?<![a-z])train(?!s?_?(station|er_name))|backtest|walk_?forward|(player|team)_form|model_inputs?|rolling_stat|predict",
    re.IGNORECASE,
)
MONITORS = re.compile(
    r"monitor|health|dashboard|(?<![a-z])(reports?|rpts?|exceptions?)(?![a-z])|trend|alert|(?<![a-z])ops(?![a-z])|audit|observab|freshness|drift|coverage|confidence"
    r"|calibration|accuracy|(?<![a-z])kpis?(?![a-z])|digest|scorecard",
    re.IGNORECASE,
)


class Use(Enum):
    """What takes the rows of a query, or the numbers of an expression."""

    FEATURES = "features"
    MONITORING = "monitoring"
    UNKNOWN = ""


TESTS = re.compile(r"(^|/)(tests?|testing|conftest\.py|test_[^/]*\.py|[^/]*_test\.py|examples?|docs?)(/|$)")

ARCHIVED = re.compile(
    r"(^|/)_?(archived?(_\w+)?|deprecated(_\w+)?|obsolete|old|old[_-][\w-]+|unused|te?mp|backups?|bak|attic|graveyards?|trash|dead_code"
    r"|[\w-]+[_-](old|bak|archived?|deprecated|obsolete|retired|superseded|unused)|(?!(db|database|data|pg|sql|s3|auto)_)\w+_backup"
    r"|junk|garbage|discarded|retired|superseded|abandoned|to_delete|not_used|cleanup_\d+)/"
    r"|([_.-](old|bak|orig|deprecated|archived|obsolete|unused)|[ _-]copy\d?)\.\w+$",
    re.IGNORECASE,
)  # what nobody runs at all


@dataclass(slots=True)
class File:
    """One Python file; rules add to `findings` by `say`."""

    index: Index
    names: Names
    effects: Effects
    findings: list[Finding] = field(default_factory=list)
    # the names that a function makes sure of, and where
    checked: dict[Scope, dict[str, int]] = field(default_factory=dict)
    keyed: dict[Scope, bool] = field(default_factory=dict)  # whether a function's appends may be repeated
    _texts: list[str] | None = None
    _called_by: dict[str, set[str]] | None = None

    @property
    def texts(self) -> list[str]:
        """The SQL of the file's strings."""
        if self._texts is None:
            strings = [str(node.value) for node in self.index.strings]
            joined = [self.names.text(node, self.index.scope(node)) or "" for node in self.index.joined]
            self._texts = [text for text in [*strings, *joined] if looks_like_sql(text)]
        return self._texts

    def scope(self, node: ast.AST) -> Scope:
        """Return the scope in which `node` stands."""
        return self.index.scope(node)

    @property
    def names_bigquery(self) -> bool:
        """Whether the file imports BigQuery's client."""
        return any("bigquery" in origin for origin in self.index.imports.values())

    def is_googles(self, origin: str) -> bool:
        """Whether a client's method is Google's own; a class of the project's with the same methods may wait, or load."""
        if origin.startswith("google."):
            return True
        return not any(
            "bigquery" in made.lower() and not made.startswith(("google.", "bigquery", "airflow.", "pandas_gbq"))
            for made in self.index.imports.values()
        )

    def scope_value(self, node: ast.Name) -> ast.expr | None:
        """Return what the name was last given in its scope."""
        up: ast.AST = node
        while up not in self.index.scope_of:
            up = self.index.up[up]
        return self.index.scope_of[up].values.get(node.id)

    def is_feature(self, node: ast.AST, *texts: str) -> bool:
        """Whether the code makes features: by its path, its function's name, or the texts that are handed in."""
        return any(FEATURE.search(text) for text in (self.index.path, self.scope(node).name, *texts))

    def use_of(self, node: ast.AST) -> Use:
        """Return what takes what `node` makes: by the function that it stands in and by those that call it or take its value."""
        scope = self.scope(node)
        readers = [scope.name.rpartition(".")[2]] if scope.kind == "function" else self._readers(node)
        if scope.of_class is not None:
            readers.append(scope.of_class.name.rpartition(".")[2])
        nearest = [name for name in readers if name]
        for name in [*nearest, *self._callers(nearest), self.index.path]:
            if MONITORS.search(name):
                return Use.MONITORING
            if MAKES_FEATURES.search(name):
                return Use.FEATURES
        return Use.UNKNOWN

    def _readers(self, node: ast.AST) -> list[str]:
        """Return the functions that read the module's name for what `node` makes."""
        targets: set[str] = set()
        for parent in self.index.parents(node):
            if isinstance(parent, ast.Assign):
                targets = {
                    part.id for target in parent.targets for part in ast.walk(target) if isinstance(part, ast.Name)
                }
                break
        names = [one for one in self.index.up if isinstance(one, ast.Name) and one.id in targets] if targets else []
        return [*targets, *{self._around(one) for one in names}]

    def _around(self, node: ast.AST) -> str:
        scope = self.scope(node)
        return scope.name.rpartition(".")[2] if scope.kind == "function" else ""

    def _callers(self, names: list[str]) -> list[str]:
        """Return the functions of this file that call one of `names`."""
        if self._called_by is None:
            self._called_by = {}
            for call in self.index.calls:
                self._called_by.setdefault(last_name(call.func), set()).add(self._around(call))
        return sorted(set().union(*(self._called_by.get(name, set()) for name in names)) - {""})

    def say(  # noqa: PLR0913 -- one value from its parts
        self,
        rule: str,
        node: ast.AST,
        level: Level,
        message: str,
        *,
        guards: str = "",
        line: int = 0,
        column: int = 0,
    ) -> None:
        """Report `rule` at `node`, or on a line of its own where a long text holds the place."""
        at = line or getattr(node, "lineno", 1)
        self.findings.append(
            Finding(
                rule=rule,
                path=self.index.path,
                line=at,
                column=column or (1 if line else getattr(node, "col_offset", 0) + 1),
                end_line=max(at, at if line else getattr(node, "end_lineno", at) or at),
                level=level,
                message=message,
                guards=guards,
                symbol=self.scope(node).name,
                text=self.index.line(at),
            )
        )
