"""Findings drawn from code bases that the rules have never seen, to be judged by somebody who did not write them.

`python -m benchmarks.audit_draw draw FOLDER SEED` audits each code base of FOLDER/src from nothing and writes
errors.tsv (150, or all where there are fewer), warnings.tsv (100, at most 12 of one rule and code base) and
second.tsv (60 of both, for a second judge who does not see the first one's verdicts), with the code around each. The
judge fills `verdict` (right, arguable, wrong) and `why`, asked one thing: would an expert reviewer say that data can
be lost here, be wrong or be let through, and nobody would notice?

`python -m benchmarks.audit_draw keep FOLDER N` keeps the verdicts as docs/evidence/audit_draw_N.tsv: places and
reasons, nothing of the code. `python -m benchmarks.audit_draw score` prints what each kept draw came to; `arguable`
counts as wrong. `python -m benchmarks.audit_draw precisions` prints each rule's precision for the catalogue and SARIF.
"""

import csv
import json
import random
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

EVIDENCE = Path(__file__).parents[1] / "docs" / "evidence"
ERRORS, WARNINGS, SECOND, OF_ONE_KIND = 150, 100, 60, 12
KEPT = ("id", "base", "path", "line", "rule", "level", "guards", "verdict", "why", "second")
FIELDS = (*KEPT[:-1], "message", "context")
RIGHT = "right"
ENOUGH = 5  # findings of a rule for a word on its precision
PRECISIONS = ((0.9, "very-high"), (0.75, "high"), (0.5, "medium"), (0.0, "low"))
AROUND = (19, 13)  # lines before and after
Pair = tuple[Path, dict[str, Any]]


def reports(folder: Path) -> Iterator[Pair]:
    """Yield each finding of each code base, but for files that were not read; a report that is there is not made again."""
    kept = folder / "reports"
    kept.mkdir(exist_ok=True)
    for base in sorted(one for one in (folder / "src").iterdir() if one.is_dir()):
        report = kept / f"{base.name}.json"
        if not report.exists():
            command = [sys.executable, "-m", "tipoff_audit", ".", "--json", "--no-cache"]
            done = subprocess.run(command, cwd=base, capture_output=True, text=True, check=False)
            if done.returncode not in {0, 1}:
                sys.exit(f"the audit of {base.name} ended with {done.returncode}: {done.stderr}")
            report.write_text(done.stdout)
        told = json.loads(report.read_text())
        print(base.name, json.dumps(told["summary"]))
        yield from ((base, one) for one in told["findings"] if one["rule"] != "unreadable")


def drawn(found: Sequence[Pair], level: str, most: int, dice: random.Random, of_one_kind: int) -> list[Pair]:
    """Return `most` findings of a level by the dice; at most so many of one rule and code base."""
    pool = [pair for pair in found if pair[1]["level"] == level]
    pool.sort(key=lambda pair: (pair[0].name, pair[1]["fingerprint"], pair[1]["line"]))
    dice.shuffle(pool)
    counts: Counter[tuple[str, str]] = Counter()
    taken = []
    for base, one in pool:
        counts[base.name, one["rule"]] += 1
        if counts[base.name, one["rule"]] <= of_one_kind:
            taken.append((base, one))
    return taken[:most]


def draw(folder: Path, seed: str) -> None:
    """Audit, draw and write the three files."""
    dice = random.Random(seed)  # noqa: S311 -- a draw that can be repeated
    found = list(reports(folder))
    errors = list(_rows(drawn(found, "error", ERRORS, dice, len(found)), "E"))
    warnings = list(_rows(drawn(found, "warning", WARNINGS, dice, OF_ONE_KIND), "W"))
    second = [*errors, *warnings]
    dice.shuffle(second)
    for name, rows in (("errors", errors), ("warnings", warnings), ("second", second[:SECOND])):
        _write(folder / f"{name}.tsv", FIELDS, rows)
        print(name, len(rows))


