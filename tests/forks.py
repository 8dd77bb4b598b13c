"""Processes of the project's own command, forked from one that has imported it: what a user starts, without a second of imports.

`python -m tests.forks FD` listens at a socket. Each connection brings arguments, an environment and where both streams go; it is
told the process's number, and how the process has ended.
"""

import atexit
import gc
import importlib
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path

import tipoff
from tipoff.cli.main import main as tipoff_main
from tipoff.leagues.mlb.league import MLB
from tipoff.leagues.nba.league import NBA
from tipoff.store import dialect
from tipoff.store.duck import DuckWarehouse
from tipoff_audit.cli import main as audit_main

_PROGRAMS = {"tipoff": tipoff_main, "tipoff_audit": audit_main}
_ALONE = ("tipoff.__main__", "tipoff.ledger.migrations", "tipoff.store.bigquery", "tipoff.history.bigquery")
_MOST = 2**17  # bytes of one message


class Forks:
    """Starts the command in processes of its own, as often as it is asked."""

    def __init__(self, folder: Path) -> None:
        self._address = str(folder / "forks")
        self._process: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        """Start what forks, unless a socket is there: whoever started it lets all workers ask."""
        if Path(self._address).exists():
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening:
            listening.bind(self._address)
            listening.listen()
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.forks", str(listening.fileno())],
                pass_fds=(listening.fileno(),),
                cwd=Path(__file__).parents[1],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )

    def run(
        self, called: Sequence[str], environment: Mapping[str, str], cwd: Path, timeout_s: float
    ) -> subprocess.CompletedProcess[str]:
        """Run `tipoff`, `tipoff_audit` or the main of a module to its end; what it says comes back as from `subprocess.run`."""
        self.begin()
        with (
            socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as asked,
            tempfile.TemporaryFile("w+b") as out,
            tempfile.TemporaryFile("w+b") as err,
        ):
            asked.settimeout(timeout_s)
            asked.connect(self._address)
            told = json.dumps({"called": called, "environment": dict(environment), "cwd": str(cwd)})
            socket.send_fds(asked, [told.encode()], [out.fileno(), err.fileno()])
            number = int(asked.recv(_MOST))
            try:
                code = int(asked.recv(_MOST))
            except TimeoutError as error:
                os.kill(number, signal.SIGKILL)
                raise subprocess.TimeoutExpired(list(called), timeout_s) from error
            said = [_read(stream.fileno()) for stream in (out, err)]
        return subprocess.CompletedProcess(list(called), code, *said)

    def close(self) -> None:
        """Start no more."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


def _read(descriptor: int) -> str:
    """Return all that was written to a file, with the ends of lines that `subprocess.run` gives."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    with open(descriptor, encoding="utf-8", closefd=False) as file:
        return file.read()


# --- in the process that forks


def main(listens: int) -> None:
    """Import the command, and fork for each connection; what comes back from here is the command's own process."""
    for module in pkgutil.walk_packages(tipoff.__path__, "tipoff."):
        if not module.name.startswith(_ALONE):
            importlib.import_module(module.name)
    _translate()
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # whoever has answered a connection is waited for by nobody
    tests = os.getppid()
    with socket.socket(fileno=listens) as listening:
        listening.settimeout(5)
        while os.getppid() == tests:
            try:
                asked, _ = listening.accept()
            except TimeoutError:
                continue
            if not os.fork():
                listening.close()
                _answer(asked)
                return
            asked.close()
    os._exit(0)


def _translate() -> None:
    """Translate the leagues' SQL: whoever is forked opens its stores with it."""
    for league in (NBA, MLB):
        warehouse = DuckWarehouse(None)
        warehouse.prepare(league.steps)
        warehouse.close()
        tables = {step.name: step.table for step in league.steps}
        for check in league.checks:
            if check.sql:
                dialect.question(check.sql, "check", tables)
        for sql in league.summary_sql.values():
            dialect.season_query(sql, tables.values())


def _answer(asked: socket.socket) -> None:
    """Fork once more, tell how that process ends, and end; return in that process."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    message, (out, err), *_ = socket.recv_fds(asked, _MOST, 2)
    told = json.loads(message)
    number = os.fork()
    if number:
        asked.send(str(number).encode())
        _, status = os.waitpid(number, 0)
        asked.send(str(os.waitstatus_to_exitcode(status)).encode())
        os._exit(0)
    asked.close()
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.close(out)
    os.close(err)
    os.chdir(told["cwd"])
    os.environ.clear()
    os.environ.update(told["environment"])
    sys.argv[:] = told["called"]


def _run() -> int:
    """Run the command that was called, and return the code with which its process ends."""
    try:
        program = _PROGRAMS.get(sys.argv[0]) or importlib.import_module(sys.argv[0]).main
        program()
    except SystemExit as ended:
        if isinstance(ended.code, str):
            print(ended.code, file=sys.stderr)  # noqa: T201 -- as the interpreter does
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # noqa: BLE001 -- as the interpreter itself does at the end of a process
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    main(int(sys.argv[1]))
    code = _run()
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
    atexit._run_exitfuncs()  # noqa: SLF001 -- what the interpreter does, without taking apart all that was imported
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
