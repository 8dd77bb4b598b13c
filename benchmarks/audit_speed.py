"""How fast the auditor reads, and in how much memory: a million lines of installed code, cold and warm, through the command.

`python -m benchmarks.audit_speed [FOLDER]`. Other work on the machine is noise for the wall clock, so the processors' time is
measured beside it: on two cores that nobody else uses, a run takes no longer than the command's own time and half of the time of
the processes that it starts.
"""

import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from tipoff.core.clock import pause, stopwatch
from tipoff_audit.settings import MAX_BYTES

LINES = 1_000_000
CORES = 2
COLD, WARM_TIMES = 25_000, 5  # lines a second on two cores, and how many times that from the cache
MOST_MB = 200  # for a million lines
LOOK_EVERY = timedelta(milliseconds=50)
_TIMED = """
import json, resource, runpy, sys
sys.argv = ["tipoff", *sys.argv[1:]]
try:
    runpy.run_module("tipoff", run_name="__main__")
except SystemExit as end:
    code = end.code
own, others = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
spent = {"own_s": own.ru_utime + own.ru_stime, "processes_s": others.ru_utime + others.ru_stime, "exit": code}
print(json.dumps(spent), file=sys.stderr)
"""


def audit_speed(source: Path | None = None) -> tuple[bool, dict[str, Any]]:
    """Audit a million lines cold, then warm; return whether the bounds hold, by the processors' time, and what was measured."""
    with tempfile.TemporaryDirectory() as folder:
        code, cache = Path(folder) / "code", Path(folder) / "cache"
        n_files = million_lines(source or installed(), code)
        cold, warm = (measured(code, cache) for _ in range(2))
        parse_s = parsed(code)
    bounds = {
        "cold": cold["lines_per_s_on_two_cores"] >= COLD,
        "warm": warm["lines_per_s_on_two_cores"] >= WARM_TIMES * COLD,
        "memory": max(cold["peak_mb"], warm["peak_mb"]) <= MOST_MB,
        "every_file_remembered": warm["summary"]["files_remembered"] == warm["summary"]["files_read"],
        "no_crash": cold["summary"]["auditor_failed_on"] == 0,
    }
    times = round(warm["lines_per_s_on_two_cores"] / cold["lines_per_s_on_two_cores"], 1)
    return all(bounds.values()), {
        "files": n_files,
        "cold": cold,
        "warm": warm,
        "warm_over_cold": times,
        "parse_alone_cpu_s": parse_s,  # of the same files, by ast.parse: it says how fast the machine was meanwhile
        "cold_over_parse_alone": round((cold["own_cpu_s"] + cold["processes_cpu_s"]) / parse_s, 2),
        "bounds": bounds,
    }


def parsed(folder: Path) -> float:
    """Return the processor's time in which Python alone parses every file of the folder, one after another."""
    program = (
        "import ast, pathlib, sys, time, warnings; warnings.simplefilter('ignore'); "
        "[ast.parse(one.read_bytes()) for one in pathlib.Path(sys.argv[1]).rglob('*.py')]; print(time.process_time())"
    )
    done = subprocess.run([sys.executable, "-c", program, str(folder)], capture_output=True, text=True, check=True)
    return round(float(done.stdout), 2)


def installed() -> Path:
    """Return the folder of the packages that are installed beside this program."""
    return next(Path(one) for one in sys.path if one.endswith("site-packages"))


def million_lines(source: Path, target: Path) -> int:
    """Link Python files of `source`, dealt by a hash of their names, into `target` until they have a million lines; count them.

    They are hard links or copies, so that the folder is a plain one. Where `source` has fewer lines, it is dealt again, each copy
    with a last line of its own.
    """
    n_lines = n_files = 0
    for turn, file in _dealt(source):
        data = file.read_bytes() + (f"\n# copy {turn}\n".encode() if turn else b"")
        copy = target / f"part{turn}" / file.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(data)
        n_lines += data.count(b"\n")
        n_files += 1
        if n_lines >= LINES:
            break
    return n_files


def _dealt(source: Path) -> Iterator[tuple[int, Path]]:
    files = [one for one in source.rglob("*.py") if one.is_file() and one.stat().st_size < MAX_BYTES]
    files.sort(key=lambda one: hashlib.sha256(str(one.relative_to(source)).encode()).digest())
    for turn in range(1 + LINES):
        yield from ((turn, file) for file in files)


def measured(folder: Path, cache: Path) -> dict[str, Any]:
    """Audit `folder` by the command on two cores; return the times, the largest sum of its processes' memory, the summary."""
    arguments = ["audit", ".", "--json", "--jobs", str(CORES), "--cache-dir", str(cache)]
    command = [sys.executable, "-c", _TIMED, *arguments]
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as told:
        began = stopwatch()
        with subprocess.Popen(command, cwd=folder, stdout=out, stderr=told, text=True) as process:
            peak = 0
            while process.poll() is None:
                peak = max(peak, sum(map(_memory, [process.pid, *_family(process.pid)])))
                pause(LOOK_EVERY)
        wall_s = stopwatch() - began
        out.seek(0)
        told.seek(0)
        summary, spent = json.load(out)["summary"], json.load(told)
    alone_s = spent["own_s"] + spent["processes_s"] / CORES
    return {
        "wall_s": round(wall_s, 2),
        "own_cpu_s": round(spent["own_s"], 2),
        "processes_cpu_s": round(spent["processes_s"], 2),
        "lines_per_s": round(summary["lines"] / wall_s),
        "lines_per_s_on_two_cores": round(summary["lines"] / min(wall_s, alone_s)),
        "peak_mb": round(peak / 1e6),
        "exit": spent["exit"],
        "summary": summary,
    }


def _family(pid: int) -> Iterator[int]:
    """Yield the processes that a process started, and theirs."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return
    for child in map(int, children):
        yield child
        yield from _family(child)


def _memory(pid: int) -> int:
    """Return a process's own share of memory in bytes: what is shared with others is divided between them."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


def main() -> None:
    """Print what was measured."""
    ok, found = audit_speed(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
    print(json.dumps(found, indent=1))
    sys.exit(0 if ok else 1)


if __name__ == "__main__":
    main()