def _rows(pairs: Sequence[Pair], letter: str) -> Iterator[dict[str, str]]:
    for number, (base, one) in enumerate(pairs, 1):
        lines = (base / one["path"]).read_text(errors="replace").splitlines()
        first, last = max(0, one["line"] - AROUND[0]), min(len(lines), one["line"] + AROUND[1])
        shown = (f"{'>' if at == one['line'] - 1 else ''}{at + 1}: {lines[at][:200]}" for at in range(first, last))
        row = {name: _flat(str(one[name])) for name in ("path", "line", "rule", "level", "guards", "message")}
        yield row | {
            "id": f"{letter}{number}",
            "base": base.name,
            "verdict": "",
            "why": "",
            "context": _flat(" ¶ ".join(shown)),
        }


def _flat(text: str) -> str:
    return text.replace("\t", "    ").replace("\n", " ").replace("\r", "")


def _write(file: Path, fields: Sequence[str], rows: Sequence[dict[str, str]]) -> None:
    with file.open("w", newline="") as out:
        out.write("\t".join(fields) + "\n")
        out.writelines("\t".join(row.get(name, "") for name in fields) + "\n" for row in rows)


def rows_of(file: Path) -> list[dict[str, str]]:
    """Return the rows of a table whose columns are named in its first line."""
    with file.open(newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def keep(folder: Path, number: int) -> None:
    """Keep the verdicts, the second judge's beside the first's, without the code."""
    other = {row["id"]: row["verdict"] for row in rows_of(folder / "second.tsv")}
    judged = [*rows_of(folder / "errors.tsv"), *rows_of(folder / "warnings.tsv")]
    rows = [row | {"second": other.get(row["id"], "")} for row in judged if row["verdict"]]
    _write(EVIDENCE / f"audit_draw_{number}.tsv", KEPT, rows)


def _kept() -> list[Path]:
    """Return the kept draws, the first first."""
    return sorted(EVIDENCE.glob("audit_draw_*.tsv"), key=lambda file: int(file.stem.rpartition("_")[2]))


def scores() -> dict[str, dict[str, Any]]:
    """Return, for each kept draw, how many of each level were judged and were right, and how often the second judge agrees."""
    found = {}
    for file in _kept():
        rows = rows_of(file)
        both = [row for row in rows if row["second"]]
        agreed = sum((row["verdict"] == RIGHT) == (row["second"] == RIGHT) for row in both)
        found[file.stem] = {
            "code_bases": len({row["base"] for row in rows}),
            **{level: _share([row for row in rows if row["level"] == level]) for level in ("error", "warning")},
            "second_judge": {"judged": len(both), "agreed": agreed},
            "by_rule": {
                f"{level} {rule}": _share([row for row in rows if (row["level"], row["rule"]) == (level, rule)])
                for level, rule in sorted({(row["level"], row["rule"]) for row in rows})
            },
        }
    return found


def precisions() -> dict[str, str]:
    """Return each rule's precision by SARIF's names, of the latest draw in which enough of its findings were judged."""
    found = {}
    for file in _kept():
        rows = rows_of(file)
        for rule in {row["rule"] for row in rows}:
            bases: dict[str, list[bool]] = defaultdict(list)
            for row in rows:
                if row["rule"] == rule:
                    bases[row["base"]].append(row["verdict"] == RIGHT)
            if sum(map(len, bases.values())) >= ENOUGH:
                share = sum(sum(one) / len(one) for one in bases.values()) / len(bases)  # one base, one voice
                found[rule] = next(name for least, name in PRECISIONS if share >= least)
    return found


def _share(rows: Sequence[dict[str, str]]) -> dict[str, Any]:
    right = sum(row["verdict"] == RIGHT for row in rows)
    return {"judged": len(rows), "right": right, "precision": round(right / len(rows), 3) if rows else None}


def main() -> None:
    """Do what the first word says."""
    match sys.argv[1:]:
        case ["draw", folder, seed]:
            draw(Path(folder).resolve(), seed)
        case ["keep", folder, number]:
            keep(Path(folder), int(number))
        case ["score"]:
            print(json.dumps(scores(), indent=1))
        case ["precisions"]:
            print(json.dumps(precisions(), indent=1, sort_keys=True))
        case _:
            sys.exit("say: draw FOLDER SEED, keep FOLDER N, score, or precisions")


if __name__ == "__main__":
    main()
