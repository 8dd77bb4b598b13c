"""Settings: from `tipoff.toml`, then from `TIPOFF_*` in the environment; unknown names are refused."""

import difflib
import hashlib
import os
from collections.abc import Mapping
from datetime import time, timedelta
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from tipoff.core.build import COMMIT
from tipoff.core.errors import UsageError
from tipoff.core.home import Home

PREFIX = "TIPOFF_"
FILE = "tipoff.toml"
_NOT_SETTINGS = frozenset({COMMIT, "TIPOFF_REQUIRE_DATA"})  # of the image; of the tests
# or each command reads the metadata of all that is installed
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

# Of providers: their files may come later, and are read again.
_KEYS = frozenset({"balldontlie_key", "bettingpros_key", "odds_api_key"})
_FROM_FILE = "_file"  # TIPOFF_LEDGER_URL_FILE names a file that holds TIPOFF_LEDGER_URL
_TEMPLATE = "skeleton"  # the folder that `tipoff new league` copies: no league
_WATCHING = frozenset({  # they change nothing of what is made
    "active_hours", "audit_report", "channels", "history", "archive_keep_days", "history_keep_days", "published_keep_days",
    "key_files", "digest_at", "look_every_s", "silence_critical_min", "silence_error_min", "silence_warn_min",
    "watcher_silent_min", "tick_every_s", "web_host", "web_port",
})  # fmt: skip

_LONG_S, _LONG_MIN = 3600.0, 7 * 24 * 60.0
Seconds = Annotated[float, Field(gt=0, le=_LONG_S, allow_inf_nan=False)]
Minutes = Annotated[float, Field(gt=0, le=_LONG_MIN, allow_inf_nan=False)]


def _without_a_zone(at: time) -> time:
    if at.tzinfo is not None:
        msg = "write it without a zone, as 22:30: it is New York's"
        raise ValueError(msg)
    return at


NewYork = Annotated[time, AfterValidator(_without_a_zone)]
Span = tuple[NewYork, NewYork]


class ChannelSettings(BaseModel):
    """Where messages go, `[channels.NAME]`: the address stands in an environment variable or a file, never here."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url_env: str = ""
    url_file: Path | None = None
    leagues: list[str] = []
    least: Literal["warning", "error", "critical"] = "error"
    step: int = Field(default=0, ge=0)  # only what has been escalated so often
    quiet: Span | None = None  # New York; what is critical is sent all the same
    per_hour: int = Field(default=20, ge=1)
    digest: bool = True

    def address(self, name: str) -> str:
        """Return the address.

        Raises:
            UsageError: It is not where it is said to be.
        """
        found = os.environ.get(self.url_env, "").strip() if self.url_env else ""
        if self.url_file is not None:
            try:
                found = self.url_file.read_text().strip() if self.url_file.exists() else found
            except (OSError, UnicodeDecodeError) as error:
                msg = f"the address of the channel {name} cannot be read: {type(error).__name__}"
                raise UsageError(msg, hint="is url_file a text file, and may this user read it?") from error
        if not found:
            lacks = f"{self.url_env} is not set" if self.url_env else "no url_env is named"
            lacks += f", and {self.url_file} is not there or empty" if self.url_file else ""
            msg = f"the channel {name} has no address: {lacks}"
            raise UsageError(msg, hint="name url_env (an environment variable) or url_file (a file) that holds it")
        return found


class ProviderTold(BaseModel):
    """What is said of one provider, `[providers."HOST"]`, by the host of its own addresses."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    base: str = ""  # where it is asked instead: a mirror, or a server for tests
    at_once: int | None = Field(default=None, ge=1, le=64)
    every_s: float | None = Field(default=None, ge=0, le=3600)  # least time between two requests
    route: Literal["direct", "pool", "proxy"] | None = None
    headers: dict[str, str] = {}

    @field_validator("base")
    @classmethod
    def is_an_address(cls, base: str) -> str:
        """Refuse what is no address of HTTP."""
        parts = urlsplit(base)
        if base and (parts.scheme not in {"http", "https"} or not parts.hostname):
            msg = "write an address: https://host"
            raise ValueError(msg)
        return base


