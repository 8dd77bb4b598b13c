"""A file as the rules see it: its index, its names, the effects of its calls, and what kind of code it is."""

import ast
import re
from dataclasses import dataclass, field

from tipoff_audit.finding import Finding, Level
from tipoff_audit.reading.effects import Effects
from tipoff_audit.reading.index import Index, Scope
from tipoff_audit.reading.names import Names
from tipoff_audit.reading.sqltext import looks_like_sql

FEATURE = re.compile(
    r"feature|rolling|backtest|walk_?forward|train(?!s?_?station)|moving_av|expanding|_lag(?![a-z])|lagged|(?<![a-z])(l|last_?)\d+|momentum"
    r"|trailing|recent_form|player_form|team_form|as_of|cut_?off|analysis_date|(?<![a-z])ewm|window(?!s)|season_av|_avg(?![a-z])|avg_",
    re.IGNORECASE,
)
TESTS = re.compile(r"(^|/)(tests?|testing|conftest\.py|test_[^/]*\.py|[^/]*_test\.py|examples?|docs?)(/|$)")


@dataclass(slots=True)
class File:
    """One Python file; rules add to `findings` by `say`."""

    index: Index
    names: Names
    effects: Effects
    findings: list[Finding] = field(default_factory=list)
    _texts: list[str] | None = None

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

    def scope_value(self, node: ast.Name) -> ast.expr | None:
        """Return what the name was last given in its scope."""
        up: ast.AST = node
        while up not in self.index.scope_of:
            up = self.index.up[up]
        return self.index.scope_of[up].values.get(node.id)

    def is_feature(self, node: ast.AST, *texts: str) -> bool:
        """Whether the code makes features: by its path, its function's name, or the texts that are handed in."""
        return any(FEATURE.search(text) for text in (self.index.path, self.scope(node).name, *texts))

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
