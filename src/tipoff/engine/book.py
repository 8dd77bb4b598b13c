"""The book: open obligations with their proofs, in memory, mirrored in the ledger; it answers a judge and decides nothing."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from tipoff.core.gate import Evidence
from tipoff.core.league import League
from tipoff.core.obligation import Gaps, Obligation, State
from tipoff.core.proof import Proof, UnitProof, digest_of
from tipoff.core.question import Ruling
from tipoff.core.records import WaiverRecord
from tipoff.core.schema import WHOLE_SLATE
from tipoff.core.slate import Game, Season, Slate
from tipoff.core.step import Edge, SourceWork, Step
from tipoff.core.window import Input, WindowKind
from tipoff.engine.plan import plan_step, units_of_games
from tipoff.store.dialect import CompiledStep

Key = tuple[str, date]  # output, day
SAME_DAY = (WindowKind.SLATE, WindowKind.KNOWN)


@dataclass(slots=True)
class LiveRun:
    """A run that has been handed out and has not reported yet; it may write until `until`, which its controller puts off."""

    run_id: int
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """What keeps rows from being written: since when, what kind, who holds them and until when, where that is known."""

    since: datetime
    kind: str
    units: str  # JSON list
    holder: str
    clears_at: datetime | None
    attempts: int


@dataclass(slots=True)
class Entry:
    """One obligation and what has become of it."""

    step: Step
    obligation: Obligation
    order: int  # place in the catalog
    proof: Proof | None = None
    state: State = State.WAITING
    since: datetime | None = None
    reason: str = ""
    excused: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    lost: frozenset[str] = frozenset()
    no_result: frozenset[str] = frozenset()  # missing units of which there is no result, though their source answers
    look_by: datetime | None = None  # others ask that the source be asked after this
    tried_at: datetime | None = None
    attempted: dict[str, str] = field(default_factory=dict)  # unit -> what it was made from, when that gave no proof
    failed_on: dict[str, str] = field(default_factory=dict)  # unit -> what a transform was given when it failed
    # unit -> what a guard kept from going out was made from, and when it is tried again
    held: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    not_before: datetime | None = None
    running: LiveRun | None = None
    gone: dict[str, UnitProof] = field(default_factory=dict)  # proven units that a store has no more as they were
    moved: dict[str, UnitProof] = field(default_factory=dict)  # what was made before its game's start became another
    remake: bool = False  # by a backfill: what another version of the step made is stale, however old
    conflict: Conflict | None = None
    cause: str = ""  # what its last failure was blamed on
    error: str = ""  # what its last failure said, while it waits for it
    blame: str = ""  # what it was last told to be late or lost for
    met_at: datetime | None = None  # when it was first met, or late no more, after it had been told
    failures: int = 0  # in a row, of any kind: of its worst unit
    asked: frozenset[str] = frozenset()  # the units of its last run
    tries: dict[str, int] = field(default_factory=dict)  # failures in a row, by unit
    of_kind: tuple[str, int] = ("", 0)  # the last failure's kind, and how many failures in a row were of others before
    polls: int = 0
    put_off: frozenset[str] = frozenset()  # not published yet, or not asked for, since any other failed
    decided: tuple[str, str] = ("", "")
    wake_at: datetime | None = None
    units_of_game: Mapping[str, list[str]] = field(default_factory=dict)
    gates: dict[str, tuple[bool, str]] = field(default_factory=dict)
    questions: dict[str, frozenset[str]] = field(default_factory=dict)  # by unit: what a person is asked about, or was

    @property
    def key(self) -> Key:
        """The entry's place in the book."""
        return self.obligation.output, self.obligation.day

    def sleeps(self, now: datetime) -> bool:
        """Whether it is not open yet, and is to be looked at when it is."""
        opens_at = self.obligation.opens_at
        return opens_at is not None and now < opens_at == self.wake_at


@dataclass(frozen=True, slots=True)
class Reading:
    """One input of a step, with the policy for it."""

    input: Input
    edge: Edge
    units_by_game: bool
    is_aligned: bool  # a unit of the output rests on its own unit of this input alone


