"""docs/audit-rules.md, from the catalogue: `python -m benchmarks.audit_page > docs/audit-rules.md`."""

import json
from pathlib import Path
from typing import Any

from benchmarks.audit_draw import scores
from tipoff_audit.rules.catalog import RULES
from tipoff_audit.rules.rule import Rule, example_files

EVIDENCE = Path(__file__).parents[1] / "docs" / "evidence"

HEAD = """# The auditor's rules

`tipoff-audit PATH` reads Python, SQL, shell scripts and CI files, and finds the patterns by which real pipelines
failed in silence. A handler is judged by what its block does, SQL by what takes its rows, a result by whether anybody
reads it. Levels are earned in code that nobody had seen
([decision 0173](decisions/0173-a-level-is-earned-in-several-code-bases.md)): **error** for what loses, or makes up, data and
was right in several code bases, **warning** for what was right in most of them, **note** for a place to look at. On the last
code that nobody had seen 4 of 5 errors and 3 of 13 warnings were right to both judges ([audit-field.md](audit-field.md));
nine and six of ten are asked for.
Tests, examples and documents say nothing unless `--tests` asks for them. What only they reach, or nobody, is a note that says
so ([decision 0181](decisions/0181-what-nobody-reaches-is-a-note.md)): the project is followed from its programs, its settings and
what its build files, containers and schedules name.

Each rule comes from an incident; *row* is its number in the catalogue of faults. The examples below are the tests' own: the bad
one fires exactly its rule, the good one none.
{score}
| rule | what it finds | rows |
|---|---|---|
"""


def page() -> str:
    """Return the page."""
    lines = [HEAD.format(score=_score())]
    for rule in RULES:
        rows = ", ".join(map(str, rule.rows))
        lines.append(f"| [{rule.slug}](#{rule.slug}) | {_cell(rule.claim)} | {rows} |\n")
    return "".join([*lines, *(_section(rule) for rule in RULES)])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _section(rule: Rule) -> str:
    return (
        f"\n## {rule.slug}\n\n{rule.claim[:1].upper()}{rule.claim[1:]}.\n\n{rule.why}\n\n"
        f"*It happened:* {rule.incident}\n\n*Do:* {rule.fix}\n\n*Beside ruff:* {rule.beside}\n\n"
        f"{_in_the_field(rule.slug)}"
        f"{_example('Bad', rule, rule.bad)}\n{_example('Good', rule, rule.good)}"
    )


def _in_the_field(slug: str) -> str:
    """Return how many of the rule's findings were right in the last draw from foreign code that had any."""
    for name, told in reversed(scores().items()):
        levels = {level: told["by_rule"].get(f"{level} {slug}") for level in ("error", "warning")}
        said = [f"at {level} {one['right']} of {one['judged']} right" for level, one in levels.items() if one]
        if said:
            return f"*In the field* ([draw {name.rpartition('_')[2]}](audit-field.md)): {', '.join(said)}.\n\n"
    return ""


def _example(title: str, rule: Rule, text: str) -> str:
    blocks = [
        f"{title}, `{path}`:\n\n```{rule.language}\n{body.strip()}\n```\n"
        for path, body in example_files(rule.place, text).items()
        if body.strip()
    ]
    return "\n".join(blocks)


def _score() -> str:
    """Return the table of the labelled cases: the first score, and the last."""
    first, last = _evidence("audit_first_score"), _evidence("audit_score")
    if first is None or last is None:
        return ""
    told = (
        f"\nOn {last['n_cases']} labelled cases with good twins, written by somebody who had not seen the rules: precision "
        f"{last['precision']:.3f}, recall {last['recall']:.3f}; at the first run, before any of them was looked at, "
        f"{first['precision']:.3f} and {first['recall']:.3f}.\n"
        "\n| rule | cases | first precision | first recall | precision | recall |\n|---|---|---|---|---|---|\n"
    )
    unseen = last.get("unseen")
    began = _evidence("audit_unseen_first_score")
    lines = [told]
    if unseen is not None and began is not None:
        lines.insert(
            0,
            f"\nOn {unseen['n_cases']} further cases, written from others' reports without sight of the rules: precision "
            f"{unseen['precision']:.3f}, recall {unseen['recall']:.3f}; at the first run {began['precision']:.3f} and "
            f"{began['recall']:.3f}.\n",
        )
    for slug, now in last["rules"].items():
        then = first["rules"].get(slug, {})
        figures = [then.get("precision"), then.get("recall"), now["precision"], now["recall"]]
        lines.append(f"| {slug} | {now['expected']} | {' | '.join(map(_figure, figures))} |\n")
    return "".join(lines)


def _evidence(name: str) -> dict[str, Any] | None:
    path = EVIDENCE / f"{name}.json"
    if not path.exists():
        return None
    measured: dict[str, Any] = json.loads(path.read_text())["measured"]
    return measured


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


if __name__ == "__main__":
    print(page(), end="")
