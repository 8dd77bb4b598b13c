"""What needs the warehouse and is not a run: done here where nobody works in the home, else asked for by way of the ledger."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import IO, Any

from tipoff.app.backfill import Remaking
from tipoff.app.backup import copy_home, may_be_copied
from tipoff.app.chores import Chores
from tipoff.app.holder import lock
from tipoff.app.instance import Instance, OpenStores, aside_losses
from tipoff.app.parts import never
from tipoff.app.recounts import lost_in_all
from tipoff.app.season_report import explained, models_of, sections_of
from tipoff.app.warehouses import open_warehouse
from tipoff.app.watching import examiner_of
from tipoff.config import Settings
from tipoff.core.clock import RealClock, league_day, pause, stopwatch
from tipoff.core.errors import ErrorKind, PipelineError, UsageError, WarehouseError
from tipoff.core.home import Home, Profile
from tipoff.core.league import League
from tipoff.core.payload import SetAside
from tipoff.core.proof import Loss
from tipoff.engine.controller import Controller
from tipoff.leagues.catalog import LEAGUES, league_named
from tipoff.ledger import Ledger
from tipoff.ledger.answers import leagues_of
from tipoff.ledger.facts import home_now, league_facts, season_of
from tipoff.ledger.requests import (
    HomeRequest,
    leave_request,
    note_request,
    open_requests,
    read_request,
    withdraw_request,
)
from tipoff.ledger.stores import MADE_ANEW, is_elsewhere, lost_files, lost_warehouse
from tipoff.store.archive import Archive
from tipoff.store.published import Published

ASIDE = "set aside"
TAKEN_WITHIN = timedelta(minutes=5)  # after which whoever asked is told that nobody takes it
Answer = Mapping[str, Any]


def funnel(league: League, what: Answer, stores: Instance | OpenStores, now: datetime) -> Answer:
    """Return how far each entry of a slate came on its way; raises `UsageError` where the league does not say."""
    if not league.funnel_sql:
        msg = f"{league.name} does not say how far anybody comes on the way to a prediction"
        raise UsageError(msg, hint="its content declares no funnel")
    day = date.fromisoformat(what["day"])
    season = season_of(stores.ledger, league.name, day)
    rows = stores.warehouse.ask(league.funnel_sql, league=league.name, day=day, season=season, as_of=now).to_pylist()
    return {"rows": rows}


def measure(league: League, what: Answer, stores: Instance | OpenStores, now: datetime) -> Answer:
    """Measure every check on a day, and write it down."""
    day = date.fromisoformat(what["day"])
    examiner = examiner_of(league, season_of(stores.ledger, league.name, day), stores)
    examiner.record(day, examiner.examine(day, now), now)
    return {}


Work = Callable[[League, Answer, Instance | OpenStores, datetime], Answer]
WORKS: Mapping[str, Work] = {
    "funnel": funnel,
    "measure": measure,
    "report": sections_of,
    "models": models_of,
    "explain": explained,
}


@contextmanager
def opened(settings: Settings, league: League) -> Iterator[OpenStores]:
    """Hold a home's stores until the block ends; raises `WarehouseError` where opening would make a lost warehouse anew."""
    home, now = settings.place, RealClock().now
    with Ledger(home.ledger, read_only=True) as ledger:
        if lost := lost_warehouse(ledger, home, league.name):
            raise WarehouseError(lost, kind=ErrorKind.PERMANENT, hint=MADE_ANEW)
    with (
        Ledger(home.ledger) as ledger,
        closing(open_warehouse(settings, home, ledger, profile=Profile.LIVE, at=never, now=now)) as warehouse,
    ):
        loaded = warehouse.prepare(league.steps)
        yield OpenStores(ledger=ledger, warehouse=warehouse, published=Published(home.published), loaded=loaded)


def answered(settings: Settings, league: League, kind: str, **what: str) -> Answer:
    """Return the answer to a question that needs the warehouse; raises as `follow`, and as its kind in `WORKS`."""
    held = here(settings.place)
    if held is None:
        return follow(settings, ask(settings, league.name, kind, what))
    with held, opened(settings, league) as stores:
        now = home_now(stores.ledger)
        return WORKS[kind](league, what, stores, now)


