"""Settings: from `tipoff.toml`, then from `TIPOFF_*` in the environment; unknown names are refused."""

import difflib
import hashlib
import os
import re
import sys
from collections.abc import Container, Iterable, Mapping
from datetime import time, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args, get_origin
from urllib.parse import urlsplit

from msgspec import Meta, Struct, ValidationError, convert, to_builtins

from tipoff.core.build import COMMIT
from tipoff.core.errors import UsageError
from tipoff.core.home import Home
from tipoff.core.secret import KeyFile, Secret, secret_text, shown_path

PREFIX = "TIPOFF_"
FILE = "tipoff.toml"
_NOT_SETTINGS = frozenset({COMMIT, "TIPOFF_REQUIRE_DATA"})  # of the image; of the tests

# Of providers: their files may come later, and are read again.
_KEYS = frozenset({"balldontlie_key", "bettingpros_key", "odds_api_key"})
_STORES = frozenset({"ledger_url", "sentinel_url"})
_FROM_FILE = "_file"  # TIPOFF_LEDGER_URL_FILE names a file that holds TIPOFF_LEDGER_URL
_TEMPLATE = "skeleton"  # the folder that `tipoff new league` copies: no league
_REMOVED = {"published_keep_days": "take it out: published documents stay whole"}
_WATCHING = frozenset({  # they change nothing of what is made
    "active_hours", "audit_report", "channels", "history", "archive_keep_days", "history_keep_days",
    "key_files", "digest_at", "look_every_s", "silence_critical_min", "silence_error_min", "silence_warn_min",
    "watcher_silent_min", "tick_every_s", "web_host", "web_port",
})  # fmt: skip

_LONG_S, _LONG_MIN = 3600.0, 7 * 24 * 60.0
Seconds = Annotated[float, Meta(gt=0, le=_LONG_S)]
Minutes = Annotated[float, Meta(gt=0, le=_LONG_MIN)]
Count = Annotated[int, Meta(ge=0, le=2**53)]
Positive = Annotated[int, Meta(ge=1, le=2**53)]
Least = Literal["warning", "error", "critical"]
Warehouse = Literal["duckdb", "bigquery"]
Way = Literal["direct", "pool", "proxy"]
World = Literal["live", "sample", ""]
_WORDS = {"least": get_args(Least), "route": get_args(Way), "warehouse": get_args(Warehouse), "world": get_args(World)}
_NONE = Secret()
_PROXY = re.compile(r"(?i)https?://(\S+@)?(\[[0-9a-f:.]+\]|[^/@:\[\]]+)(:(?P<port>\d{1,5}))?/?")
_SWITCHES = {"on": True, "yes": True, "off": False, "no": False}  # beside true and false, 1 and 0


class NewYork(time):
    """A time of day in New York, written without a zone."""

    @classmethod
    def read(cls, given: object) -> Self:
        """Return `given`, a time or its text.

        Raises:
            ValueError: It is none, or has a zone.
        """
        if not isinstance(given, str | time):
            msg = "write a time of day, as 22:30"
            raise ValueError(msg)  # noqa: TRY004 -- as all that does not fit
        at = cls.fromisoformat(str(given))
        if at.tzinfo is not None:
            msg = "write it without a zone, as 22:30: it is New York's"
            raise ValueError(msg)
        return at


Span = tuple[NewYork, NewYork]


class ChannelSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where messages go, `[channels.NAME]`: the address stands in an environment variable or a file, never here."""

    url_env: str = ""
    url_file: Path | None = None
    leagues: list[str] = []
    least: Least = "error"
    step: Count = 0  # only what has been escalated so often
    quiet: Span | None = None  # New York; what is critical is sent all the same
    per_hour: Positive = 20
    digest: bool = True

    def address(self, name: str) -> str:
        """Return the address; raises `UsageError` where it is not where it is said to be."""
        found = os.environ.get(self.url_env, "").strip() if self.url_env else ""
        if self.url_file is not None:
            try:
                found = secret_text(self.url_file) if self.url_file.exists() else found
            except (OSError, ValueError) as error:
                msg = f"the address of the channel {name} cannot be read: {_why(error)}"
                raise UsageError(msg, hint="is url_file a text file, and may this user read it?") from error
        if not found:
            lacks = f"{self.url_env} is not set" if self.url_env else "no url_env is named"
            lacks += f", and {self.url_file} is not there or empty" if self.url_file else ""
            msg = f"the channel {name} has no address: {lacks}"
            raise UsageError(msg, hint="name url_env (an environment variable) or url_file (a file) that holds it")
        return found


class ProviderTold(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is said of one provider, `[providers."HOST"]`, by the host of its own addresses."""

    base: str = ""  # where it is asked instead: a mirror, or a server for tests
    at_once: Annotated[int, Meta(ge=1, le=64)] | None = None
    every_s: Annotated[float, Meta(ge=0, le=_LONG_S)] | None = None  # least time between two requests
    route: Way | None = None
    headers: dict[str, str] = {}

    def __post_init__(self) -> None:
        """Refuse what is no address of HTTP."""
        parts = urlsplit(self.base)
        if self.base and (parts.scheme not in {"http", "https"} or not parts.hostname):
            msg = "base: write an address: https://host"
            raise ValueError(msg)


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that can be set; frozen once read. Secrets come from the environment or from files, never from arguments."""

    home: Path = Path(".tipoff")
    data: Path | None = None
    warehouse: Warehouse = "duckdb"
    bigquery_project: str = ""
    bigquery_location: str = "US"
    bigquery_prefix: str = ""  # before the names of all datasets: two homes in one project need two
    bigquery_endpoint: str = ""  # an emulator's address; without it Google's
    # what one statement may bill; a dearer one is refused unread
    bigquery_max_bytes: Positive = 1_073_741_824
    ledger_url: Secret = _NONE  # a PostgreSQL of this home's own, instead of a file
    sentinel_url: Secret = _NONE  # and another database for the sentinel's own store
    world: World = ""  # who answers `tipoff up`: live where the league has providers
    providers: dict[str, ProviderTold] = {}
    proxies: Secret = _NONE  # addresses of proxies, with their credentials, between white space or commas
    key_files: dict[str, KeyFile] = {}  # where keys are read again; filled from TIPOFF_…_KEY_FILE
    balldontlie_key: Secret = _NONE
    bettingpros_key: Secret = _NONE
    odds_api_key: Secret = _NONE
    notify_url: Secret = _NONE  # one channel for everything, as apprise or Slack writes addresses
    channels: dict[str, ChannelSettings] = {}
    ping_url: Secret = _NONE  # a healthchecks-compatible switch that the monitor keeps from firing
    sentinel_ping_url: Secret = _NONE  # and one for the sentinel
    digest_at: NewYork = NewYork(11, 0)  # New York
    audit_report: Path | None = None  # what `tipoff audit --json` said of who else writes to the warehouse
    history: bool = True  # `tipoff up` lets the ledger's history flow to the warehouse
    archive_keep_days: Count = 0  # answers older than that leave the archive; 0: never
    history_keep_days: Count = 0  # rows that the warehouse has leave the ledger then; 0: never
    tick_every_s: Seconds = 60.0
    look_every_s: Seconds = 30.0
    silence_warn_min: Minutes = 5.0
    silence_error_min: Minutes = 120.0
    silence_critical_min: Minutes = 360.0
    watcher_silent_min: Minutes = 10.0
    active_hours: dict[str, Span] = {}  # by league, New York: when silence counts; at all hours without
    web_host: str = "127.0.0.1"
    web_port: Annotated[int, Meta(ge=0, le=65535)] = 8080
    web_token: Secret = _NONE  # beyond loopback nothing is served without it

    def __post_init__(self) -> None:
        """Refuse silences that do not rise, and a proxy that could not be used, whose address is not shown."""
        for number, address in enumerate(self.proxy_addresses, 1):
            found = _PROXY.fullmatch(address)
            if not found or not 0 < int(found["port"] or 1) < 1 << 16:
                msg = f"setting proxies: write http://host:port, or https://; SOCKS is not spoken. Number {number} is neither"
                raise ValueError(msg)
        if not self.silence_warn_min <= self.silence_error_min <= self.silence_critical_min:
            msg = "silence_warn_min, silence_error_min and silence_critical_min must rise"
            raise ValueError(msg)

    @property
    def mute(self) -> list[str]:
        """The channels that have no address here, and why: what is sent from here would not reach them."""
        found = []
        for name, said in self.channels.items():
            try:
                said.address(name)
            except UsageError as error:
                found.append(str(error))
        return found

    @property
    def place(self) -> Home:
        """The home, with its ledger."""
        return Home(self.home, self.ledger_url.reveal(), self.sentinel_url.reveal())

    def secret(self, name: str) -> str:
        """Return a provider's key as it is now; empty where there is none."""
        if name in self.key_files:
            return self.key_files[name].key()
        found = getattr(self, name)
        return found.reveal() if isinstance(found, Secret) else ""

    @property
    def keyless(self) -> tuple[str, ...]:
        """What is wrong with files of keys that are named, and of which none can be read."""
        return tuple(
            f"{PREFIX}{name.upper()}_FILE names {shown_path(str(file.path))}, where no key can be read"
            for name, file in self.key_files.items()
            if not self.secret(name)
        )

    @property
    def proxy_addresses(self) -> tuple[str, ...]:
        """The proxies' addresses."""
        return tuple(self.proxies.reveal().replace(",", " ").split())

    @property
    def digest_after_midnight(self) -> timedelta:
        """How long after midnight, New York, the digest is due to be made."""
        return timedelta(hours=self.digest_at.hour, minutes=self.digest_at.minute)

    @property
    def hash(self) -> str:
        """A hash of the settings that bear on what is made, no secrets; a folder is the same however its path is written."""
        shown = {name: value for name, value in as_plain(self).items() if name not in _SECRET | _WATCHING | {"home"}}
        shown["data"] = str(self.data.resolve()) if self.data else None
        return hashlib.sha256(repr(sorted(shown.items())).encode()).hexdigest()[:12]


