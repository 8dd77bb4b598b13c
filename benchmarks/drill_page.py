"""docs/drills.md, from the drills themselves: `python -m benchmarks.drill_page > docs/drills.md`."""

from tipoff.drills.drill import catalogue

HEAD = """# Drills

A drill makes a fault happen again that really happened, in the sample league and on a simulated clock, and lets an oracle
look at what came of it. The oracle knows the truth from a quiet twin: the same days without the fault. It reads the warehouse,
the published files and the ledger's times, and it wants to see

- the fault noticed within 30 simulated minutes of the moment from which it can be, by the finding named here,
- everything that can heal healed without a person, to the same content, hash by hash,
- no unit lost, no key twice, nothing published after tip-off or past a closed gate, no run that runs for ever,
- one cause for one fault.

Each drill has a **control**: its mechanism is switched off, and the drill must then fail. `tipoff drill run --all` runs the
drills, `tipoff drill run --all --control` the controls, and `tipoff drill fuzz` composes faults by dice. How to write one:
[how-to/write-a-drill.md](how-to/write-a-drill.md).

*Row* is the number in the catalogue of faults that the drill reproduces. {n} drills reproduce {rows} rows.

| drill | the fault | row | noticed by | what stops it | control |
|---|---|---|---|---|---|
"""


def page() -> str:
    """Return the page."""
    drills = list(catalogue().values())
    rows = {row for drill in drills for row in drill.rows}
    lines = [HEAD.format(n=len(drills), rows=len(rows))]
    for drill in drills:
        told = f"`{drill.check}` of {drill.cause}" if drill.check else "nothing to notice"
        noticed = "refused at the start" if drill.refused else told
        rows_of = ", ".join(str(row) for row in drill.rows) or "–"
        lines.append(f"| {drill.name} | {drill.fault} | {rows_of} | {noticed} | {drill.stops_it} | {drill.control} |\n")
    return "".join(lines)


if __name__ == "__main__":
    print(page(), end="")
