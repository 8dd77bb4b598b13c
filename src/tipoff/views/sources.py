"""The outside as a home has met it: who was asked and how it went, credits, proxies, and how late each output came."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median, quantiles

from tipoff.core.league import League
from tipoff.core.outside import Credits, ProxyChange, ProxyHealth
from tipoff.core.records import ArrivalRecord
from tipoff.core.wording import aligned, length
from tipoff.ledger import Ledger
from tipoff.ledger.facts import NoSeason, league_facts, learned_lateness
from tipoff.ledger.outside import OutsideStore, RequestCount

LOOKED_BACK = timedelta(days=7)
_FEW = 20  # arrivals from which on the slowest are told by a share
_GOOD = frozenset({"rows", "unchanged", "recognised empty", "nothing for this slate", "not yet"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Lateness:
    """How an output's units came, against when they were due: how many on time and late, and after how long usually."""

    output: str
    n_on_time: int
    n_late: int
    usual: timedelta | None  # from due to there; below nothing where it came before
    slow: timedelta | None  # nine units of ten came within it
    late_after: timedelta | None = None  # from its game's start, as learned, within the declared bounds


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideReport:
    """What a home knows of the outside of one league."""

    league: str
    since: datetime
    requests: Sequence[RequestCount]
    credits: Sequence[Credits]
    proxies: Sequence[ProxyHealth]
    changes: Sequence[ProxyChange]
    lateness: Sequence[Lateness]
    no_season: NoSeason | None = None  # the schedule is asked, and does not answer


def read_outside(
    store: OutsideStore, ledger: Ledger, league: League, now: datetime, *, begun: datetime | None
) -> OutsideReport:
    """Return what happened in the last days; what was due before the home was `begun` came from the past, and is not late."""
    since, name = now - LOOKED_BACK, league.name
    learned = learned_lateness(ledger, league, since=begun or since, now=now)
    arrivals = store.arrivals(name, since)
    arrivals = [one for one in arrivals if begun is None or one.due_at is None or one.due_at >= begun]
    outputs = dict.fromkeys(arrival.output for arrival in arrivals)
    return OutsideReport(
        league=name,
        since=since,
        requests=store.requests(name, since),
        credits=store.all_credits(),
        proxies=store.all_proxies(),
        changes=store.changes(),
        lateness=[
            lateness(output, [one for one in arrivals if one.output == output], learned.get(output))
            for output in outputs
        ],
        no_season=league_facts(ledger, name).no_season,
    )


def lateness(output: str, arrivals: Sequence[ArrivalRecord], late_after: timedelta | None = None) -> Lateness:
    """Return how the units of one output came; those of which nobody knew when they were due are not counted."""
    waits = sorted(one.first_at - one.due_at for one in arrivals if one.due_at is not None)
    seconds = [wait.total_seconds() for wait in waits]
    slow = quantiles(seconds, n=10)[-1] if len(seconds) >= _FEW else max(seconds, default=None)
    return Lateness(
        output=output,
        n_on_time=sum(wait <= timedelta(0) for wait in waits),
        n_late=sum(wait > timedelta(0) for wait in waits),
        usual=timedelta(seconds=median(seconds)) if seconds else None,
        slow=timedelta(seconds=slow) if slow is not None else None,
        late_after=late_after,
    )


def render_text(outside: OutsideReport, now: datetime) -> Iterator[str]:
    """Yield the lines that a person reads."""
    yield f"{outside.league}: the outside since {outside.since:%Y-%m-%d %H:%M} UTC"
    if outside.no_season is not None:
        yield f"  {outside.no_season.text}"
    elif not outside.requests:
        yield "  nobody was asked"
    yield from aligned(
        [
            [
                f"  {found.source}",
                found.outcome,
                f"{found.n_requests:>6}",
                f"last {found.last_at:%m-%d %H:%M}",
                found.note[:90] if found.outcome not in _GOOD else "",
            ]
            for found in outside.requests
        ]
    )
    for left in outside.credits:
        warned = " (over four fifths are spent)" if left.is_nearly_spent else ""
        yield f"credits {left.provider}: {left.remaining} of {left.allowance} left at {left.at:%m-%d %H:%M}{warned}"
    for health in outside.proxies:
        if not health.proxy:
            if health.rests(now):
                yield f"{health.host} is left alone until {health.rests_until:%m-%d %H:%M} UTC, as it asked"
            continue
        state = f"resting until {health.rests_until:%H:%M:%S}" if health.rests(now) else "works"
        told = f"{health.n_asked} asked, {health.n_failed} failed, {health.n_late} late, {health.n_slow} slow"
        yield f"proxy {health.proxy} for {health.host}: score {health.score:.0f}, {state}; {told}"
    for turn in outside.changes[:5]:
        yield f"  {turn.at:%m-%d %H:%M:%S} {turn.proxy} for {turn.host}: {turn.was} → {turn.now}"
    for found_late in outside.lateness:
        usual, after = _shown(found_late.usual), found_late.late_after
        learned = f"; learned: late {after / timedelta(hours=1):.1f} h after the start" if after else ""
        yield (
            f"arrival {found_late.output:<24} on time {found_late.n_on_time:>4}, late {found_late.n_late:>4}; "
            f"usually {usual}, nine of ten by {_shown(found_late.slow)}{learned}"
        )


def _shown(wait: timedelta | None) -> str:
    if wait is None:
        return "unknown"
    return f"{length(abs(wait))} {'after' if wait > timedelta(0) else 'before'} due"
