"""Days of baseball that went otherwise than planned, out of recorded seasons: nothing late, nothing lost."""

import dataclasses
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from tests.samples import Samples
from tests.support import ledger_rows

from tipoff.app.loading import load_past
from tipoff.app.replay import replay_spec, run_together
from tipoff.config import Settings
from tipoff.ledger import Ledger, schema
from tipoff.ledger.facts import league_facts
from tipoff.views.status import read_home, status_lines, status_of
from tipoff.watch.sentinel import LIVE

pytestmark = pytest.mark.data
DAYS = {
    "two games were rained out and made up the day after, before the day's own": "2023-04-28..2023-04-29",
    "a second start was unknown until the first game ended": "2023-04-17..2023-04-18",
    "a game was broken off and went on the next day, before that day's own": "2023-05-13..2023-05-14",
    "a season began in Tokyo, at half past five in the morning of New York": "2019-03-20..2019-03-21",
}
GAMES = {
    "2023-04-28..2023-04-29": 28,
    "2023-04-17..2023-04-18": 28,
    "2023-05-13..2023-05-14": 30,
    "2019-03-20..2019-03-21": 2,
}


OF_2023 = {"2023-04-28..2023-04-29", "2023-04-17..2023-04-18"}  # the whole season: the claim `mlb_season_2023`
SPANS = [
    pytest.param(span, id=name, marks=[pytest.mark.prove] if span in OF_2023 else []) for name, span in DAYS.items()
]


@pytest.mark.parametrize("span", SPANS)
def test_every_game_is_proven_once_and_nothing_is_late_or_lost(span: str, data: Path, samples: Samples) -> None:
    home = _replayed(data, samples, span)
    totals = _summary(home, "totals")

    assert (totals["games"], totals["starts"]) == (GAMES[span], 2 * GAMES[span])
    assert totals["strikeouts"] == totals["strikeouts_of_clubs"]
    ledger = Ledger(Settings(home=home).place.ledger, read_only=True)
    try:
        states = {row["state"] for row in ledger.rows(select(schema.obligations.c.state))}
        findings = schema.findings
        bad = ledger.rows(select(findings.c.output, findings.c.note).where(~findings.c.ok, findings.c.severity >= 2))
    finally:
        ledger.close()
    assert states == {"proven", "excused"}
    assert [dict(row) for row in bad] == []


def test_a_game_that_was_broken_off_is_graded_by_what_was_predicted_before_it_began(
    data: Path, samples: Samples
) -> None:
    span = DAYS["a game was broken off and went on the next day, before that day's own"]

    graded = _summary(_replayed(data, samples, span), "predictions")["graded_with_first_starts"]

    assert graded == 2 * GAMES[span]


def _replayed(data: Path, samples: Samples, span: str) -> Path:
    """Replay once, without the seasons before: what is asked here does not rest on them."""

    def replay(home: Path) -> None:
        settings = Settings(home=home, data=data)
        spec = replay_spec(settings, "mlb", span, world="recorded", seed=7)
        alone = dataclasses.replace(spec, season=dataclasses.replace(spec.season, earlier=()))
        summaries = run_together(settings, [alone], progress=lambda _progress: None)[0].summaries
        (home / "summaries.json").write_text(json.dumps({name: dict(found) for name, found in summaries.items()}))

    return samples.once(f"mlb-{span}", replay)


def _summary(home: Path, name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads((home / "summaries.json").read_text())[name]
    return found


def test_earlier_seasons_are_loaded_once_and_the_model_learns_from_them(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(home=tmp_path, data=data)
    spec = replay_spec(settings, "mlb", "2023-03-30..2023-03-30", world="recorded", seed=7)
    one_before = dataclasses.replace(spec.season, earlier=(date(2022, 9, 26),))  # the last ten days of 2022 alone
    spec = dataclasses.replace(spec, season=one_before)

    seen: list[str] = []

    def load(*args: Any) -> int:
        with Ledger(settings.place.ledger, read_only=True) as ledger:
            [line, *_] = status_lines(status_of(read_home(ledger, "mlb", datetime(2023, 3, 30, tzinfo=UTC)), LIVE))
        seen.append(line)
        return load_past(*args)

    monkeypatch.setattr("tipoff.app.instance.load_past", load)
    first = run_together(settings, [spec], progress=lambda _progress: None)[0]
    again = run_together(settings, [spec], progress=lambda _progress: None)[0]

    assert seen[0] == (
        "mlb: a replay of the recorded world, which loads earlier seasons first: the days from 2022-09-26 to 2023-03-29"
    )
    with Ledger(settings.place.ledger, read_only=True) as ledger:
        assert league_facts(ledger, "mlb").loads == ""
    assert first.counts["days_of_earlier_seasons"] == 10
    assert again.counts["days_of_earlier_seasons"] == 0
    graded = first.summaries["predictions"]["graded"]
    assert isinstance(graded, int)
    assert graded > 20  # starters who had started in those days


def test_of_a_season_that_was_begun_late_here_the_days_before_are_loaded_for_the_next(
    data: Path, tmp_path: Path
) -> None:
    settings = Settings(home=tmp_path, data=data)
    late, then = (
        replay_spec(settings, "mlb", span, world="recorded", seed=7)
        for span in ("2022-10-04..2022-10-04", "2023-03-30..2023-03-30")
    )
    late = dataclasses.replace(late, season=dataclasses.replace(late.season, earlier=()))
    then = dataclasses.replace(then, season=dataclasses.replace(then.season, earlier=(date(2022, 9, 26),)))

    days = [run_together(settings, [spec], progress=lambda _progress: None)[0].counts for spec in (late, then, then)]

    assert [one.get("days_of_earlier_seasons", 0) for one in days] == [0, 9, 0]  # all ten but its own


@pytest.mark.prove
def test_a_season_before_which_nothing_is_known_begins_without_an_incident(data: Path, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, data=data)
    spec = replay_spec(settings, "mlb", "2023-03-30..2023-04-06", world="recorded", seed=7)
    alone = dataclasses.replace(spec, season=dataclasses.replace(spec.season, earlier=()))

    run_together(settings, [alone], progress=lambda _progress: None, watched=True)

    assert [row["what"] for row in ledger_rows(tmp_path, "incidents")] == []
