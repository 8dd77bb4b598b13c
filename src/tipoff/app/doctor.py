"""The doctor: what runs against what is declared, the installed files against those built, this machine against what it needs."""

import base64
import csv
import dataclasses
import hashlib
import importlib.metadata
import importlib.util
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.request import getproxies_environment
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import duckdb

from tipoff.app.holder import lock_file
from tipoff.app.providers import NOT_SET, keys_missing, strange_provider
from tipoff.config import Settings
from tipoff.core.build import build
from tipoff.core.clock import is_fresh
from tipoff.core.errors import LedgerError, NoLedger, PipelineError, UsageError
from tipoff.core.home import OF_THE_DISK, Home, Profile
from tipoff.core.outside import ProxyHealth
from tipoff.core.records import BeatRecord
from tipoff.core.wording import counted, some
from tipoff.leagues.catalog import CONTENTS
from tipoff.leagues.predict import boosting
from tipoff.ledger import Ledger
from tipoff.ledger.alerts import read_other
from tipoff.ledger.connect import gone
from tipoff.ledger.facts import league_facts
from tipoff.ledger.migrate import HEAD
from tipoff.ledger.outside import OutsideStore
from tipoff.ledger.stores import MADE_ANEW, lost_files
from tipoff.sources.content import ModelContract
from tipoff.store.archive import Archive
from tipoff.store.published import Published
from tipoff.views.running import Running, builds_differ, read_running

LEAST_DAYS = 14  # of room, below which a person has to do something
LEAST_DISK = 1 << 30  # bytes; a season with its archive takes less, a full disk stops everything
_SHOWN = 3
_AHEAD = timedelta(minutes=5)
_OFFSETS = {datetime(2024, 1, 15, tzinfo=UTC): -5, datetime(2024, 7, 15, tzinfo=UTC): -4}  # New York, in hours


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorLine:
    """One look: what was looked at, whether it is in order, what was seen, what to do."""

    what: str
    ok: bool
    said: str
    do: str = ""


def look(settings: Settings, now: datetime) -> list[DoctorLine]:
    """Look at everything; a look that cannot be had is not in order, and says why."""
    return [
        DoctorLine(what="build", ok=True, said=build()),
        *installed_files(importlib.metadata.distribution("tipoff")),
        one_copy(sys.path),
        *_running(settings, now),
        lightgbm(),
        time_zones(),
        disk(settings.home),
        *owners(settings.place),
        *growth(settings.place),
        *models(settings),
        *addresses(settings),
        *outside(settings, now),
    ]


# --- one code base


def installed_files(found: importlib.metadata.Distribution) -> Iterator[DoctorLine]:
    """Hold the installed files against the hashes that the wheel was recorded with."""
    if '"editable": true' in (found.read_text("direct_url.json") or ""):
        yield DoctorLine(what="installed files", ok=True, said="an editable checkout: what runs is what stands there")
        return
    # read here, for `found.files` leaves out what is missing since Python 3.12
    recorded = csv.reader((found.read_text("RECORD") or "").splitlines())
    files = {path: hashed for path, hashed, _ in recorded if hashed}
    other = sorted(
        path for path, hashed in files.items() if not _is_as_recorded(Path(str(found.locate_file(path))), hashed)
    )
    said, do = f"{len(files)} files are as they were built", ""
    if not files:
        said, do = "nothing is recorded of them", "install the wheel"
    elif other:
        said, do = f"not as built: {some(other, 5)}", "install the wheel anew"
    yield DoctorLine(what="installed files", ok=not do, said=said, do=do)


