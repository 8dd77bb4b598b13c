"""Code that is wrong from the first day on, so that no day before was otherwise: the checks find it, and name the output.

Each case changes one step of the sample league as a wrong commit would; its own code, made anew, gives the same again.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from tests.samples import Samples
from tests.support import ledger_rows, sample_spec, with_step

from tipoff.app import replay as app
from tipoff.config import Settings
from tipoff.core.check import Check
from tipoff.core.payload import Parsed, Payload
from tipoff.core.severity import Severity
from tipoff.core.step import Context, Made, PublishWork, PythonWork, SourceWork, SqlWork, Step
from tipoff.leagues.nba.league import NBA
from tipoff.leagues.predict import decisions

DAYS = 3
LONGER = {"a feature counts one game too few"}  # a mean of more games than two days have
AT_ONCE = {"nba_player_boxscores", "player_boxscores", "main_lines"}  # of these the first day says enough
Change = Callable[[Step], Step]


def sql(*pairs: tuple[str, str]) -> Change:
    """Change a SELECT as an editor would."""

    def change(step: Step) -> Step:
        assert isinstance(step.work, SqlWork)
        text = step.work.sql
        for old, new in pairs:
            assert old in text, old
            text = text.replace(old, new)
        return dataclasses.replace(step, work=dataclasses.replace(step.work, sql=text))

    return change


def rows(spoil: Callable[[pa.Table], pa.Table]) -> Change:
    """Change what a transform gives."""

    def change(step: Step) -> Step:
        work = step.work
        assert isinstance(work, PythonWork | PublishWork)

        def transform(context: Context, inputs: Mapping[str, pa.Table]) -> Made:
            made = work.transform(context, inputs)
            return dataclasses.replace(made, rows=spoil(made.rows))

        return dataclasses.replace(step, work=dataclasses.replace(work, transform=transform))

    return change


def records(spoil: Callable[[dict[str, Any]], dict[str, Any]]) -> Change:
    """Change what a parser reads."""

    def change(step: Step) -> Step:
        work = step.work
        assert isinstance(work, SourceWork)

        def parse(payload: Payload, context: Context, inputs: Mapping[str, pa.Table]) -> Parsed:
            parsed = work.parse(payload, context, inputs)
            return dataclasses.replace(parsed, rows=[spoil(dict(row)) for row in parsed.rows])

        return dataclasses.replace(step, work=dataclasses.replace(work, parse=parse))

    return change


def with_column(table: pa.Table, name: str, values: Any) -> pa.Table:
    return table.set_column(table.schema.get_field_index(name), table.schema.field(name), values)


def shuffled(*names: str) -> Callable[[pa.Table], pa.Table]:
    """Let every row have the values of the row after it."""

    def spoil(table: pa.Table) -> pa.Table:
        table = table.sort_by([(name, "ascending") for name in table.schema.names[1:3]])
        places = pa.array([*range(1, table.num_rows), 0][: table.num_rows])
        for name in names or table.schema.names[3:]:
            table = with_column(table, name, table.column(name).take(places))
        return table

    return spoil


def constant(name: str, value: float) -> Callable[[pa.Table], pa.Table]:
    """Let a column be the same for everybody."""
    return lambda table: with_column(table, name, pa.array([value] * table.num_rows, table.schema.field(name).type))


def zero_fouls(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"pf": 0}


def is_newest(table: pa.Table) -> pa.Table:
    return with_column(table, "line", pc.add(table.column("line"), 2.0))


WRONG: dict[str, tuple[dict[str, Change], str]] = {
    "a feature is the same for everybody": (
        {"player_features": sql(("p.points_avg_5, p.points_avg_10,", "p.points_avg_5, 12.5 AS points_avg_10,"))},
        "player_features.columns_say_something",
    ),
    "a feature is another's": (
        {"player_features": sql(("p.fga_avg_5,", "p.fta_avg_5 AS fga_avg_5,"))},
        "player_features.are_means_of_earlier_games",
    ),
    "a feature counts one game too few": (
        {"player_features": sql(("IF(n <= 5, minutes, NULL)", "IF(n BETWEEN 2 AND 5, minutes, NULL)"))},
        "player_features.are_means_of_earlier_games",
    ),
    "a flag is never set": (
        {"player_features": sql(("t.days_rest = 1 AS back_to_back", "FALSE AS back_to_back"))},
        "player_features.are_means_of_earlier_games",
    ),
    "nobody has a foul": (
        {"nba_player_boxscores": records(zero_fouls), "bdl_player_boxscores": records(zero_fouls)},
        "nba_player_boxscores.columns_say_something",
    ),
    "a count is lost on the way": (
        {"player_boxscores": sql(("a.tov, a.pf", "a.tov, CAST(NULL AS INT64) AS pf"))},
        "player_boxscores.copies_nba_player_boxscores",
    ),
    "every line is 20": (
        {"main_lines": sql(("player_name, line, book", "player_name, 20.0 AS line, book"))},
        "main_lines.are_the_books_middle",
    ),
    "the line is an alternate, two points up": (
        {"main_lines": sql(("player_name, line, book", "player_name, line + 2 AS line, book"))},
        "main_lines.are_the_books_middle",
    ),
    "the line is the highest book's": (
        {"main_lines": sql(("WHERE place = DIV((n_books + 1), 2)", "WHERE place = n_books"))},
        "main_lines.are_the_books_middle",
    ),
    "grades hold against a line shifted by a point and a half": (
        {"grades": sql(("    m.line,\n", "    m.line + 1.5 AS line,\n"))},
        "grades.are_what_happened",
    ),
    "grades turn the sides round": (
        {"grades": sql(("p.predicted_points > m.line, 'over'", "p.predicted_points < m.line, 'over'"))},
        "grades.are_what_happened",
    ),
    "nobody is void": (
        {"grades": sql(("  actual_points IS NULL AS is_void,", "  FALSE AS is_void,"))},
        "grades.are_what_happened",
    ),
    "predictions stand beside other players": (
        {"quantile_regression": rows(shuffled("mean", "median", "low_80", "high_80", "quantiles"))},
        "quantile_regression.points_median_ranks_with_history",
    ),
    "form stands beside other players": (
        {"player_form": rows(shuffled())},
        "player_form.are_half_lives_of_earlier_games",
    ),
    "careers stand beside other players": (
        {"player_form": rows(shuffled("points_career_h40", "minutes_close_h2"))},
        "player_form.goes_on_from_earlier_seasons",
    ),
    "a number of the form is the same for everybody": (
        {"player_form": rows(constant("fga_h5", 7.0))},
        "player_form.columns_say_something",
    ),
    "what is published is another system's": (
        {
            "published_predictions": rows(
                lambda made: with_column(made, "quantile_regression", made.column("moving_average"))
            )
        },
        "published_predictions.are_what_was_predicted",
    ),
}


def replayed(home: Path, changes: Mapping[str, Change], days: int = DAYS, checks: Sequence[Check] = NBA.checks) -> Path:
    """Replay the sample's first days with the changes, watched."""
    league = dataclasses.replace(NBA, checks=tuple(checks))
    for name, change in changes.items():
        league = with_step(name, change, league=league)
    app.run_together(Settings(home=home), [sample_spec(days, league=league)], progress=lambda _: None, watched=True)
    return home


