"""All rules, in the order of the documents, and the version by which a cache knows that they have changed."""

import hashlib
import tomllib
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from tipoff_audit.rules.rule import Rule

_HERE = "tipoff_audit"


def _read() -> tuple[Rule, ...]:
    rules = []
    for page in sorted(files(_HERE).joinpath("rules", "catalogue").iterdir(), key=lambda page: page.name):
        if page.name.endswith(".toml"):
            told = tomllib.loads(page.read_text(encoding="utf-8"))["rule"]
            rules += [Rule(**entry | {"rows": tuple(entry["rows"])}) for entry in told]
    return tuple(rules)


def _version() -> str:
    """Return a hash of the package's sources: another rule, another version."""
    digest = hashlib.sha256()
    for source in _sources(files(_HERE)):
        digest.update(source.name.encode() + b"\0" + source.read_bytes())
    return digest.hexdigest()[:16]


def _sources(folder: Traversable) -> list[Traversable]:
    found = []
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            found += _sources(entry)
        elif entry.name.endswith((".py", ".toml")):
            found.append(entry)
    return found


RULES: tuple[Rule, ...] = _read()
RULES_VERSION: str = _version()


@cache
def slugs() -> frozenset[str]:
    """Return the names of all rules."""
    return frozenset(rule.slug for rule in RULES)