def _is_as_recorded(path: Path, hashed: str) -> bool:
    mode, _, value = hashed.partition("=")
    if not path.is_file():
        return False
    digest = hashlib.new(mode, path.read_bytes()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == value


def one_copy(path: Sequence[str]) -> DoctorLine:
    """Demand that the package can be imported from one place alone."""
    folders = [Path(entry or ".") / "tipoff" for entry in path]
    places = sorted({str(folder.resolve()) for folder in folders if (folder / "__init__.py").is_file()})
    here = importlib.util.find_spec("tipoff")
    if here is not None and here.origin:
        places = sorted({*places, str(Path(here.origin).parent.resolve())})
    ok = len(places) == 1
    said, do = (f"one: {places[0]}", "") if ok else (", ".join(places), "remove all but the installed one")
    return DoctorLine(what="copies", ok=ok, said=said, do=do)


# --- what runs


def _running(settings: Settings, now: datetime) -> Iterator[DoctorLine]:
    try:
        ledger = Ledger(settings.place.ledger, read_only=True) if settings.place.has_ledger else None
    except NoLedger:
        ledger = None
    except UsageError as error:
        yield DoctorLine(what="ledger", ok=False, said=str(error), do=error.hint)
        return
    if ledger is None:
        no_more = gone(settings.place)
        said, do = (str(no_more), no_more.hint) if no_more else (f"none in {settings.home} yet", "")
        yield DoctorLine(what="ledger", ok=no_more is None, said=said, do=do)
        return
    with ledger:
        running = read_running(ledger)
        leagues = ledger.leagues()
        live = any(league_facts(ledger, league).live_since for league in leagues)
        lost = "; ".join(said for league in leagues for said in lost_files(ledger, settings.place, league))
    lost = lost or "; ".join(_changed_documents(settings, leagues))
    do = MADE_ANEW if lost else ""
    yield DoctorLine(what="stores", ok=not lost, said=lost or "every file that is proven is there", do=do)
    yield DoctorLine(what="ledger", ok=True, said=f"schema {HEAD}, as this build needs")
    try:
        running = _with_sentinel(settings, running, now)
    except (UsageError, LedgerError) as error:
        yield DoctorLine(what="sentinel", ok=False, said=f"what it keeps cannot be read: {error}", do=error.hint)
    yield from archive(settings.place)
    yield from parts(running, settings, now, live=live)


def archive(home: Home) -> Iterator[DoctorLine]:
    """Read every archived payload back, which no other look does; nothing where nothing is archived."""
    n_kept, damaged = Archive(home.archive, profile=Profile.LIVE).damaged()
    if damaged:
        said = f"{some(damaged, _SHOWN)}: not as received, of {n_kept}"
        do = "restore them from a copy: rows that were made of them stand, and could not be made again"
        yield DoctorLine(what="archive", ok=False, said=said, do=do)
    elif n_kept:
        yield DoctorLine(what="archive", ok=True, said=f"{n_kept} payloads are as received")


def _changed_documents(settings: Settings, leagues: Iterable[str]) -> Iterator[str]:
    """Yield what documents do not hold as they were published: they are read back, which no other look but a recount does."""
    published = Published(settings.place.published)
    for league in sorted(CONTENTS.keys() & leagues):
        _, damaged = published.survey(league)
        yield from map(str, damaged)
        losses = published.losses(CONTENTS[league].league.steps)
        changed = [f"{loss.output} of {loss.day}: {loss.how}" for loss in losses]
        yield from changed[:_SHOWN]
        if len(changed) > _SHOWN:
            yield f"{len(changed) - _SHOWN} more documents of {league}"


def _with_sentinel(settings: Settings, running: Running, now: datetime) -> Running:
    _, beats = read_other(settings.place.sentinel, now)
    mine = tuple(BeatRecord(**row) for name, row in sorted(beats.items()) if name == "sentinel")
    return dataclasses.replace(running, parts=(*running.parts, *mine))


def parts(running: Running, settings: Settings, now: datetime, *, live: bool) -> Iterator[DoctorLine]:
    """Hold each living part's build, and the last tick's settings, against this process's own."""
    alive = timedelta(minutes=settings.watcher_silent_min)
    other = list(builds_differ(running, build(), now, alive=alive))
    fresh = [part for part in running.parts if is_fresh(part.at, now, alive)]
    looked = [f"the {part.name} looked once at {part.at:%H:%M} UTC" for part in fresh if '"stays": false' in part.note]
    living = [part.name for part in fresh if '"stays": false' not in part.note]
    runs = f"{', '.join(living)} running, of this build" if living else "none is running"
    said = "; ".join(other or [runs, *looked])
    do = "deploy one image everywhere, and restart what is old" if other else ""
    yield DoctorLine(what="parts", ok=not other, said=said, do=do)
    if running.last_tick_at is None:
        yield DoctorLine(what="last tick", ok=True, said="none yet")
        return
    if live and running.last_tick_at > now + _AHEAD:
        said = f"the last tick is of {running.last_tick_at:%Y-%m-%d %H:%M} UTC, this clock says {now:%H:%M}"
        yield DoctorLine(what="clock", ok=False, said=said, do="set this machine's clock")
    if not live:
        return  # a replay is over: what it was run with is no fault of what stands here now
    same = running.last_tick_settings == settings.hash
    said = f"{running.last_tick_settings} in the last tick, {settings.hash} here"
    do = "" if same else "the controller was started with other settings: restart it, or mend these"
    yield DoctorLine(what="settings", ok=same, said=said, do=do)


# --- this machine


def lightgbm() -> DoctorLine:
    """Load LightGBM, which wants the system's OpenMP runtime."""
    try:
        return DoctorLine(what="libgomp", ok=True, said=f"{boosting.library()} loads")
    except PipelineError as error:
        return DoctorLine(what="libgomp", ok=False, said=str(error), do=error.hint)


def time_zones(zone: Callable[[str], ZoneInfo] = ZoneInfo) -> DoctorLine:
    """Hold New York's two offsets against what they are."""
    try:
        new_york = zone("America/New_York")
    except ZoneInfoNotFoundError as error:
        return DoctorLine(what="time zones", ok=False, said=str(error), do="install tzdata")
    wrong = [at for at, hours in _OFFSETS.items() if at.astimezone(new_york).utcoffset() != timedelta(hours=hours)]
    if wrong:
        said = f"New York is wrong in {wrong[0]:%B}"
        return DoctorLine(what="time zones", ok=False, said=said, do="install tzdata anew")
    return DoctorLine(what="time zones", ok=True, said=f"New York's, tzdata {importlib.metadata.version('tzdata')}")


def disk(home: Path) -> DoctorLine:
    """Demand room on the disk of the home."""
    place = next(folder for folder in (home.absolute(), *home.absolute().parents) if folder.exists())
    free = shutil.disk_usage(place).free
    ok = free >= LEAST_DISK
    said = f"{free / 1e9:.1f} GB free for {home}"
    return DoctorLine(what="disk", ok=ok, said=said, do="" if ok else "make room: a full disk stops the ledger")


def owners(home: Home) -> Iterator[DoctorLine]:
    """Demand that all of a home belongs to one user: what root made in it, the user whose home it is cannot write."""
    if not lock_file(home).exists():
        return
    owner, others = lock_file(home).stat().st_uid, []
    for path in sorted([*home.root.glob("*"), *home.root.glob("*/*"), *home.root.glob("published/*/*")]):
        with suppress(FileNotFoundError):  # what SQLite keeps beside its files comes and goes
            if path.stat().st_uid != owner and path.name != OF_THE_DISK:
                others.append(str(path.relative_to(home.root)))
    said = f"not all is user {owner}'s: {some(others, _SHOWN)}" if others else f"all is user {owner}'s"
    do = f"give it to the user who runs tipoff up: chown -R USER {home.root}" if others else ""
    yield DoctorLine(what="owner", ok=not others, said=said, do=do)


def growth(home: Home) -> Iterator[DoctorLine]:
    """Say how much each store grows a day, and for how many days there is room; nothing where nothing was decided yet."""
    if (ledger := _ledger(home)) is None:
        return
    with ledger:
        spans = [ledger.of(league).first_and_last_tick() for league in ledger.leagues()]
    n_days = max(((last - first).days + 1 for first, last in spans if first and last), default=0)
    if not n_days:
        return
    sizes = {  # in blocks of the disk: most answers are small
        name: sum(file.stat().st_blocks * 512 for file in _files(home.root, name))
        for name in ("ledger.db", "warehouse.duckdb", "archive", "published")
    }
    a_day = sum(sizes.values()) / n_days
    free = shutil.disk_usage(home.root).free
    said = ", ".join(f"{name} {size / n_days / 1e6:.2f}" for name, size in sizes.items() if size)
    left = int(free / a_day) if a_day else 0
    ok = not a_day or left >= LEAST_DAYS
    do = "" if ok else "make room, or let what is old go: TIPOFF_HISTORY_KEEP_DAYS, TIPOFF_ARCHIVE_KEEP_DAYS"
    line = f"{a_day / 1e6:.2f} MB a day over {counted(n_days, 'day')} ({said}); room for {left:,} days"
    yield DoctorLine(what="growth", ok=ok, said=line, do=do)


def _ledger(home: Home) -> Ledger | None:
    """Open the ledger; none where there is none, or where it has its own line of what is wrong with it."""
    try:
        return Ledger(home.ledger, read_only=True) if home.has_ledger else None
    except UsageError:
        return None


def _files(root: Path, name: str) -> Iterator[Path]:
    place = root / name
    yield from (file for file in place.rglob("*") if file.is_file()) if place.is_dir() else root.glob(f"{name}*")


def models(settings: Settings) -> Iterator[DoctorLine]:
    """Hold the newest trained model's library and feature contract against this build's."""
    path = settings.place.warehouse
    if not path.exists():
        yield DoctorLine(what="models", ok=True, said="no warehouse here")
        return
    lines = (_model(path, contract) for content in CONTENTS.values() for contract in content.models)
    yield from dict.fromkeys(line for line in lines if line is not None)  # a warehouse that is held is told of once


def _model(path: Path, contract: ModelContract) -> DoctorLine | None:
    """Return what is to be said of a league's newest model; nothing where this home has no such league."""
    query = f"SELECT day, library, features FROM {contract.table} ORDER BY day DESC LIMIT 1"  # noqa: S608 -- declared names
    try:
        with duckdb.connect(str(path), read_only=True) as database:
            found = database.sql(query).to_arrow_table().to_pylist()
    except duckdb.CatalogException:
        return None
    except duckdb.Error as error:
        held = "lock" in str(error).lower()
        said = "not looked at: the controller holds the warehouse" if held else str(error).splitlines()[0]
        return DoctorLine(what="models", ok=held, said=said, do="" if held else "is this a warehouse of this build?")
    if not found:
        return DoctorLine(what="models", ok=True, said="none trained yet")
    day, library, _ = found[0].values()
    try:
        doubt = contract.doubt(found[0])
    except PipelineError as error:
        return DoctorLine(what="models", ok=False, said=f"the model of {day}: {library}; here {error}", do=error.hint)
    said, do = (f"; {doubt}", "train anew with this build before it predicts") if doubt else ("", "")
    return DoctorLine(what="models", ok=not doubt, said=f"the model of {day}: {library}{said}", do=do)


def addresses(settings: Settings) -> Iterator[DoctorLine]:
    """Look at the channels, keys and providers that the settings name: each must be there."""
    for said in settings.mute:
        do = "set it where tipoff runs; then: tipoff notify test"
        yield DoctorLine(what="channels", ok=False, said=said, do=do)
    for said in settings.keyless:
        yield DoctorLine(what="keys", ok=False, said=said, do="put the key there, or name the file where it is")
    if said := strange_provider(settings):
        yield DoctorLine(what="providers", ok=False, said=said, do="mend or remove it: whoever starts is refused")


def outside(settings: Settings, now: datetime) -> Iterator[DoctorLine]:
    """Look at the proxies, and at what the leagues that run on real providers lack a key for."""
    if (ledger := _ledger(settings.place)) is None:
        return
    with ledger, OutsideStore(settings.place.ledger, read_only=True) as store:
        live = {name: facts.off for name in ledger.leagues() if (facts := league_facts(ledger, name)).world == "live"}
        health = store.all_proxies()
    if live:
        yield from proxies(settings.proxy_addresses, health, now)
    for name, off in live.items():
        keys = keys_missing(settings, name)
        for line in keys:
            do = "put the key into a file, and name it: TIPOFF_…_KEY_FILE"
            yield DoctorLine(what=f"{name} keys", ok=True, said=line, do=do)
        for line in off:
            if not line.endswith(NOT_SET):
                yield DoctorLine(
                    what=f"{name} off", ok=True, said=line, do=f"see how its source does: tipoff sources {name}"
                )


def proxies(addresses: Sequence[str], health: Sequence[ProxyHealth], now: datetime) -> Iterator[DoctorLine]:
    """Look at each host that is asked by proxies: one must work."""
    if not addresses:
        said, do = "none are set: providers that refuse this machine are asked in vain", ""
        if getproxies_environment().keys() & {"http", "https", "all"}:
            said += "; the one that the environment names serves messages and pings alone"
            do = "name it in TIPOFF_PROXIES, and the way of each host: docs/providers.md"
        yield DoctorLine(what="proxies", ok=True, said=said, do=do)
        return
    ways = [found for found in health if found.proxy]
    for host in dict.fromkeys(found.host for found in ways):
        states = [found for found in ways if found.host == host]
        n_working = sum(not found.rests(now) for found in states)
        said, do = (
            f"{n_working} of {len(states)} work for {host}",
            "tipoff sources LEAGUE shows each; look at the provider of the proxies",
        )
        yield DoctorLine(what="proxies", ok=n_working > 0, said=said, do=do)
