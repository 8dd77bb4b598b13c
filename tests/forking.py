"""What forks the project's own command, for `tests.forks`.

`python -m tests.forking FD` listens at a socket. Each connection brings arguments, an environment and where both streams go; it
is told the process's number, and how the process has ended.
"""

import atexit
import gc
import importlib
import json
import os
import pkgutil
import signal
import socket
import sys
import threading
import traceback

from tests.forks import MOST

import tipoff
from tipoff.cli.main import main as tipoff_main
from tipoff.leagues.mlb.league import MLB
from tipoff.leagues.nba.league import NBA
from tipoff.store import dialect
from tipoff.store.duck import DuckWarehouse
from tipoff_audit.cli import main as audit_main

_PROGRAMS = {"tipoff": tipoff_main, "tipoff_audit": audit_main}
_ALONE = ("tipoff.__main__", "tipoff.ledger.migrations", "tipoff.store.bigquery", "tipoff.history.bigquery")


def main(listens: int) -> None:
    """Import the command, and fork for each connection; what comes back from here is the command's own process."""
    for module in pkgutil.walk_packages(tipoff.__path__, "tipoff."):
        if not module.name.startswith(_ALONE):
            importlib.import_module(module.name)
    _translate()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)  # the commands live for seconds
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
    message, (out, err), *_ = socket.recv_fds(asked, MOST, 2)
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