def stores_lack(settings: Settings, league: League, day: date) -> list[str]:
    """Return what the stores lack of what is proven: read back where nobody works here, else as far as a look at files shows."""
    home = settings.place
    with Ledger(home.ledger, read_only=True) as ledger:
        lost = lost_files(ledger, home, league.name)
        is_lost = bool(lost_warehouse(ledger, home, league.name)) or is_elsewhere(home)
    held = None if is_lost else here(home)
    if held is None:
        return lost
    with held, opened(settings, league) as stores:
        return lost_in_all(league, stores, day)


def back_up(settings: Settings, to: Path) -> str:
    """Leave a copy of the home in the new folder `to`, made by the controller where one runs; raises as `may_be_copied`."""
    home, to = settings.place, to.absolute()
    may_be_copied(home, to)
    with Ledger(home.ledger, read_only=True) as ledger:
        league = league_named(next(iter(ledger.leagues()), next(iter(LEAGUES))))
    held = here(home)
    if held is None:
        return str(follow(settings, ask(settings, league.name, "backup", {"to": str(to)}))["said"])
    with held, opened(settings, league) as stores:
        return copy_home(home, stores.warehouse, to, RealClock().now())


def backfill_live(  # noqa: PLR0913 -- what a backfill is told
    settings: Settings,
    league: League,
    days: tuple[date, date],
    outputs: Collection[str],
    *,
    dry_run: bool,
    progress: Callable[[Answer], None],
) -> Answer:
    """Have a running controller make what past days lack, and return what came of it; raises `UsageError` where none runs."""
    now = RealClock().now()
    if days[1] >= league_day(now):
        msg = f"{days[1]} is not over yet"
        raise UsageError(msg, hint="a backfill makes past days; the controller makes the others")
    held = here(settings.place)
    if held is not None:
        held.close()
        msg = f"no controller runs in {settings.home}: a live home's past days are made by it"
        raise UsageError(msg, hint=f"start it, and ask again: tipoff up {league.name}")
    what = {"from": str(days[0]), "to": str(days[1]), "outputs": sorted(outputs), "dry_run": dry_run}
    return follow(settings, ask(settings, league.name, "backfill", what), progress=progress)


def set_aside(settings: Settings, league: League, aside: SetAside) -> Answer:
    """Let nobody use an archived answer, and have made anew what was made of it; returns the slates, and whether it has begun.

    Raises `UsageError` for another league's answer, `WarehouseError` where the archive cannot be written, and as `follow`.
    """
    home = settings.place
    with Ledger(home.ledger, read_only=True) as ledger:
        others = leagues_of(ledger, aside.sha256)
    if others and league.name not in others:
        msg = f"payload {aside.sha256[:12]} was no answer to {league.name}, but to {', '.join(sorted(others))}"
        raise UsageError(msg, hint=f"name its own league: tipoff set-aside {min(others)} {aside.sha256[:12]}")
    Archive(home.archive).set_aside(aside)
    held = here(home)
    if held is None:
        return {**follow(settings, ask(settings, league.name, ASIDE, {"sha256": aside.sha256})), "is_begun": True}
    with held, Ledger(home.ledger, read_only=True) as ledger:
        found = aside_losses(home, ledger, league)
    return {"slates": shown_losses(found), "is_begun": False}


def shown_losses(losses: Iterable[Loss]) -> list[str]:
    """Return which outputs of which days losses are of."""
    return sorted({f"{loss.output} {loss.day}" for loss in losses})


def here(home: Home) -> IO[str] | None:
    """Take the home for this process; None where another one works in it, so that it is to be asked."""
    try:
        return lock(home)
    except UsageError:
        if not home.has_ledger:
            raise
        return None


def ask(settings: Settings, league: str, kind: str, what: Mapping[str, Any]) -> int:
    """Leave a request with the process that works in the home; returns its number."""
    with Ledger(settings.place.ledger) as ledger:
        return leave_request(ledger, league, kind, what, now=RealClock().now())