class Settings(BaseModel):
    """Everything that can be set; frozen once read. Secrets come from the environment or from files, never from arguments."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    home: Path = Path(".tipoff")
    data: Path | None = None
    warehouse: Literal["duckdb", "bigquery"] = "duckdb"
    bigquery_project: str = ""
    bigquery_location: str = "US"
    bigquery_prefix: str = ""  # before the names of all datasets: two homes in one project need two
    bigquery_endpoint: str = ""  # an emulator's address; without it Google's
    # what one statement may bill; a dearer one is refused unread
    bigquery_max_bytes: int = Field(default=1_073_741_824, ge=1)
    ledger_url: SecretStr = SecretStr("")  # a PostgreSQL of this home's own, instead of a file
    sentinel_url: SecretStr = SecretStr("")  # and another database for the sentinel's own store
    world: Literal["live", "sample", ""] = ""  # who answers `tipoff up`: live where the league has providers
    providers: dict[str, ProviderTold] = {}
    proxies: SecretStr = SecretStr("")  # addresses of proxies, with their credentials, between white space or commas
    key_files: dict[str, Path] = {}  # where keys are read again; filled from TIPOFF_…_KEY_FILE
    balldontlie_key: SecretStr = SecretStr("")
    bettingpros_key: SecretStr = SecretStr("")
    odds_api_key: SecretStr = SecretStr("")
    notify_url: SecretStr = SecretStr("")  # one channel for everything, as apprise or Slack writes addresses
    channels: dict[str, ChannelSettings] = {}
    ping_url: SecretStr = SecretStr("")  # a healthchecks-compatible switch that the monitor keeps from firing
    sentinel_ping_url: SecretStr = SecretStr("")  # and one for the sentinel
    digest_at: NewYork = time(11, 0)  # New York
    audit_report: Path | None = None  # what `tipoff audit --json` said of who else writes to the warehouse
    history: bool = True  # `tipoff up` lets the ledger's history flow to the warehouse
    archive_keep_days: int = Field(default=0, ge=0)  # answers older than that leave the archive; 0: never
    history_keep_days: int = Field(default=0, ge=0)  # rows that the warehouse has leave the ledger then; 0: never
    published_keep_days: int = Field(default=0, ge=0)  # older documents keep their proof alone; 0: never
    tick_every_s: Seconds = 60.0
    look_every_s: Seconds = 30.0
    silence_warn_min: Minutes = 5.0
    silence_error_min: Minutes = 120.0
    silence_critical_min: Minutes = 360.0
    watcher_silent_min: Minutes = 10.0
    active_hours: dict[str, Span] = {}  # by league, New York: when silence counts; at all hours without
    web_host: str = "127.0.0.1"
    web_port: int = Field(default=8080, ge=0, le=65535)
    web_token: SecretStr = SecretStr("")  # beyond loopback nothing is served without it
    _held: dict[str, str] = PrivateAttr(default_factory=dict)  # the keys that were read last from their files

    @field_validator("home", "data", "audit_report", mode="before")
    @classmethod
    def _is_named(cls, path: object) -> object:
        """Refuse a path that names nothing, which would be the current folder; `~` is whose home it says."""
        if path == "":
            msg = "it names no folder or file: name one, or leave it unset"
            raise ValueError(msg)
        try:
            return Path(path).expanduser() if isinstance(path, str) else path
        except RuntimeError as error:
            raise ValueError(str(error)) from error

    @model_validator(mode="after")
    def _silences_rise(self) -> Self:
        if not self.silence_warn_min <= self.silence_error_min <= self.silence_critical_min:
            msg = "silence_warn_min, silence_error_min and silence_critical_min must rise"
            raise ValueError(msg)
        return self

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
        return Home(self.home, self.ledger_url.get_secret_value(), self.sentinel_url.get_secret_value())

    def secret(self, name: str) -> str:
        """Return a provider's key as it is now: its file is read again at each use; empty where there is none.

        While a file that held one is there and holds none that can be read, it is being replaced: the last one serves.
        """
        file = self.key_files.get(name)
        if file is not None:
            try:
                held = file.read_text().strip()
            except FileNotFoundError:
                held = self._held[name] = ""  # it has not come yet, or is gone: the request says which key it needs
            except (OSError, UnicodeDecodeError):
                held = ""
            self._held[name] = held or self._held.get(name, "")
            return self._held[name]
        found = getattr(self, name)
        return found.get_secret_value() if isinstance(found, SecretStr) else ""

    @property
    def keyless(self) -> tuple[str, ...]:
        """What is wrong with files of keys that are named, and of which none can be read."""
        return tuple(
            f"{PREFIX}{name.upper()}_FILE names {file}, where no key can be read"
            for name, file in self.key_files.items()
            if not self.secret(name)
        )

    @property
    def proxy_addresses(self) -> tuple[str, ...]:
        """The proxies' addresses."""
        return tuple(self.proxies.get_secret_value().replace(",", " ").split())

    @property
    def digest_after_midnight(self) -> timedelta:
        """How long after midnight, New York, the digest is due to be made."""
        return timedelta(hours=self.digest_at.hour, minutes=self.digest_at.minute)

    @property
    def hash(self) -> str:
        """A hash of the settings that are not secret and bear on what is made; written into every tick.

        Where the home lies is no part of it, and a folder is the same however its path is written.
        """
        shown = self.model_dump(mode="json", exclude={*_SECRET, *_WATCHING, "home"})
        shown["data"] = str(self.data.resolve()) if self.data else None
        return hashlib.sha256(repr(sorted(shown.items())).encode()).hexdigest()[:12]


