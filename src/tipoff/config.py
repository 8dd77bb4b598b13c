"""Settings: from `tipoff.toml`, then from `TIPOFF_*` in the environment; unknown names are refused."""

import difflib
import hashlib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from tipoff.core.errors import UsageError

PREFIX = "TIPOFF_"
FILE = "tipoff.toml"
_NOT_SETTINGS = frozenset({"TIPOFF_REQUIRE_DATA"})  # read by the tests alone


class Settings(BaseModel):
    """Everything that can be set; frozen once read. Secrets come from the environment or from files, never from arguments."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    home: Path = Path(".tipoff")
    data: Path | None = None
    balldontlie_key: SecretStr = SecretStr("")
    odds_api_key: SecretStr = SecretStr("")

    @property
    def hash(self) -> str:
        """A hash of the settings that are not secret; written into every tick."""
        shown = self.model_dump(mode="json", exclude={"balldontlie_key", "odds_api_key"})
        return hashlib.sha256(repr(sorted(shown.items())).encode()).hexdigest()[:12]


def read_settings(environment: Mapping[str, str] | None = None, *, file: Path = Path(FILE)) -> Settings:
    """Return the settings of `file` (if it exists), overridden by the environment.

    Raises:
        UsageError: A name is unknown (the nearest known one is named) or a value does not fit.
    """
    environment = os.environ if environment is None else environment
    values: dict[str, object] = {}
    if file.exists():
        try:
            values |= tomllib.loads(file.read_text())
        except tomllib.TOMLDecodeError as error:
            msg = f"{file} is not TOML: {error}"
            raise UsageError(msg, hint="mend the line that it names") from error
    values |= {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environment.items()
        if name.startswith(PREFIX) and name not in _NOT_SETTINGS
    }
    for name in values:
        if name not in Settings.model_fields:
            near = difflib.get_close_matches(name, Settings.model_fields, n=1)
            msg = f"there is no setting {PREFIX}{name.upper()}"
            raise UsageError(msg, hint=f"did you mean {PREFIX}{near[0].upper()}?" if near else "see docs/reference")
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        problem = error.errors()[0]
        msg = f"setting {'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
        raise UsageError(msg) from error
