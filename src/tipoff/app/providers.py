"""The real world as the settings have it: who is asked, which keys are there, of which season the providers speak."""

import dataclasses
import difflib
import json
import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from datetime import date, timedelta

from tipoff.config import ProviderTold, Settings
from tipoff.core.clock import Clock
from tipoff.core.errors import NoLedger, SourceError, UsageError
from tipoff.core.home import Profile
from tipoff.core.league import League
from tipoff.core.parsing import shape_of
from tipoff.core.provider import Provider, Route
from tipoff.core.slate import Season
from tipoff.leagues.catalog import CONTENTS, content_named, league_named, live_content, sample_of
from tipoff.ledger import Ledger
from tipoff.ledger.facts import league_facts, seasons_of
from tipoff.ledger.outside import OutsideStore
from tipoff.sources.content import Content
from tipoff.sources.live import LiveWorld
from tipoff.store.archive import Archive

NOT_SET = "is not set"  # how a line ends that tells of a key
_YEAR = timedelta(days=366)


def live_world(settings: Settings, league: str) -> LiveWorld:
    """Return the providers of a league as the settings have them.

    Raises:
        UsageError: The league has none, or a setting names one that no league has.
    """
    mine = {provider.host for provider in live_content(league).providers}
    return LiveWorld(
        providers=tuple(provider for provider in _every_provider(settings) if provider.host in mine),
        secret=settings.secret,
        dice=random.SystemRandom().random,
        proxies=settings.proxy_addresses,
    )


def _every_provider(settings: Settings) -> Sequence[Provider]:
    every = {
        provider.host: provider for content in CONTENTS.values() if content.live for provider in content.live.providers
    }
    return told(tuple(every.values()), settings.providers)


def strange_provider(settings: Settings) -> str:
    """Return what is wrong with a host that the settings speak of and no league asks; empty where there is none."""
    try:
        _every_provider(settings)
    except UsageError as error:
        return f"setting providers: {error} ({error.hint})"
    return ""


def told(providers: Sequence[Provider], settings: Mapping[str, ProviderTold]) -> tuple[Provider, ...]:
    """Return the providers as the settings have them; raises `UsageError` for one that there is not."""
    hosts = {provider.host for provider in providers}
    unknown = sorted(settings.keys() - hosts)
    if unknown:
        msg = "there is no provider " + ", ".join(repr(host) for host in unknown)
        near = [one for host in unknown for one in difflib.get_close_matches(host, sorted(hosts), n=1)]
        meant = " and ".join(repr(host) for host in dict.fromkeys(near))
        hint = f"did you mean {meant}?" if len(near) == len(unknown) else "providers: " + ", ".join(sorted(hosts))
        raise UsageError(msg, hint=hint)
    return tuple(_as_told(provider, settings.get(provider.host, ProviderTold())) for provider in providers)


def _as_told(provider: Provider, said: ProviderTold) -> Provider:
    return dataclasses.replace(
        provider,
        home=said.base.rstrip("/") or provider.home,
        at_once=said.at_once or provider.at_once,
        every=provider.every if said.every_s is None else timedelta(seconds=said.every_s),
        route=Route(said.route) if said.route else provider.route,
        headers=tuple((dict(provider.headers) | said.headers).items()),
    )


def world_of(settings: Settings, league: str, chosen: str = "") -> str:
    """Return who answers a league: as chosen, else by the settings, the home, its providers, or its sample world."""
    told = chosen or settings.world or _live_world_of(settings, league)
    return told or ("live" if content_named(league).live else "sample")


def _live_world_of(settings: Settings, league: str) -> str:
    """Return the world in which a league runs live in this home; nothing where it does not, or nothing has been begun there."""
    if not settings.place.has_ledger:
        return ""
    try:
        with Ledger(settings.place.ledger, read_only=True) as ledger:
            known = league_facts(ledger, league)
    except NoLedger:
        return ""
    return known.world if known.live_since else ""


def must_be_answered(settings: Settings, league: str, chosen: str = "") -> None:
    """Refuse with a `UsageError` a league whom nobody would answer: none, or one without providers or a sample world."""
    if world_of(settings, league, chosen) == "live":
        live_content(league)
    else:
        sample_of(league)