_SECRET = frozenset(name for name, field in Settings.model_fields.items() if field.annotation is SecretStr)


def read_settings(environment: Mapping[str, str] | None = None, *, file: Path = Path(FILE)) -> Settings:
    """Return the settings of `file` (if it exists), overridden by the environment.

    Raises:
        UsageError: A name is unknown (the nearest known one is named) or a value does not fit.
    """
    environment = os.environ if environment is None else environment
    values: dict[str, object] = {}
    if file.exists():
        import tomllib  # noqa: PLC0415 -- most homes have no file, and each command would wait for it

        try:
            values |= tomllib.loads(file.read_text())
        except tomllib.TOMLDecodeError as error:
            msg = f"{file} is not TOML: {error}"
            raise UsageError(msg, hint="mend the line that it names") from error
        except UnicodeDecodeError as error:
            msg = f"{file} is not UTF-8: byte {error.start} cannot be read"
            raise UsageError(msg, hint="save it as UTF-8") from error
        except OSError as error:
            msg = f"{file} cannot be read: {error.strerror}"
            raise UsageError(msg, hint="is it a file, and may this user read it?") from error
    of_file = values
    values = of_file | {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environment.items()
        if name.startswith(PREFIX) and name not in _NOT_SETTINGS
    }
    values = {name: value for name, value in values.items() if not _is_file_of_a_secret(name)} | _secrets(values)
    for name in values:
        if name not in Settings.model_fields:
            near = difflib.get_close_matches(name, Settings.model_fields, n=1)
            where, written = (f", which stands in {file}", str) if name in of_file else ("", _variable)
            msg = f"there is no setting {written(name)}{where}"
            hint = f"did you mean {written(near[0])}?" if near else "docs/reference.md lists the settings"
            raise UsageError(msg, hint=hint)
    try:
        return _of_leagues_that_there_are(Settings.model_validate(values))
    except ValidationError as error:
        told = []
        for problem in error.errors():
            name = ".".join(str(part) for part in problem["loc"])
            told.append(f"setting {name}: {problem['msg']}" if name else problem["msg"].removeprefix("Value error, "))
        raise UsageError(
            "; ".join(told), hint="docs/reference.md lists the settings"
        ) from None  # its text shows values


def _of_leagues_that_there_are(settings: Settings) -> Settings:
    """Refuse a league that there is not: its messages would go nowhere, and nobody would know.

    Raises:
        UsageError: A channel or the active hours name one.
    """
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
    """Return the secrets that stand in files of their own, as containers are handed them.

    Raises:
        UsageError: A file that is named cannot be read.
    """
    files = {name.removesuffix(_FROM_FILE): str(values[name]) for name in filter(_is_file_of_a_secret, values)}
    key_files = {name: file for name, file in files.items() if name in _KEYS}
    found: dict[str, object] = {"key_files": key_files} if key_files else {}
    for name in filter(_is_file_of_a_secret, values):
        if name.removesuffix(_FROM_FILE) in _KEYS:
            continue
        try:
            found[name.removesuffix(_FROM_FILE)] = Path(str(values[name])).read_text().strip()
        except (OSError, UnicodeDecodeError, ValueError) as error:
            msg = f"{PREFIX}{name.upper()} names {values[name]}, which cannot be read: {type(error).__name__}"
            raise UsageError(msg, hint="is the secret mounted, and may this user read it?") from error
    return found