_SECRET = frozenset(name for name, kind in Settings.__annotations__.items() if kind is Secret)


def as_plain(settings: Settings) -> dict[str, object]:
    """Return the settings by name, in what JSON knows; secrets are hidden."""
    plain: dict[str, object] = to_builtins(settings, enc_hook=str)
    return plain


def read_settings(environment: Mapping[str, str] | None = None, *, file: Path = Path(FILE)) -> Settings:
    """Return the settings of `file` (if it exists), overridden by the environment.

    Raises:
        UsageError: A name is unknown (the nearest known one is named) or a value does not fit.
    """
    environment = os.environ if environment is None else environment
    of_file = _values_of(file) if file.exists() else {}
    values = of_file | {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environment.items()
        if name.startswith(PREFIX) and name not in _NOT_SETTINGS
    }
    values = {name: value for name, value in values.items() if not _is_file_of_a_secret(name)} | _secrets(values)
    _must_be_settings(values, file, of_file)
    told: list[str] = []
    kinds = Settings.__annotations__
    read = {name: _read(kinds[name], values[name], name, told) for name in kinds if name in values}
    try:
        settings = Settings() if told else Settings(**read)
    except ValueError as error:
        told.append(str(error))
    if told:
        raise UsageError("; ".join(told), hint="docs/reference.md lists the settings")
    return _of_leagues_that_there_are(settings)


