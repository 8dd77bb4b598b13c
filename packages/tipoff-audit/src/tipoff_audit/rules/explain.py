"""A rule in its own words, for a terminal."""

from collections.abc import Iterator

from tipoff_audit.rules.rule import Rule


def explained(rule: Rule) -> str:
    """Return why the rule is there, what happened without it, and what is bad and good."""
    return "\n".join(_lines(rule)) + "\n"


def _lines(rule: Rule) -> Iterator[str]:
    yield f"{rule.slug}: {rule.claim}"
    yield ""
    yield rule.why
    yield ""
    yield f"What happened: {rule.incident}"
    yield ""
    yield "Bad:"
    yield from _example(rule.bad)
    yield "Good:"
    yield from _example(rule.good)
    yield f"What to do: {rule.fix}"
    yield f"Beside ruff: {rule.beside}"


def _example(text: str) -> Iterator[str]:
    yield ""
    for line in text.rstrip().splitlines():
        yield f"    {line}".rstrip()
    yield ""
