"""Which kinds of findings have earned which level, and what that would have given on each draw, had it been left out.

`python -m benchmarks.audit_levels` prints each kind with its verdicts, and for each draw since the kinds are what they are now
(FIRST and later) what would have stood at error and at warning if the levels had been set by all other draws.

docs/evidence/audit_kinds.tsv names each verdict's kind: the rule, and what its message claims. `counts`: the verdict is of the
kind as it is today; of older draws only what the rules still said, at warning at least, when decision 0173 was taken. A later
draw counts as it was judged: a mistake that has been mended since is still a mistake of its kind.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmarks.audit_draw import EVIDENCE, RIGHT, rows_of

FIRST = 10
FACTS = frozenset(  # what the language itself makes so, whatever is imported, kept, asked or run elsewhere
    {
        *("wrong-time: age", "wrong-time: other", "value-dropped: twice", "value-dropped: not in place"),
        *(
            "value-dropped: other",
            "value-dropped: text",
            "same-answer: bool",
            "same-answer: or",
            "same-answer: nan",
            "same-answer: other",
        ),
        *("handler-raises: attribute", "handler-raises: message", "handler-raises: other", "ignored-result: coroutine"),
        *("made-once: class", "made-once: other"),
    }
)
PULL = 2  # bases: how much the mean of all facts, or of all else, weighs in the share of a kind
ERROR = 0.75  # of a fact's bases, at least two; or
SURE, MANY = 0.85, 5  # of any kind's
WARNING, SOME = 0.7, 3  # facts need no bases of their own
Verdict = Mapping[str, str]
Shares = Mapping[str, Sequence[float]]  # of each kind: the share that was right, in each of its code bases


def verdicts() -> list[dict[str, str]]:
    """Return all kept verdicts, each with its draw, its kind, and whether it counts for the kind."""
    kinds = {(row["draw"], row["id"]): row for row in rows_of(EVIDENCE / "audit_kinds.tsv")}
    judged = [
        row | {"draw": file.stem.rpartition("_")[2]}
        for file in EVIDENCE.glob("audit_draw_*.tsv")
        for row in rows_of(file)
    ]
    return [row | kinds[row["draw"], row["id"]] for row in judged if (row["draw"], row["id"]) in kinds]


def is_right(row: Verdict) -> bool:
    """Whether the finding is right by whoever judged it: by both, where there are two."""
    return row["verdict"] == RIGHT and row["second"] in {RIGHT, ""}


def shares(rows: Sequence[Verdict]) -> Shares:
    """Return, for each kind, the share of right findings in each of its code bases: one base, one voice."""
    bases: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for row in rows:
        bases[row["kind"], row["base"]].append(is_right(row))
    found: dict[str, list[float]] = defaultdict(list)
    for (kind, _), right in bases.items():
        found[kind].append(sum(right) / len(right))
    return found


def earned(kind: str, known: Shares) -> tuple[str, float]:
    """Return the highest level that the verdicts allow a kind, and its share, drawn to the mean of its family."""
    family = [share for name, each in known.items() if (name in FACTS) == (kind in FACTS) for share in each]
    own = known.get(kind, ())
    share = (sum(own) + PULL * sum(family) / len(family)) / (len(own) + PULL)
    if (kind in FACTS and share >= ERROR and len(own) > 1) or (share >= SURE and len(own) >= MANY):
        return "error", share
    return ("warning" if share >= WARNING and (kind in FACTS or len(own) >= SOME) else "note"), share


def left_out() -> Iterator[dict[str, Any]]:
    """Yield, for each draw, how many would have stood at error and at warning, and were right, by the other draws' verdicts."""
    rows = verdicts()
    for draw in sorted({int(row["draw"]) for row in rows}):
        if draw < FIRST:
            continue
        known = shares([row for row in rows if row["counts"] and row["draw"] != str(draw)])
        stands: dict[str, list[Verdict]] = {"error": [], "warning": [], "note": []}
        for row in rows:
            if row["draw"] == str(draw):
                level = earned(row["kind"], known)[0]
                stands["warning" if level == "error" and row["level"] == "warning" else level].append(row)
        yield {"draw": draw} | {
            level: (sum(map(is_right, stands[level])), len(stands[level])) for level in ("error", "warning")
        }


def main() -> None:
    """Print both tables."""
    rows = verdicts()
    known = shares([row for row in rows if row["counts"]])
    for kind in sorted(known, key=lambda kind: -earned(kind, known)[1]):
        level, share = earned(kind, known)
        own = [row for row in rows if row["kind"] == kind and row["counts"]]
        right = sum(map(is_right, own))
        claim = "fact" if kind in FACTS else ""
        print(
            f"{kind:38} {claim:4} {right:3} of {len(own):3} right, {len(known[kind]):2} bases, share {share:.2f}: {level}"
        )
    for told in left_out():
        print(told)


if __name__ == "__main__":
    main()
