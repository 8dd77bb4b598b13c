"""How many runs an obligation may have in a day and in a tick: whatever the cause, nothing is made over and over."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from tipoff.core.clock import league_day, midnight
from tipoff.core.obligation import Verb
from tipoff.core.slate import Slate
from tipoff.engine.attempts import LAST_LOOK
from tipoff.engine.book import Entry, Key
from tipoff.engine.judge import Judgement

A_DAY = 24  # runs of one slate of one output in a calendar day; a quiet day's most is 7
A_START = (
    4  # more for each start of the slate's games: what is told from a game's own start is asked for around each of them
)
A_REST = timedelta(hours=2)  # between two runs once the day's are used up: what heals late is made all the same
A_TICK = 12  # within one tick: its games may have closed at so many different instants
_MINUTE = timedelta(minutes=1)


@dataclass(slots=True)
class RunBudget:
    """How many runs each obligation has had today and in this tick."""

    a_day: int = A_DAY
    a_start: int = A_START
    a_tick: int = A_TICK
    day: date | None = None
    today: Counter[Key] = field(default_factory=Counter)
    tick: Counter[Key] = field(default_factory=Counter)
    last: dict[Key, datetime] = field(default_factory=dict)
    told: set[Key] = field(default_factory=set)

    def begin(self, now: datetime, runs_today: Mapping[Key, tuple[int, datetime]] | None = None) -> None:
        """Begin a tick; a new day begins with an untouched budget, a restart with what the ledger says of today."""
        self.tick.clear()
        if self.day != league_day(now):
            self.day = league_day(now)
            self.today.clear()
            self.told.clear()
        if runs_today is not None:
            self.today = Counter({key: n for key, (n, _) in runs_today.items()})
            self.last = {key: last for key, (_, last) in runs_today.items()}

    def free_at(self, key: Key, now: datetime, *, n_starts: int = 0, ends: Iterable[datetime] = ()) -> datetime | None:
        """Return when a run may be made again; None where one may be made now.

        `n_starts`: of the slate's games. `ends`: when what would be made is due or closes: each has its last look all the same.
        """
        if self.today[key] >= self.a_day + self.a_start * n_starts:
            last = self.last.get(key, now)
            looks = (at - LAST_LOOK for at in ends if at - LAST_LOOK > last)
            free_at = min(last + A_REST, midnight(league_day(now) + timedelta(days=1)), *looks)
            return free_at if free_at > now else None
        return now + _MINUTE if self.tick[key] >= self.a_tick else None

    def spend(self, key: Key, now: datetime) -> None:
        """Count one run."""
        self.last[key] = now
        self.today[key] += 1
        self.tick[key] += 1

    def give_back(self, key: Key) -> None:
        """Count one run less: its provider was left alone, for minutes at the least, so nobody was asked and nothing done."""
        self.today[key] = max(0, self.today[key] - 1)

    def limit(self, entry: Entry, judged: Judgement, now: datetime, slate: Slate) -> Judgement:
        """Return the judgement, without its runs where the obligation has had all that it may have."""
        n_starts = len({game.starts_at for game in slate.played})
        if not judged.plans:
            return judged
        times = [entry.obligation.times[unit] for plan in judged.plans for unit in plan.units]
        ends = [at for of_unit in times for at in (of_unit.due_at, of_unit.closes_at) if at is not None]
        free_at = self.free_at(entry.key, now, n_starts=n_starts, ends=ends)
        if free_at is None:
            return judged
        reason = f"it has had {self.today[entry.key]} runs today, and waits until {free_at:%Y-%m-%d %H:%M} UTC"
        wake_at = min(free_at, judged.wake_at or free_at)
        return replace(judged, plans=(), verb=Verb.WAIT, reason=reason, until=free_at, wake_at=wake_at)

    def is_news(self, key: Key) -> bool:
        """Whether nobody has been told yet today that `key` has used up its budget."""
        is_new = key not in self.told
        self.told.add(key)
        return is_new
