"""The page: what it says of every state a home may be in, and that nothing from outside is more than text."""

import base64
import hashlib
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.checked import owed as obligation
from tests.unit.test_status import HOMES, NO_FLOW, TODAY, home, owed, silences

from tipoff.core.clock import midnight
from tipoff.core.obligation import State
from tipoff.ledger import Batch, Ledger
from tipoff.ledger.facts import BetweenSeasons, NoSeason
from tipoff.views.grid import Grid, grid_lines, newest_grid
from tipoff.views.status import Problem, status_of
from tipoff.watch.sentinel import LIVE
from tipoff.web.page import Card, headers, page

NOW = datetime(2024, 1, 10, 12, tzinfo=UTC)
EMPTY = Grid("x", (), (), {})


def card(**more: Any) -> Card:
    return Card(status_of(home(**more), LIVE), EMPTY)


def test_a_league_whose_season_is_not_known_is_never_complete() -> None:
    waits = NoSeason(since=NOW, why="boxes.example cannot be reached")

    found = card(silences=silences(no_season=waits), outputs=(owed("digest", "excused"),))

    assert (found.verdict, found.tone) == ("has nothing planned yet", "bad")


def shown(*cards: Card, trouble: str = "") -> str:
    return page(cards, trouble, at=NOW, build="b")


@pytest.mark.parametrize(("name", "more", "ok"), [case[:3] for case in HOMES], ids=[case[0] for case in HOMES])
def test_a_page_is_green_or_calm_only_where_all_is_well(name: str, more: dict[str, Any], *, ok: bool) -> None:
    one = card(**more)
    text = shown(one)

    assert (one.tone != "bad") is (ok and one.status.complete is not False), name
    assert f"<h2>X {one.verdict}</h2>" in text
    for problem in one.status.problems:
        assert problem.severity in text
    if not ok:
        assert one.verdict not in {"is complete", "is on course"}


def test_what_comes_from_outside_is_text() -> None:
    one = card()
    bad = Problem(severity="ERROR", since=NOW, what="<script>alert(1)</script>", see="tipoff why '\"><img src=x>")
    text = shown(replace(one, status=replace(one.status, problems=(bad,), waits_for_you=("<b>x",))))

    assert "<script" not in text
    assert "<img" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert "<li>&lt;b&gt;x</li>" in text


def test_a_word_without_an_end_makes_no_line_wider_than_the_page() -> None:
    style = re.search(r"<style>(.*)</style>", shown(card()), re.DOTALL)

    assert style is not None
    assert re.search(r"^ul \{[^}]*overflow-wrap: anywhere", style[1], re.MULTILINE)


def test_the_style_that_is_allowed_is_the_one_that_is_sent() -> None:
    style = re.search(r"<style>(.*)</style>", shown(card()), re.DOTALL)

    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in headers()["content-security-policy"]


def test_the_worst_league_stands_first_and_the_tab_says_it() -> None:
    good, bad = card(), card(league="y", outputs=(), today=None, incidents=())
    lost = card(league="z", lost=("the warehouse is gone",))
    text = shown(good, bad, lost)

    assert re.findall(r'<section class="(\w+)" id="(\w)"', text) == [("bad", "z"), ("warn", "y"), ("good", "x")]
    assert "<title>✗ z ! y ✓ x Tipoff</title>" in text


def test_between_seasons_all_is_well_before_a_first_day_is_planned() -> None:
    off = BetweenSeasons(ended=None, coming=None, seen_at=NOW, evidence="")
    one = card(today=None, outputs=(), between=off)

    assert (one.verdict, one.tone) == ("is between seasons", "calm")


def test_what_is_off_and_how_history_stands_is_told_beside() -> None:
    kept = replace(NO_FLOW, is_kept=True, n_waiting=1234, error="the quota is spent")
    text = shown(card(off=("lines: off, the key is not set",), history=kept))

    for line in ("lines: off, the key is not set", "history: 1,234 rows wait", "the quota is spent"):
        assert line in text


def test_a_cell_says_what_it_is_of() -> None:
    cells = {("boxes", TODAY): State.LATE, ("cards", TODAY): State.PROVEN}
    text = shown(Card(card().status, Grid("x", ("boxes", "cards"), (TODAY,), cells)))

    assert f'<td class="late" title="boxes of {TODAY} is late">L</td>' in text
    assert f'<td class="proven" title="cards of {TODAY} is proven">■</td>' in text


def test_the_grids_legend_names_each_sign_and_what_a_blank_is() -> None:
    cells = {("boxes", TODAY): State.WAITING, ("cards", TODAY): State.PROVEN}
    whole = Grid("x", ("boxes", "cards"), (TODAY,), cells)
    gappy = replace(whole, outputs=("boxes", "cards", "dice"))

    assert grid_lines(whole)[-1] == "■ proven  - waiting"
    assert grid_lines(gappy)[-1] == "■ proven  - waiting  blank: not owed"
    assert "blank: not owed" in shown(Card(card().status, gappy))
    assert "blank: not owed" not in shown(Card(card().status, whole))


def test_a_day_that_owes_little_puts_no_row_in_another_place(tmp_path: Path) -> None:
    days, batch = (TODAY - timedelta(days=1), TODAY), Batch()
    for output, hours, owing in (("schedule", 10, days), ("a_late_one", 20, days[:1]), ("an_early_one", 19, days[:1])):
        for day in owing:
            due_at = midnight(day) + timedelta(hours=hours)
            batch.add("obligations", obligation(output, "proven", day=day, due_at=due_at))

    with Ledger(tmp_path / "ledger.db") as ledger:
        ledger.commit(batch)
        grid = newest_grid(ledger, card(league="nba").status, 14)

    assert grid.outputs == ("schedule", "an_early_one", "a_late_one")


def test_what_cannot_be_known_is_no_empty_page() -> None:
    assert "the ledger cannot be read" in shown(trouble="the ledger cannot be read: X")
    assert "<title>? Tipoff</title>" in shown(trouble="x")
    assert "Nothing has run in this home" in shown()


def test_a_page_of_nothing_names_commands_as_they_can_be_typed() -> None:
    assert "<code>tipoff up LEAGUE</code>" in shown()
    assert "<code>tipoff up</code>" not in shown() + shown(trouble="there is no ledger yet")


def test_a_sign_and_its_word_stand_on_one_line_and_a_rows_name_beside_its_cells_however_far_they_are_moved() -> None:
    text = shown(Card(card().status, Grid("x", ("boxes",), (TODAY,), {("boxes", TODAY): State.LATE})))

    assert '<span class="sign"><span class="late key">L</span> late</span>' in text
    assert ".sign { white-space: nowrap; }" in text
    assert "position: sticky" in text.partition("tbody th, thead td {")[2].partition("}")[0]