def follow(settings: Settings, number: int, *, progress: Callable[[Answer], None] = lambda _so_far: None) -> Answer:
    """Return the answer to a request once it has come.

    Raises:
        UsageError: Nobody has taken it, or will.
        PipelineError: What was asked for could not be done.
    """
    began = stopwatch()
    with Ledger(settings.place.ledger, read_only=True) as ledger:
        while (request := read_request(ledger, number)).ended_at is None:
            if request.taken_at is None:
                try:
                    _may_be_taken(settings.place, ledger, request, stopwatch() - began)
                except UsageError as error:
                    if _withdrawn(settings.place, number, error):
                        raise
            progress(request.answer)
            pause(timedelta(milliseconds=200))
    if request.error:
        msg = f"the controller could not do it: {request.error}"
        raise PipelineError(msg)
    return request.answer


def _withdrawn(home: Home, number: int, error: UsageError) -> bool:
    """Take a request back, so that nobody does later what its asker was told is not done; returns whether that was in time."""
    with Ledger(home.ledger) as ledger:
        return withdraw_request(ledger, number, str(error), now=RealClock().now())


def _may_be_taken(home: Home, ledger: Ledger, request: HomeRequest, waited_s: float) -> None:
    """Return where somebody may still take a request.

    Raises:
        UsageError: A replay works in the home, which takes none, or nobody does any more, or nobody took it in time.
    """
    facts = league_facts(ledger, request.league)
    if facts.world and not facts.live_since:
        msg = f"a replay works in the home {home.root}, which answers nobody"
        raise UsageError(msg, hint="wait for it to end, and ask again")
    if (held := here(home)) is not None:
        held.close()
        msg = f"nobody works in the home {home.root} any more, and nobody has taken request {request.id}"
        raise UsageError(msg, hint="ask again")
    if waited_s > TAKEN_WITHIN.total_seconds():
        msg = f"nobody has taken request {request.id} within {TAKEN_WITHIN}"
        raise UsageError(msg, hint=f"does the controller tick? see: tipoff status {request.league}")


class Requests:
    """Takes what is asked of a running league, does it beside the ticking, and writes down what came of it."""

    def __init__(self, league: League, home: Home, stores: Instance | OpenStores, chores: Chores[int]) -> None:
        self._league, self._home, self._stores, self._chores = league, home, stores, chores
        self._remaking: dict[int, Remaking] = {}
        self._answers: dict[int, Answer] = {}
        self._noted: dict[int, Answer] = {}

    def look(self, controller: Controller, now: datetime) -> None:
        """Take what is new, go on with what is begun, and answer what is done."""
        ledger = self._stores.ledger
        for number, error in self._chores.done():
            said = {"error": f"{error} ({error.hint})"} if error else {"answer": self._answers.pop(number, {})}
            note_request(ledger, number, ended_at=now, **said)
        for request in open_requests(ledger, self._league.name):
            if request.kind == "backfill":
                self._remake(request, controller, now)
            elif request.kind == ASIDE:
                losses = aside_losses(self._home, ledger, self._league)
                controller.lose(losses)
                note_request(ledger, request.id, taken_at=now, ended_at=now, answer={"slates": shown_losses(losses)})
            elif not self._chores.holds(request.id):
                if request.taken_at is None:
                    note_request(ledger, request.id, taken_at=now)
                self._chores.hand_out(request.id, partial(self._do, request, now), due_at=now)

    def _do(self, request: HomeRequest, now: datetime) -> None:
        if request.kind == "backup":
            to = Path(request.what["to"])
            self._answers[request.id] = {"said": copy_home(self._home, self._stores.warehouse, to, now)}
        elif request.kind in WORKS:
            self._answers[request.id] = WORKS[request.kind](self._league, request.what, self._stores, now)
        else:
            msg = f"this build knows no request {request.kind!r}"
            raise PipelineError(msg, hint="the command and the controller are of different builds")

    def _remake(self, request: HomeRequest, controller: Controller, now: datetime) -> None:
        ledger = self._stores.ledger
        mine = self._remaking.get(request.id)
        if mine is None:
            mine = self._remaking[request.id] = Remaking.of(controller, ledger, request.what, now)
            note_request(ledger, request.id, taken_at=now)
            if not mine.is_over:
                return  # what it is about is judged by the next tick
        report = mine.look(now)
        ends = {"ended_at": now} if mine.is_over else {}
        if ends or report != self._noted.get(request.id):
            self._noted[request.id] = report
            note_request(ledger, request.id, answer=report, **ends)
        if ends:
            del self._remaking[request.id], self._noted[request.id]