def live_league(league: League) -> League:
    """Return the league with the steps that ask its providers live, and the checks of what only they make."""
    return live_content(league.name).of(league)


def as_worked_on(settings: Settings, name: str) -> League | None:
    """Return the league as it runs live in this home; None where it does not."""
    league = league_named(name)
    world = _live_world_of(settings, name)
    if not world:
        return None
    return live_league(league) if world == "live" else league


def keys_missing(settings: Settings, league: str) -> list[str]:
    """Return, for each key that is not set, what is off for want of it."""
    content = live_content(league)
    return [
        f"{what}: off, TIPOFF_{name.upper()} {NOT_SET}"
        for name, what in content.keys.items()
        if not settings.secret(name)
    ]


class OffTold:
    """Keeps in the ledger what is off, for want of a key (read at each look) or until earlier days are made."""

    def __init__(self, settings: Settings, league: str, said: Callable[[str], None]) -> None:
        self._settings, self._league, self._said = settings, league, said
        self.forget()

    def forget(self) -> None:
        """Know nothing of what was written down: another process may have written since."""
        self._known: list[str] | None = None
        self._keys: list[str] = []

    def look(self, ledger: Ledger, *until: str) -> None:
        """Write down what has changed, and say which key has come or gone; `until` is what else is off, and until when."""
        keys = keys_missing(self._settings, self._league)
        off = [*keys, *until]
        if off == self._known:
            return
        ledger.keep_facts({"off": json.dumps(off)}, league=self._league)
        for line in self._keys:
            if line not in keys:
                self._said(f"{self._league}: {line.partition(':')[0]}: a key is there")
        for line in keys if self._known is not None else ():
            if line not in self._keys:
                self._said(f"{self._league}: {line} any more")
        self._known, self._keys = off, keys


def season_now(settings: Settings, league: str, world: LiveWorld, clock: Clock) -> Season:
    """Return the season that the providers speak of, else the remembered one; raises `SourceError` where there is neither."""
    try:
        return season_shown(settings, league, world, clock)
    except SourceError:
        kept = _kept(settings, league, clock)
        if kept is None:
            raise
        return kept


def season_shown(settings: Settings, league: str, world: LiveWorld, clock: Clock) -> Season:
    """Return the season that the providers speak of now; raises `SourceError` where they do not answer."""
    content, home = live_content(league), settings.place
    with (
        OutsideStore(home.ledger) as store,
        closing(world.asker(Archive(home.archive, profile=Profile.LIVE), store)) as asker,
    ):
        payload = asker(content.season_request, now=clock.now).payload
        with shape_of(payload):
            return content.season_of(payload)


def _kept(settings: Settings, league: str, clock: Clock) -> Season | None:
    with Ledger(settings.place.ledger) as ledger:
        known = seasons_of(ledger, league)
    return known[-1] if known and clock.now().date() - known[-1].first_day < _YEAR else None


def must_have_models(content: Content) -> None:
    """Refuse with a `UsageError` to work without an extra that models need: no name is published that did not make it."""
    for extra in {contract.lacks() for contract in content.models} - {""}:
        msg = f"the models of {content.league.name} cannot be trained here: an extra is not installed"
        raise UsageError(msg, hint=f"install it: pip install 'tipoff[{extra}]'")


def live_since(settings: Settings, league: str, world: str, begins: date) -> date:
    """Return since which day a league is live in a home, in this world; where it is new there, that is what it `begins` with.

    Raises:
        UsageError: It was replayed there, or is of another world.
    """
    home = settings.place
    home.root.mkdir(parents=True, exist_ok=True)
    with Ledger(home.ledger) as ledger:
        known = league_facts(ledger, league)
        if known.world and (known.live_since is None or known.world != world):
            been = "was replayed" if known.live_since is None else f"is of the world {known.world!r}"
            msg = f"in the home {home.root}, {league} {been}"
            raise UsageError(msg, hint=f"set TIPOFF_HOME to a folder of its own for the {world} world")
        if known.live_since is None:
            ledger.keep_facts({"live since": begins.isoformat(), "world": world}, league=league)
    return known.live_since or begins