def _values_of(file: Path) -> dict[str, object]:
    """Return what a settings file says; raises `UsageError` where it cannot be read."""
    import tomllib  # noqa: PLC0415 -- most homes have no file, and each command would wait for it

    try:
        return tomllib.loads(file.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        msg = f"{file} is not TOML: {error}"
        raise UsageError(msg, hint="mend the line that it names") from error
    except UnicodeDecodeError as error:
        msg = f"{file} is not UTF-8: byte {error.start} cannot be read"
        raise UsageError(msg, hint="save it as UTF-8") from error
    except OSError as error:
        msg = f"{file} cannot be read: {error.strerror}"
        raise UsageError(msg, hint="is it a file, and may this user read it?") from error


def _must_be_settings(names: Iterable[str], file: Path, of_file: Container[str]) -> None:
    """Refuse with a `UsageError` a name that no setting has, written as it stands in the file or in the environment."""
    for name in names:
        if name not in Settings.__struct_fields__:
            near = difflib.get_close_matches(name, Settings.__struct_fields__, n=1)
            where, written = (f", which stands in {file}", str) if name in of_file else ("", _variable)
            msg = f"there is no setting {written(name)}{where}"
            hint = f"did you mean {written(near[0])}?" if near else "docs/reference.md lists the settings"
            hint = _REMOVED.get(name, hint)
            raise UsageError(msg, hint=hint)


def _read(kind: object, given: object, name: str, told: list[str]) -> Any:  # noqa: ANN401 -- of the kind that the setting has
    """Return what is given as the kind that it is to be; what does not fit is told, and never shown."""
    if get_origin(kind) is dict and isinstance(given, dict):
        return {key: _read(get_args(kind)[1], item, f"{name}.{key}", told) for key, item in given.items()}
    if kind is bool and isinstance(given, str):
        given = _SWITCHES.get(given.lower(), given)
    try:
        return convert(given, kind, strict=False, dec_hook=_made)
    except (ValidationError, UnicodeEncodeError) as error:  # the latter of a number with half a character in it
        said, _, path = str(error).partition(" - at `$")
        name += path.rstrip("`")
        words = _WORDS.get(name.rpartition(".")[2]) if said.startswith("Invalid enum") else None
        told.append(f"setting {name}: {'write one of ' + ', '.join(map(repr, words)) if words else said}")
        return None


def _made(kind: type, given: object) -> object:
    """Return what is given as a kind of our own; a path that names nothing, which would be the current folder, is refused."""
    if issubclass(kind, time):
        return NewYork.read(given)
    if not isinstance(given, str):
        msg = f"Expected `str`, got `{type(given).__name__}`"
        raise ValueError(msg)  # noqa: TRY004 -- as all that does not fit
    if kind is Secret:
        return Secret(given)
    if not given:
        msg = "it names no folder or file: name one, or leave it unset"
        raise ValueError(msg)
    try:
        path = Path(given).expanduser()  # `~` is whose home it says
        given.encode()
    except UnicodeEncodeError as error:
        msg = "its name is no text in UTF-8, as the stores would have it: rename it, or lead a link to it"
        if sys.getfilesystemencoding() != "utf-8":
            msg = "in this locale Python takes names for ASCII, and its name is none: set LANG=C.UTF-8 or PYTHONUTF8=1"
        raise ValueError(msg) from error
    except RuntimeError as error:
        raise ValueError(str(error)) from error
    return KeyFile(path) if kind is KeyFile else path


def _of_leagues_that_there_are(settings: Settings) -> Settings:
    """Refuse with a `UsageError` a league that there is not: its messages would go nowhere, and nobody would know."""
    contents = (Path(__file__).parent / "leagues").glob("*/content.py")
    leagues = sorted({path.parent.name for path in contents} - {_TEMPLATE})
    named = [(f"active_hours.{league}", league) for league in settings.active_hours]
    named += [(f"channels.{name}", league) for name, said in settings.channels.items() for league in said.leagues]
    for setting, league in named:
        if league not in leagues:
            near = difflib.get_close_matches(league, leagues, n=1)
            msg = f"setting {setting}: there is no league {league!r}"
            raise UsageError(msg, hint=f"did you mean {near[0]!r}?" if near else f"leagues: {', '.join(leagues)}")
    return settings


def _variable(name: str) -> str:
    return PREFIX + name.upper()


def _is_file_of_a_secret(name: str) -> bool:
    return name.endswith(_FROM_FILE) and name.removesuffix(_FROM_FILE) in _SECRET


def _secrets(values: Mapping[str, object]) -> dict[str, object]:
    """Return the secrets that stand in files of their own; raises `UsageError` where one cannot be read."""
    files = {name.removesuffix(_FROM_FILE): str(values[name]) for name in filter(_is_file_of_a_secret, values)}
    key_files = {name: file for name, file in files.items() if name in _KEYS}
    found: dict[str, object] = {"key_files": key_files} if key_files else {}
    for name in filter(_is_file_of_a_secret, values):
        if name.removesuffix(_FROM_FILE) in _KEYS:
            continue
        path = str(values[name])
        names = f"{PREFIX}{name.upper()} names {shown_path(path)}"
        try:
            text = secret_text(Path(path).expanduser())
        except (OSError, ValueError, RuntimeError) as error:  # the last of `~` with a name that nobody has here
            msg = f"{names}, which cannot be read: {_why(error)}"
            raise UsageError(msg, hint="is the secret mounted, and may this user read it?") from error
        if (
            not text and name.removesuffix(_FROM_FILE) in _STORES
        ):  # it would be a file of the home, and nobody would know
            msg = f"{names}, which is empty"
            raise UsageError(msg, hint="write the secret into it, or leave the setting unset")
        found[name.removesuffix(_FROM_FILE)] = text
    return found


def _why(error: Exception) -> str:
    """Return why a secret's file cannot be read, without what it holds."""
    return (error.strerror if isinstance(error, OSError) else str(error)) or type(error).__name__
