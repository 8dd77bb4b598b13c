"""Runs that ask a provider: when what they bring was known, and what of it is to be told."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from tests.engine import AFTER, EVENING, HOUR, SEASON, TODAY, book_of, entry_of, game, prove

from tipoff.core import parsing
from tipoff.core.clock import SimClock
from tipoff.core.errors import ErrorKind, SourceError
from tipoff.core.payload import Fetched, Parsed, Payload, Request
from tipoff.core.proof import Proof, UnitProof
from tipoff.core.rows import arrow_schema
from tipoff.core.schema import DAY, KNOWN_AT, Phase, Table, text
from tipoff.core.severity import Severity
from tipoff.core.slate import Game, Slate
from tipoff.core.step import SourceWork, Step
from tipoff.engine import ledger_rows
from tipoff.engine.book import LiveRun
from tipoff.engine.claim import Claim, Outcome
from tipoff.engine.findings import run_findings
from tipoff.engine.run import Runner
from tipoff.engine.runplan import RunPlan
from tipoff.leagues import entries
from tipoff.store.dialect import CompiledStep
from tipoff.store.warehouse import WriteRequest, WriteResult

TABLE = Table(
    league="x",
    phase=Phase.RAW,
    name="boxes",
    columns=(DAY, text("game_id"), text("who"), KNOWN_AT),
    key=("game_id", "who"),
    unit_columns=("game_id",),
)
NIGHT = EVENING + 4 * HOUR
GAMES = {name: game(name, home, home.lower()) for name, home in (("one", "AAA"), ("two", "CCC"))}


def requests(context: Any, _inputs: Any) -> Sequence[Request]:
    return [Request(source="files", url=f"https://files.example/{unit}", unit=unit) for unit in sorted(context.units)]


def parse(payload: Payload, _context: Any, _inputs: Any) -> Parsed:
    if payload.body == b"<html>":
        raise SourceError("files answered with an HTML page", kind=ErrorKind.TRANSIENT)
    if payload.body == b"not over":
        return Parsed(rows=[])
    if payload.body == b"[]":
        return Parsed(rows=[], excused={payload.request.unit: "not offered"})
    return Parsed(rows=[{"day": TODAY, "game_id": payload.request.unit, "who": who} for who in ("a", "b")])


STEP = Step(table=TABLE, work=SourceWork(source="files", requests=requests, parse=parse), timing=AFTER)


@dataclass
class Written:
    """A warehouse that takes everything."""

    rows: pa.Table | None = None
    stands: pa.Table | None = None
    unread: frozenset[str] = frozenset()

    def gone(self, *_asked: object, **_more: object) -> tuple[()]:
        return ()

    def read(self, table: Table, *_asked: object, **_more: object) -> pa.Table:
        return self.stands or arrow_schema(table).empty_table()

    def replace(self, asked: WriteRequest, rows: pa.Table) -> WriteResult:
        self.rows, self.unread = rows, asked.unread
        units = {unit: UnitProof(unit=unit, n_rows=2, content_hash="h") for unit in set(rows["game_id"].to_pylist())}
        proof = Proof(league="x", output="boxes", day=TODAY, fence=1, made_at=NIGHT, step_version="v1", units=units)
        return WriteResult(proof=proof, changed=frozenset(units))


def attempt(  # noqa: PLR0913 -- the parts of a run
    clock: SimClock,
    fetch: Callable[[Request], bytes],
    previous: Proof | None = None,
    *,
    kept: Mapping[str, bytes] | None = None,
    stands: pa.Table | None = None,
    step: Step = STEP,
    read_games: Callable[[pa.Table], Sequence[Game]] | None = None,
    failed_at: datetime | None = None,
    failed: frozenset[str] = frozenset(),
) -> tuple[Outcome, Written]:
    """Make one run that asks for both games, each answer as `fetch` gives it; with `kept` answers of before, both are lost."""
    stored, units = Written(stands=stands), dict.fromkeys(GAMES, "made")
    plan = RunPlan(
        units=units,
        as_of=NIGHT,
        may_be_empty=frozenset(),
        partial={},
        expected=frozenset(GAMES),
        lost={} if kept is None else dict.fromkeys(GAMES, ""),
    )
    claim = Claim(
        run_id=1,
        loaded=CompiledStep(step, (), "v1"),
        slate=Slate("x", SEASON, TODAY, tuple(GAMES.values())),
        season=SEASON,
        plan=plan,
        previous=previous,
        attempt=1,
        started_at=NIGHT,
        live=LiveRun(1, NIGHT, NIGHT + HOUR),
        read_games=read_games,
        failed_at=failed_at,
        failed=failed,
    )

    def answer(request: Request, *, now: Callable[[], Any]) -> Fetched:
        return Fetched(payload=payload_of(request, fetch(request), now()))

    runner = Runner(
        warehouse=stored,  # type: ignore[arg-type]
        published=stored,
        tables={},
        fetch=answer,
        kept=lambda request, _until: [payload_of(request, (kept or {})[request.unit], NIGHT)] if kept else [],
        call=lambda function, arguments, _limit: (function(*arguments), 0.0),
        now=clock.now,
        cpu=lambda: 0.0,
        at=lambda _what: None,
    )
    return runner.attempt(claim), stored


def payload_of(request: Request, body: bytes, at: datetime) -> Payload:
    return Payload(request=request, body=body, sha256="s", status=200, fetched_at=at)


def test_a_unit_arrived_when_its_answer_came_not_when_the_run_was_over() -> None:
    clock = SimClock(NIGHT)

    def slowly(_request: Request) -> bytes:
        clock.sleep(timedelta(seconds=70))
        return b"{}"

    outcome, stored = attempt(clock, slowly)

    assert stored.rows is not None
    known = dict(zip(stored.rows["game_id"].to_pylist(), stored.rows["known_at"].to_pylist(), strict=True))
    owed = entry_of(book_of({STEP: ()}, GAMES.values()), "boxes").obligation
    proof = prove(book_of({STEP: ()}, GAMES.values()), "boxes", TODAY, GAMES)
    rows = ledger_rows.arrival_rows(proof, GAMES, None, owed, outcome.came_at.__getitem__)
    arrived = {row["unit"]: row["first_at"] for row in rows}
    assert known == {"one": NIGHT + timedelta(seconds=70), "two": NIGHT + timedelta(seconds=140)}
    assert arrived == known


@pytest.mark.parametrize(("waited", "age"), [(None, HOUR), (HOUR / 60, HOUR / 60), (2 * HOUR, HOUR)])
def test_an_answer_on_which_an_attempt_may_have_failed_is_not_given_to_the_next_one(
    waited: timedelta | None, age: timedelta
) -> None:
    asked: list[Request] = []

    def shared(context: Any, inputs: Any) -> Sequence[Request]:
        other, *_ = found = [dataclasses.replace(one, max_age=HOUR) for one in requests(context, inputs)]
        return [dataclasses.replace(one, instead=other) for one in found]

    def fetch(request: Request) -> bytes:
        asked.append(request)
        return b"{}"

    step = dataclasses.replace(STEP, work=SourceWork(source="files", requests=shared, parse=parse))
    attempt(SimClock(NIGHT), fetch, step=step, failed_at=NIGHT - waited if waited else None)

    told = [each for one in asked for each in (one, one.instead) if each]
    assert [(each.max_age, each.anew) for each in told] == [(age, waited is not None)] * 4


def test_what_failed_before_is_asked_for_after_all_else_so_that_a_provider_is_not_left_alone_for_it() -> None:
    asked: list[str] = []

    def fetch(request: Request) -> bytes:
        asked.append(request.unit)
        return b"{}"

    attempt(SimClock(NIGHT), fetch, failed=frozenset({"one"}))

    assert asked == ["two", "one"]


@pytest.mark.parametrize(
    ("stands", "kind", "status", "unanswered"),
    [
        (True, ErrorKind.TRANSIENT, 503, {"one": "made"}),
        (False, ErrorKind.TRANSIENT, 503, {}),
        (True, ErrorKind.NOT_YET, 404, {}),
        (True, ErrorKind.NOT_YET, 0, {"one": "made"}),
    ],
    ids=["it stands", "it is missing, and is waited for", "there is nothing of it yet", "nobody was asked"],
)
def test_what_stands_and_has_no_answer_beside_others_that_do_was_not_seen(
    kind: ErrorKind, status: int, unanswered: dict[str, str], *, stands: bool
) -> None:
    def fetch(request: Request) -> bytes:
        if request.unit == "one":
            refused = SourceError(f"files answered {status}", kind=kind)
            refused.status = status
            raise refused
        return b"{}"

    units = {"one": UnitProof(unit="one", n_rows=0, content_hash="", excuse="not offered")} if stands else {}
    known = Proof(league="x", output="boxes", day=TODAY, fence=1, made_at=NIGHT, step_version="v1", units=units)

    outcome, _ = attempt(SimClock(NIGHT), fetch, known)

    assert outcome.unanswered == unanswered
    assert outcome.claim.plan.units == {unit: "made" for unit in GAMES if unit not in unanswered}


def test_what_is_lost_is_asked_for_where_no_kept_answer_tells_of_it_and_not_where_one_does() -> None:
    asked: list[str] = []

    def fetch(request: Request) -> bytes:
        asked.append(request.unit)
        return b"{}"

    _, made = attempt(SimClock(NIGHT), fetch, kept={"one": b"not over", "two": b"not over"})
    of_nothing = list(asked)
    asked.clear()
    _, some = attempt(SimClock(NIGHT), fetch, kept={"one": b"not over", "two": b"{}"})

    assert (of_nothing, asked) == (["one", "two"], [])
    assert made.rows is not None
    assert some.rows is not None
    assert {*made.rows["game_id"].to_pylist()} == {"one", "two"}
    assert {*some.rows["game_id"].to_pylist()} == {"two"}  # the other is lost still, and asked for by the next run


def test_what_is_lost_is_written_though_the_provider_says_what_stands_there() -> None:
    _, first = attempt(SimClock(NIGHT), lambda _request: b"{}")
    proven = {unit: UnitProof(unit=unit, n_rows=2, content_hash="other") for unit in GAMES}
    proof = Proof(league="x", output="boxes", day=TODAY, fence=1, made_at=NIGHT, step_version="v1", units=proven)

    _, again = attempt(SimClock(NIGHT), lambda _request: b"{}", proof, stands=first.rows)
    kept = dict.fromkeys(GAMES, b"not over")
    _, lost = attempt(SimClock(NIGHT), lambda _request: b"{}", proof, kept=kept, stands=first.rows)

    assert again.rows is None
    assert lost.rows is not None


def test_a_page_that_is_not_there_yet_is_noted_and_is_no_finding_and_one_that_is_refused_is() -> None:
    def early(kind: ErrorKind) -> Callable[[Request], bytes]:
        def fetch(request: Request) -> bytes:
            if request.unit == "two":
                error = SourceError("files answered 403: nothing yet", kind=kind)
                error.status = 403
                raise error
            return b"{}"

        return fetch

    def told(kind: ErrorKind) -> tuple[list[str], list[str]]:
        outcome, _ = attempt(SimClock(NIGHT), early(kind))
        found = run_findings(outcome, "source:files", [], now=NIGHT)
        return [note.outcome for note in outcome.fetches], [row["check"] for row in found]

    assert told(ErrorKind.NOT_YET) == (["not yet", "rows"], [])
    assert told(ErrorKind.TRANSIENT) == (["refused", "rows"], ["source_answers"])


@pytest.mark.parametrize(
    ("kind", "is_optional", "severity"),
    [
        (ErrorKind.TRANSIENT, True, Severity.WARNING),  # 403, 5xx, no answer
        (ErrorKind.TRANSIENT, False, Severity.ERROR),
        (ErrorKind.PERMANENT, True, Severity.ERROR),  # an invalid key, a plan that has ended
        (ErrorKind.QUOTA, True, Severity.ERROR),  # spent credits
    ],
)
def test_what_is_refused_for_now_is_a_warning_where_nothing_waits_for_it_and_what_a_person_must_mend_is_an_error(
    kind: ErrorKind, *, is_optional: bool, severity: Severity
) -> None:
    def refuse(_request: Request) -> bytes:
        raise SourceError("files answered 403", kind=kind)

    outcome, _ = attempt(SimClock(NIGHT), refuse)
    step = dataclasses.replace(STEP, optional=is_optional)
    outcome.claim = dataclasses.replace(outcome.claim, loaded=CompiledStep(step, (), "v1"))

    [found] = run_findings(outcome, "source:files", [], now=NIGHT)

    assert (found["check"], found["severity"]) == ("run_ends_well", int(severity))


@pytest.mark.parametrize(
    ("unusable", "severity"), [(entries.empty, Severity.WARNING), (parsing.shaped, Severity.ERROR)]
)
def test_an_empty_answer_is_a_warning_where_nothing_waits_for_it_and_a_format_that_has_changed_an_error(
    unusable: Callable[[Payload, str], SourceError], severity: Severity
) -> None:
    def refused(payload: Payload, _context: Any, _inputs: Any) -> Parsed:
        raise unusable(payload, "no 'games'")

    work = SourceWork(source="files", requests=requests, parse=refused)
    step = dataclasses.replace(STEP, work=work, optional=True)
    outcome, _ = attempt(SimClock(NIGHT), lambda _request: b"{}", step=step)

    [found] = run_findings(outcome, "source:files", [], now=NIGHT)

    assert (found["check"], found["severity"]) == ("run_ends_well", int(severity))
    assert ("mend the parser" in found["note"]) == (severity is Severity.ERROR)


def test_an_excuse_falls_when_a_newer_answer_about_its_unit_cannot_be_read() -> None:
    excused = {unit: UnitProof(unit=unit, n_rows=0, content_hash="", excuse="not offered") for unit in GAMES}
    proof = Proof(league="x", output="boxes", day=TODAY, fence=1, made_at=NIGHT, step_version="v1", units=excused)

    def fallen(**bodies: bytes) -> tuple[set[str], str]:
        outcome, stored = attempt(SimClock(NIGHT), lambda request: bodies[request.unit], proof)
        return set(stored.unread), str(outcome.error or "")

    assert fallen(one=b"<html>", two=b"[]") == ({"one"}, "")
    assert fallen(one=b"<html>", two=b"{}") == ({"one"}, "")
    assert fallen(one=b"<html>", two=b"<html>") == ({"one", "two"}, "")
    assert fallen(one=b"[]", two=b"[]") == (set(), "")
    assert "HTML page" in str(attempt(SimClock(NIGHT), lambda _request: b"<html>")[0].error)


def test_every_excuse_falls_when_a_newer_answer_about_the_whole_day_cannot_be_read() -> None:
    excused = UnitProof(unit="one", n_rows=0, content_hash="", excuse="not offered")
    with_rows = UnitProof(unit="two", n_rows=2, content_hash="h")
    units = {"one": excused, "two": with_rows}
    proof = Proof(league="x", output="boxes", day=TODAY, fence=1, made_at=NIGHT, step_version="v1", units=units)
    of_the_day = Request(source="files", url="https://files.example/day")
    work = SourceWork(source="files", requests=lambda _context, _inputs: [of_the_day], parse=parse)

    outcome, stored = attempt(
        SimClock(NIGHT), lambda _request: b"<html>", proof, step=dataclasses.replace(STEP, work=work)
    )

    assert outcome.error is None
    assert stored.unread == {"one"}
    assert [note.outcome for note in outcome.fetches] == ["error"]


def test_rows_of_which_no_games_can_be_read_are_not_written_and_the_line_at_fault_is_named() -> None:
    def misread(rows: pa.Table) -> Sequence[Game]:
        return [rows.to_pylist()[0]["no such column"]]

    outcome, stored = attempt(SimClock(NIGHT), lambda _request: b"{}", read_games=misread)

    assert stored.rows is None
    assert "KeyError: 'no such column' at test_runs_of_sources.py:" in str(outcome.error)


def test_a_parser_that_names_what_is_no_column_fails_and_names_it() -> None:
    def misnamed(payload: Payload, _context: Any, _inputs: Any) -> Parsed:
        return Parsed(rows=[{"day": TODAY, "game_id": payload.request.unit, "whom": "a"}])

    work = SourceWork(source="files", requests=requests, parse=misnamed)
    outcome, stored = attempt(SimClock(NIGHT), lambda _request: b"{}", step=dataclasses.replace(STEP, work=work))

    assert stored.rows is None
    assert "name what it has no column for: whom" in str(outcome.error)
