"""Processes of the project's own command, forked from one that has imported it: what a user starts, without a second of imports.

This is who asks; what forks is `tests.forking`, and nothing of the command is imported here.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

FORKS_IN = "FORKS_OF_THE_TESTS"  # names, in a worker's environment, the folder of what forks for all
MOST = 2**17  # bytes of one message


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
                [sys.executable, "-m", "tests.forking", str(listening.fileno())],
                pass_fds=(listening.fileno(),),
                cwd=Path(__file__).parents[1],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )

    def run(
        self, called: Sequence[str], environment: Mapping[str, str], cwd: Path, timeout_s: float
    ) -> subprocess.CompletedProcess[str]:
        """Run `tipoff`, `tipoff_audit` or the main of a module to its end; what it says comes back as from `subprocess.run`."""
        with tempfile.TemporaryFile("w+b") as out, tempfile.TemporaryFile("w+b") as err:
            process = self.start(called, environment, cwd, out.fileno(), err.fileno())
            try:
                code = process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
                raise
            said = [_read(stream.fileno()) for stream in (out, err)]
        return subprocess.CompletedProcess(list(called), code, *said)

    def start(
        self, called: Sequence[str], environment: Mapping[str, str], cwd: Path, out: int, err: int
    ) -> "ForkedProcess":
        """Start the same, and return while it runs; what it says goes to these descriptors."""
        self.begin()
        asked = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        asked.connect(self._address)
        told = json.dumps({"called": called, "environment": dict(environment), "cwd": str(cwd)})
        socket.send_fds(asked, [told.encode()], [out, err])
        return ForkedProcess(called, asked)

    def close(self) -> None:
        """Start no more."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


class ForkedProcess:
    """A process that was forked, as `subprocess.Popen` is one that was started."""

    def __init__(self, called: Sequence[str], asked: socket.socket) -> None:
        self._called, self._asked = list(called), asked
        self.pid = int(asked.recv(MOST))
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the code with which it has ended, or None."""
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        """Wait so many seconds for its end, and return its code."""
        if self.returncode is None:
            self._asked.settimeout(timeout)
            try:
                self.returncode = int(self._asked.recv(MOST))
            except (TimeoutError, BlockingIOError) as error:
                raise subprocess.TimeoutExpired(self._called, timeout or 0) from error
            self._asked.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)


def _read(descriptor: int) -> str:
    """Return all that was written to a file, with the ends of lines that `subprocess.run` gives."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    with open(descriptor, encoding="utf-8", closefd=False) as file:
        return file.read()