class Book:
    """The obligations of one league: of the season that is worked on, and of those before it as far as windows reach back."""

    def __init__(
        self, league: League, season: Season, loaded: Mapping[str, CompiledStep], begins: date | None = None
    ) -> None:
        """`begins`: the first day of which anything is made here, where that is not the season's."""
        self.league, self.season = league, season  # the one that is worked on
        self._here = replace(season, first_day=max(season.first_day, begins or season.first_day))
        self.seasons: Sequence[Season] = (season,)  # all that are known of
        self.loaded = loaded
        self.entries: dict[Key, Entry] = {}
        self._by_output: dict[str, dict[date, Entry]] = {}
        self.slates: dict[date, Slate] = {}
        self.readings = {step.name: _readings(league, step, loaded[step.name]) for step in league.steps}
        self._readers: dict[str, list[tuple[Step, Input]]] = {}
        for step in league.steps:
            for reading in self.readings[step.name]:
                self._readers.setdefault(reading.input.table, []).append((step, reading.input))
        self._order = {step.name: number for number, step in enumerate(league.steps)}
        self._digests: dict[str, dict[date, str]] = {step.name: {} for step in league.steps}
        self._n_units: dict[str, dict[date, int]] = {step.name: {} for step in league.steps}
        self._windows: dict[tuple[str, date, date], str] = {}
        self._team_games: dict[str, list[tuple[date, str]]] = {}
        self._starts: dict[date, dict[str, datetime]] = {}  # by day and game: the last start that was known
        self._earlier: dict[date, dict[str, tuple[str, ...]]] = {}  # by day and game: its teams' games before it
        self.since: dict[str, datetime] = {}  # by output: when it was first kept in this home
        self.off: Mapping[str, str] = {}  # by output: for want of which key it is not asked for
        self.gaps: dict[str, Gaps] = {}  # by output that needs a key, once it was looked for: when there was none
        self.without: Mapping[str, Gaps] = {}  # the same, of what rests on these too
        self.learned: Mapping[str, timedelta] = {}  # by output: after which time from a game's start its source is late
        self.resting: dict[str, datetime] = {}  # outputs whose table is left alone, until when
        self.lacking: dict[date, datetime] = {}  # days whose schedule lacks a game that is sold; its next look
        self.waivers: dict[tuple[str, date, str], WaiverRecord] = {}
        self.rulings: tuple[Ruling, ...] = ()
        self.ruling_mark: Sequence[int] = ()
        self.has_asked = False  # people, anything

    def season_of(self, day: date) -> Season:
        """Return the season that `day` lies in; the one that is worked on where it lies in none."""
        if self.season.first_day <= day <= self.season.last_day:
            return self.season
        return next((s for s in self.seasons if s.first_day <= day <= s.last_day), self.season)

    @property
    def reach(self) -> date:
        """The first day that any window of the season that is worked on may touch."""
        return min(self._history(name, self.season.first_day) for name in self.readings)

    def history_of(self, entry: Entry) -> date:
        """Return the first day that is history for an obligation."""
        return self._history(entry.step.name, entry.obligation.day)

    def _history(self, output: str, day: date) -> date:
        season, read = self.season_of(day), (reading.input.window for reading in self.readings[output])
        return min((window.bounds(day, season)[0] for window in read if window.is_history), default=season.first_day)

    def open_day(self, day: date) -> None:
        """Put the day's schedule obligation into the book; the rest follows from what it says."""
        slate = self.slates.setdefault(day, Slate(self.league.name, self.season_of(day), day))
        self._plan(self.league.step(self.league.schedule), slate)

    def set_games(self, day: date, games: tuple[Game, ...]) -> list[Key]:
        """Take up the day's games; returns the obligations that are new or have changed."""
        old = self.slates.get(day)
        slate = Slate(self.league.name, self.season_of(day), day, games)
        self.slates[day] = slate
        self._index_teams(old, slate)
        self._take_up_starts(slate)
        earlier = {game.game_id: tuple(other.game_id for other in slate.before(game)) for game in slate.played}
        self._earlier[day] = {game_id: others for game_id, others in earlier.items() if others}
        here = replace(self._here, first_day=self._first_with_games(day))
        others = (step for step in self.league.steps if step.name != self.league.schedule)
        return [(step.name, day) for step in others if step.owed_on(day, here) and self._plan(step, slate)]

    def _take_up_starts(self, slate: Slate) -> None:
        for step in self.league.steps:
            if (entry := self.entries.get((step.name, slate.day))) is not None:
                self.note_starts(entry, slate)
        told = {game.game_id: game.starts_at for game in slate.games if game.starts_at}
        self._starts[slate.day] = self._starts.get(slate.day, {}) | told

    def note_starts(self, entry: Entry, slate: Slate) -> None:
        """Note what tells a game's start where `slate` has another than was last known: what is not closed is made anew."""
        if self.tells_starts(entry):
            last, told = self._starts.get(slate.day, {}), {game.game_id: game.starts_at for game in slate.games}
            others = {game_id for game_id, at in told.items() if at and last.get(game_id, at) != at}
            units, proven = entry.obligation.units, entry.proof.units if entry.proof else {}
            entry.moved |= {
                u: proof for u, proof in proven.items() if (game := units.get(u)) and game.game_id in others
            }

    def tells_starts(self, entry: Entry) -> bool:
        """Whether an output tells when its games start, and closes with them."""
        if not entry.step.timing.closes or isinstance(entry.step.work, SourceWork):
            return False
        return any(reading.input.table == self.league.schedule for reading in self.readings[entry.step.name])

    def _first_with_games(self, day: date) -> date:
        """Return the first day here, or, where it and what follows have no games, the next: an empty day owes nothing."""
        first = self._here.first_day
        while first < day and first in self.slates and not self.slates[first].played:
            first += timedelta(days=1)
        return first

    def _plan(self, step: Step, slate: Slate) -> bool:
        obligation = plan_step(step, slate, self.learned.get(step.name))
        entry = self.entries.get((step.name, slate.day))
        if entry is None:
            entry = self.entries[step.name, slate.day] = Entry(step, obligation, self._order[step.name])
            self._by_output.setdefault(step.name, {})[slate.day] = entry
            entry.units_of_game = units_of_games(obligation)
            return True
        if entry.obligation == obligation:
            return False
        entry.obligation, entry.units_of_game = obligation, units_of_games(obligation)
        return True

    def _index_teams(self, old: Slate | None, new: Slate) -> None:
        for game in old.played if old else ():
            for side in (game.home, game.away):
                self._team_games[side].remove((game.day, game.game_id))
        for game in new.played:
            for side in (game.home, game.away):
                listed = self._team_games.setdefault(side, [])
                listed.insert(bisect_left(listed, (game.day, game.game_id)), (game.day, game.game_id))

    def set_proof(self, proof: Proof) -> bool:
        """Take up a proof; returns whether content changed, so that readers must look again."""
        entry = self.entries.get((proof.output, proof.day))
        if entry is not None:
            entry.proof = proof
        digests = self._digests.get(proof.output)
        if digests is None:
            return False  # the catalog no longer has it; nobody reads it
        digest = proof.digest
        if digests.get(proof.day) == digest:
            return False
        digests[proof.day] = digest
        self._n_units[proof.output][proof.day] = len(proof.units)
        for window in [known for known in self._windows if known[0] == proof.output]:
            del self._windows[window]
        return True

    def readers(self, table: str, day: date) -> Iterator[Key]:
        """Yield the obligations in the book that read `table` of `day`."""
        for step, read in self._readers.get(table, ()):
            if read.window.kind in SAME_DAY:
                if (step.name, day) in self.entries:
                    yield step.name, day
                continue
            for other in (slate for slate in self.slates if slate >= day):  # no window looks ahead
                first, last = read.window.bounds(other, self.season_of(other))
                is_read = first <= day <= last or (other == day and self.has_earlier_games(day))
                if is_read and (step.name, other) in self.entries:
                    yield step.name, other

    def have_seen(self, output: str, day: date, since: datetime) -> Key:
        """Let what a source said of `day` be stale if it has not been asked since; returns the obligation."""
        entry = self.entries[output, day]
        if entry.look_by is None or entry.look_by < since:
            entry.look_by = since
        return entry.key

    def take_waivers(self, held: Iterable[WaiverRecord]) -> list[Key]:
        """Take up the waivers that hold now; returns the obligations of which one began or ended."""
        waivers = {(waiver.output, waiver.day, waiver.input): waiver for waiver in held}
        known, self.waivers = self.waivers, waivers
        changed = waivers.keys() | known.keys() if waivers != known else ()
        return [(output, day) for output, day, _ in changed if (output, day) in self.entries]

    def seen_at(self, day: date) -> datetime | None:
        """Return when the schedule of `day` was last seen."""
        entry = self.entries.get((self.league.schedule, day))
        proven = entry.proof.units.get(WHOLE_SLATE) if entry and entry.proof else None
        return proven.as_of if proven else None

    def is_current(self, output: str, version: str) -> bool:
        """Whether a step of this version makes what the present one makes: it is that one, or is declared to be the same."""
        compiled = self.loaded[output]
        return version == compiled.version or version in compiled.step.same_as

    def evidence(self, table: str, day: date, unit: str) -> Evidence:
        """Return what is known of one unit of an output."""
        entry = self.entries.get((table, day))
        if entry is None:
            return Evidence.UNKNOWN
        if unit in entry.excused:
            return Evidence.EXCUSED
        proven = entry.proof.units.get(unit) if entry.proof else None
        is_lost = unit in entry.lost and isinstance(entry.step.work, SourceWork)
        if unit in entry.gone or (is_lost and proven is not None and proven.excuse):
            return Evidence.MISSING
        if proven is None:
            return Evidence.NO_RESULT if unit in entry.no_result else Evidence.MISSING
        return Evidence.EXCUSED if proven.excuse else Evidence.PROVEN

    def units_of_game(self, table: str, day: date, game_id: str) -> list[str]:
        """Return the units of an output that belong to one game."""
        entry = self.entries.get((table, day))
        return [game_id] if entry is None else entry.units_of_game.get(game_id, [])

    def has_earlier_games(self, day: date) -> bool:
        """Whether a team plays twice on `day`: the first game is history for the second."""
        return bool(self._earlier.get(day))

    def earlier(self, game: Game | None) -> tuple[str, ...]:
        """Return the games of the same day that are history for `game`: those that its teams play before it."""
        return self._earlier.get(game.day, {}).get(game.game_id, ()) if game is not None else ()

    def own_games(self, game: Game, n: int) -> set[tuple[date, str]]:
        """Return the last `n` games of each side of `game` before it."""
        found, today = set(), set(self.earlier(game))
        for side in (game.home, game.away):
            listed = self._team_games.get(side, [])
            begin = bisect_left(listed, (game.day, ""))
            same_day = [slot for slot in listed[begin:] if slot[0] == game.day and slot[1] in today] if today else []
            found.update([*listed[max(0, begin - n) : begin], *same_day][-n:])
        return found

    def recent_games(self, game: Game, n: int) -> list[tuple[date, str]]:
        """Return the last `n` games of each side of `game` before it, and all of the day before."""
        found = self.own_games(game, n)
        yesterday = self.slates.get(game.day - timedelta(days=1))
        if yesterday:
            found.update((other.day, other.game_id) for other in yesterday.played)
        return sorted(found)

    def earlier_games(self, day: date) -> list[tuple[date, str]]:
        """Return every game of the season before `day`."""
        return [(game.day, game.game_id) for slate in self.slates.values() if slate.day < day for game in slate.played]

    def has_earlier_slates(self, day: date, since: date) -> bool:
        """Whether any game was on before `day`, and not before `since`."""
        return any(since <= slate.day < day and slate.played for slate in self.slates.values())

    def of_output(self, output: str) -> Iterator[tuple[date, Entry]]:
        """Yield the obligations of one output, with their days."""
        return iter(self._by_output.get(output, {}).items())

    def newest_owed(self, table: str, day: date) -> date | None:
        """Return the newest day, up to `day`, for which `table` is owed and not excused."""
        entries = ((owed, entry) for owed, entry in self.of_output(table) if owed <= day)
        days = (owed for owed, entry in entries if not entry.obligation.units.keys() <= entry.excused.keys())
        return max(days, default=None)

    def newest_proven(self, table: str, day: date) -> date | None:
        """Return the newest day, up to `day`, for which `table` has rows."""
        for known in sorted(self._digests[table], reverse=True):
            entry = self.entries.get((table, known))
            if known <= day and entry and entry.proof and entry.proof.n_rows:
                return known
        return None

    def digest(self, table: str, day: date) -> str:
        """Return the digest of what `table` holds for `day`; empty when nothing is proven."""
        return self._digests[table].get(day, "")

    def window_digest(self, table: str, first: date, last: date) -> str:
        """Return one digest of the proofs of `table` from `first` to `last`."""
        known = self._windows.get((table, first, last))
        if known is None:
            days = self._digests[table]
            known = digest_of((str(day), digest) for day, digest in days.items() if first <= day <= last)
            self._windows[table, first, last] = known
        return known

    def count_units(self, table: str, first: date, last: date) -> int:
        """Return how many units of `table` are proven from `first` to `last`."""
        if first == last:
            entry = self.entries.get((table, first))
            return len(entry.proof.units) if entry and entry.proof else 0
        return sum(n for day, n in self._n_units[table].items() if first <= day <= last)

    def unit_hashes(self, table: str, day: date, units: Iterable[str]) -> str:
        """Return the content hashes of `units` in one text; what is missing and what is excused alike has no content."""
        entry = self.entries.get((table, day))
        if entry is None:
            return ""
        proven = entry.proof.units if entry.proof else {}
        hashes = (proven[unit].content_hash if unit in proven and unit not in entry.excused else "" for unit in units)
        return ",".join(hashes)


def _readings(league: League, step: Step, loaded: CompiledStep) -> tuple[Reading, ...]:
    found = []
    for read in loaded.inputs:
        if read.table != step.name:
            edge, by_game = step.edge(read.table), league.step(read.table).units.by_game
            found.append(Reading(read, edge, by_game, edge.aligned and by_game and read.window.kind in SAME_DAY))
    return tuple(found)