def told(home: Path) -> tuple[set[str], list[dict[str, Any]]]:
    """Return the checks that fail and the warnings and errors."""
    failed = {row["check"] for row in ledger_rows(home, "measured") if row["status"] == "failed"}
    errors = [row for row in ledger_rows(home, "findings") if not row["ok"] and row["severity"] >= Severity.WARNING]
    return failed, errors


def test_right_code_fails_no_check(samples: Samples) -> None:
    failed, errors = told(samples.made(DAYS + 1, watched=True))

    assert {name for name in failed if not name.startswith("work.")} == set()
    assert errors == []


@pytest.mark.parametrize("wrong", WRONG, ids=lambda name: name.replace(" ", "_"))
def test_wrong_code_is_found_though_made_anew_it_gives_the_same(wrong: str, tmp_path: Path) -> None:
    changes, check = WRONG[wrong]
    days = DAYS + 1 if wrong in LONGER else DAYS - 1 - bool(changes.keys() & AT_ONCE)
    looking = [
        one for one in NBA.checks if one.name.endswith("is_what_its_inputs_give") or changes.keys() & {*one.tables}
    ]

    failed, errors = told(replayed(tmp_path, changes, days, looking))

    assert check in failed
    assert not {name for name in failed if name.endswith("is_what_its_inputs_give")}
    assert {row["output"] for row in errors} & changes.keys()


def test_a_slate_of_one_side_is_held_before_it_is_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def always_over(chance: float, *, over_price: float | None, under_price: float | None) -> decisions.Decision:
        return decisions.Decision("over", f"{chance} at {over_price} and {under_price}")

    monkeypatch.setattr(decisions, "decide", always_over)

    _, errors = told(replayed(tmp_path, {}, DAYS - 1, checks=()))  # the guards of the publication itself

    held = [row for row in errors if row["check"] == "publication_is_held"]
    assert {row["output"] for row in held} == {"published_predictions"}
    assert "recommendations are over" in held[0]["note"]
    assert {row["severity"] for row in held} == {Severity.WARNING, Severity.ERROR}, "an error once it is nearly due"
