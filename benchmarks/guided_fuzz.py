"""Changed answers chosen by which code they reach: `python -m benchmarks.guided_fuzz [SECONDS]`; needs TIPOFF_DATA.

The same answers, changes and demands as in `benchmarks.payload_fuzz`; what is changed and how is told by atheris, which prefers
what has reached code that nothing before has. It runs in a process of its own, which it ends.
"""

import json
import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

HANGS_S = 60  # for one answer
_WATCHED = ["tipoff.core.door", "tipoff.core.parsing", "tipoff.leagues"]
_TOLD = {"executions": r"number_of_executed_units:\s+(\d+)", "slowest_s": r"slowest_unit_time_sec:\s+(\d+)"}
_REACHED = re.compile(r"cov: (\d+)")


class Guided(random.Random):
    """Dice that fall as the fuzzer's bytes say."""

    def __init__(self, next_number: Callable[[], float]) -> None:
        super().__init__(0)
        self._next = next_number

    def random(self) -> float:
        """Return a number in [0, 1)."""
        return min(self._next(), 1 - 2**-53)


def guided_fuzz(seconds: int, data: Path) -> dict[str, Any]:
    """Let the fuzzer work for so long; returns how many answers were read, how much code was reached, and how it ended."""
    with tempfile.TemporaryDirectory() as corpus:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.guided_fuzz", "inside", str(seconds), str(data), corpus],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=seconds + 600,
        )
        kept = sum(1 for _ in Path(corpus).iterdir())
    told = {name: int(found.group(1)) for name, form in _TOLD.items() if (found := re.search(form, done.stderr))}
    reached = [int(n) for n in _REACHED.findall(done.stderr)]
    ends = {"ends": "well" if done.returncode == 0 else f"exit {done.returncode}: {done.stderr[-1500:]}"}
    return {
        "seconds": seconds,
        **told,
        "edges_at_first": min(reached, default=0),
        "edges": max(reached, default=0),
        "kept": kept,
    } | ends


def _inside(seconds: str, data: str, corpus: str) -> None:
    import atheris  # noqa: PLC0415 -- Linux alone has it; what is imported below is instrumented

    with atheris.instrument_imports(include=_WATCHED):
        from benchmarks import payload_fuzz  # noqa: PLC0415

    attempt = payload_fuzz.attempt_of(Path(data))

    def one(given: bytes) -> None:
        attempt(Guided(atheris.FuzzedDataProvider(given).ConsumeProbability))

    limits = [
        f"-max_total_time={seconds}",
        f"-timeout={HANGS_S}",
        "-max_len=2048",
        "-print_final_stats=1",
        "-rss_limit_mb=2000",
    ]
    atheris.Setup([sys.argv[0], *limits, "-seed=7", corpus], one)
    atheris.Fuzz()


if __name__ == "__main__":
    if sys.argv[1:2] == ["inside"]:
        _inside(*sys.argv[2:])
    else:
        from tipoff.config import read_settings

        folder = read_settings().data
        if folder is None:
            sys.exit("set TIPOFF_DATA")
        print(json.dumps(guided_fuzz(int(sys.argv[1]) if len(sys.argv) > 1 else 60, folder), indent=1))
