"""What a replay costs by layer, phase and output: `python -m benchmarks.season_replay [SEASON|FROM..TO]`; needs TIPOFF_DATA."""

import json
import os
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

from msgspec import structs
from sqlalchemy import func, select

from benchmarks.layers import Layers
from tipoff.app import replay as app
from tipoff.app.loop import Progress
from tipoff.config import read_settings
from tipoff.engine.controller import Controller
from tipoff.engine.run import Runner
from tipoff.leagues.nba.league import NBA
from tipoff.leagues.nba.world import recorded as nba_recorded
from tipoff.leagues.predict import boosting
from tipoff.ledger import Ledger, schema
from tipoff.sources.ask import Asker
from tipoff.sources.world import WorldTransport
from tipoff.store.archive import Archive
from tipoff.store.duck import DuckWarehouse
from tipoff.store.published import Published

LAYERS: dict[str, list[tuple[Any, str]]] = {
    "engine": [(Controller, "tick")],
    "runs": [(Runner, "attempt")],
    "world": [(WorldTransport, "handle_request"), (nba_recorded.RecordedNba, "__init__")],
    "fetching": [(Asker, "__call__")],
    "archive": [(Archive, "put")],
    "parsing": [(Runner, "_parse")],
    "warehouse, reading": [(DuckWarehouse, name) for name in ("select", "read", "query", "proofs", "prepare")],
    "warehouse, staging": [(DuckWarehouse, "replace")],
    "warehouse, publishing": [(DuckWarehouse, "_publish")],
    "model": [(boosting, "train"), (boosting, "predict")],
    "publication": [(Published, "replace")],
    "ledger": [(Ledger, "commit"), (Ledger, "rows"), (Ledger, "load")],
}


def season_replay(span: str) -> dict[str, Any]:
    """Replay `span` of the recorded NBA once: seconds by layer, phase and output, runs by output, peak memory in MB."""
    layers = Layers()
    with tempfile.TemporaryDirectory() as folder:
        settings = structs.replace(read_settings(), home=Path(folder))
        with layers.measured(LAYERS):
            spec = app.replay_spec(settings, "nba", span, world="recorded", seed=7)
            replayed = app.run_together(settings, [spec], progress=_nothing)[0]
        outputs = _by_output(Path(folder))
    return {
        "span": span,
        "wall_s": replayed.wall_s,
        "peak_rss_mb": replayed.peak_rss_mb,
        "runs": replayed.counts["finished"],
        "layers": {
            name: {"s": round(seconds, 2), "calls": layers.calls[name]}
            for name, seconds in sorted(layers.seconds.items(), key=lambda item: -item[1])
        },
        "phases": _by_phase(outputs),
        "outputs": outputs,
        "cpus": os.cpu_count(),
    }


def _by_output(home: Path) -> dict[str, dict[str, float]]:
    runs = schema.metadata.tables["runs"]
    statement = select(runs.c.output, func.count().label("runs"), func.sum(runs.c.cpu_ms).label("ms"))
    ledger = Ledger(home / "ledger.db", read_only=True)
    rows = ledger.rows(statement.group_by(runs.c.output))
    ledger.close()
    rows.sort(key=lambda row: -float(row["ms"]))
    return {row["output"]: {"s": round(row["ms"] / 1000, 2), "runs": row["runs"]} for row in rows}


def _by_phase(outputs: dict[str, dict[str, float]]) -> dict[str, float]:
    seconds: defaultdict[str, float] = defaultdict(float)
    for name, cost in outputs.items():
        seconds[NBA.step(name).phase.value] += cost["s"]
    return {phase: round(taken, 2) for phase, taken in seconds.items()}


def _nothing(_progress: Progress) -> None:
    """Show nothing."""


def main() -> None:
    """Print the figures as JSON."""
    print(json.dumps(season_replay(sys.argv[1] if len(sys.argv) > 1 else "2023-24"), indent=1))


if __name__ == "__main__":
    main()
