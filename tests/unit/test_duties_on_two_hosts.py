"""A home on which several controllers stand: the one that works answers requests and has slates examined, and no other."""

from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

from tipoff.app import live
from tipoff.core.slate import Season
from tipoff.leagues.nba.league import NBA

NOW = datetime(2024, 1, 10, 12, tzinfo=UTC)


def test_who_stands_by_answers_and_examines_nothing_and_who_works_does() -> None:
    done: list[str] = []
    spec: Any = SimpleNamespace(league=NBA, shown=None, settings=None)
    season = Season("2024", date(2024, 1, 1), date(2024, 4, 1))
    stage: Any = SimpleNamespace(ledger=None, beside=None)
    duties = live._Duties(spec, season, stage, done.append)  # noqa: SLF001
    parts: Any = {
        "_off": SimpleNamespace(look=lambda *_given: done.append("told"), forget=lambda: done.append("forgotten")),
        "_times": SimpleNamespace(league=NBA, due=lambda *_given: []),
        "_requests": SimpleNamespace(look=lambda _controller, _now: done.append("asked")),
        "_looks": [lambda _now: done.append("examined"), lambda _now: done.append("recounted")],
        "_retention": SimpleNamespace(look=lambda _ledger, _now: done.append("let go")),
    }
    for name, part in parts.items():
        setattr(duties, name, part)
    waiting, at_work = (
        SimpleNamespace(stands_by=stands_by, book=SimpleNamespace(entries={})) for stands_by in (True, False)
    )

    stage.running = [waiting]
    duties.begin()
    duties.look([waiting], NOW)  # type: ignore[list-item]
    of_waiting = list(done)
    done.clear()
    duties.look([at_work], NOW)  # type: ignore[list-item]

    assert (of_waiting, sorted(done)) == (["forgotten", "let go"], ["asked", "examined", "let go", "recounted", "told"])
