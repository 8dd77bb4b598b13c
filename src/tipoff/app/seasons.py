"""From one season to the next in a running process: once the last day has come, the schedule is looked at for another."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event

from tipoff.app.chores import Chores, InThread
from tipoff.core.build import build
from tipoff.core.clock import RunningClock, Stop, league_day, wait
from tipoff.core.errors import PipelineError, SourceError
from tipoff.core.home import Home
from tipoff.core.league import League
from tipoff.core.severity import Severity
from tipoff.core.slate import Season
from tipoff.core.step import SourceWork
from tipoff.ledger import Batch, Ledger
from tipoff.ledger.alerts import AlertChanges, AlertStore
from tipoff.ledger.facts import SEASON_UNKNOWN, league_facts, season_row, seasons_of
from tipoff.ledger.rows import finding

LOOK_EVERY = timedelta(hours=6)
BLIND_AFTER = timedelta(days=3)  # without an answer it is not known any more that there is nothing to do
EVIDENCE = "the provider's schedule"
_STOPPED_WITHIN_S = 0.5
_SOON, _SELDOM = timedelta(seconds=5), timedelta(minutes=1)  # between questions to a schedule that does not answer


def learned(  # noqa: PLR0913 -- what is asked, whose it is, and the clock that is handed in
    learn: Callable[[], Season],
    league: str,
    *,
    home: Home,
    mark: str,
    clock: RunningClock,
    stop: Stop,
    said: Callable[[str], None],
) -> Season | None:
    """Return the season that the schedule names, asked until it answers, or None once stopped; why not is kept in the ledger."""
    pause, failed = _SOON, ""
    while not stop.is_set():
        try:
            season = _learned_beside(learn, clock.now(), stop)
        except SourceError as error:
            if str(error) != failed:  # said when it comes, not each time
                failed = str(error)
                said(f"{league}: {SEASON_UNKNOWN}: {error}; it is asked again, each minute at the least")
            _keep_unknown(home, league, failed, mark, clock.now())
            wait(stop, clock.timer(pause))
            pause = min(2 * pause, _SELDOM)
            continue
        if season is not None:
            _keep_unknown(home, league, "", mark, clock.now())
        return season
    return None


def _learned_beside(learn: Callable[[], Season], now: datetime, stop: Stop) -> Season | None:
    """Return what `learn` does, or None once stopped: it is done in a thread, for who is asked may hang. Raises as `learn`."""
    answers: list[Season] = []
    woken = Event()
    with closing(InThread[str]("season", woken)) as chores:
        chores.hand_out("season", lambda: answers.append(learn()), due_at=now)
        while not woken.wait(_STOPPED_WITHIN_S):
            if stop.is_set():
                return None  # whatever the chores say of one that they have given up by now
        for _, error in chores.done():
            if error is not None:
                raise error
    return next(iter(answers), None)


def _keep_unknown(home: Home, league: str, why: str, mark: str, now: datetime) -> None:
    with Ledger(home.ledger) as ledger:
        known = league_facts(ledger, league).no_season
        if why or known:
            since = known.since if known else now
            ledger.keep_facts({"no season": f"{since.isoformat()} {why}" if why else ""}, league=league)
    if why:
        with AlertStore(home.ledger) as beats:
            beats.write(AlertChanges(), beat=(f"controller {league}", now, build(), mark))


@dataclass(slots=True, kw_only=True)
class NextSeason:
    """Looks whether the schedule shows another season than the one that is worked on, or more days of it."""

    league: League
    season: Season
    shown: Callable[[], Season]  # asks the provider, beside the ticking
    chores: Chores[str]
    every: timedelta = LOOK_EVERY
    _looked_at: datetime | None = None
    _seen_at: datetime | None = None
    _answers: list[Season] = field(default_factory=list)

    def look(self, ledger: Ledger, now: datetime) -> Season | None:
        """Return the season to go on with, where it is another one; what was seen is written down."""
        self._seen_at = self._seen_at or now
        for _, error in self.chores.done():
            if error is not None and now - self._seen_at >= BLIND_AFTER:
                self._tell(ledger, error, now)
        if self._answers:
            self._seen_at = now
            found = keep_season(ledger, self.league.name, self._answers.pop(), now, EVIDENCE)
            if _goes_on(self.season, found):
                return found
        is_time = self._looked_at is None or now - self._looked_at >= self.every
        if is_time and league_day(now) >= self.season.last_day:
            self._looked_at = now
            self.chores.hand_out("season", self._ask, due_at=now, can_wait=True)
        return None

    def _ask(self) -> None:
        self._answers.append(self.shown())

    def _tell(self, ledger: Ledger, error: PipelineError, now: datetime) -> None:
        work = self.league.step(self.league.schedule).work
        cause = f"source:{work.source}" if isinstance(work, SourceWork) else "check:season_is_known"
        note = f"the schedule has not been seen since {self._seen_at:%Y-%m-%d %H:%M} UTC: {error} ({error.hint})"
        where = self.league.name, "", league_day(now)
        ledger.add("findings", finding(where, "season_is_known", cause, Severity.ERROR, note, now=now))


def _goes_on(season: Season, shown: Season) -> bool:
    """Whether the schedule shows a later season, or this one with days that it did not have: a round drawn late."""
    return shown.last_day > season.last_day and (shown.name == season.name or shown.first_day > season.last_day)


def keep_season(ledger: Ledger, league: str, season: Season, now: datetime, evidence: str) -> Season:
    """Write down a season as it is shown now; returns it with the first days of those before it that are known here."""
    batch = Batch()
    batch.add("seasons", season_row(league, season, now=now, evidence=evidence))
    ledger.commit(batch)
    return next(known for known in seasons_of(ledger, league) if known.name == season.name)
