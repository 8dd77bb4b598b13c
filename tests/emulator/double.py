"""Starting the emulator from the tests, and giving its layer orders."""

import json
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from tipoff.core.clock import pause
from tipoff.store.bigquery.target import Target

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-emulator" / "bin" / "python"
PROJECT = "test-project"
_PATIENCE = 600  # tenths of a second in which it must answer


@dataclass(frozen=True, slots=True)
class Double:
    """A running emulator with the layer around it."""

    url: str

    def place(self, prefix: str | None = None) -> Target:
        """Return a place of its own in the emulator's project."""
        return Target(project=PROJECT, prefix=f"t{uuid4().hex[:8]}_" if prefix is None else prefix, endpoint=self.url)

    def order(self, **order: Any) -> dict[str, Any]:
        """Give an order; returns what the layer has seen."""
        request = urllib.request.Request(f"{self.url}/double", data=json.dumps(order).encode(), method="POST")  # noqa: S310 -- loopback
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 -- loopback
            found: dict[str, Any] = json.loads(answer.read())
        return found

    def fault(self, kind: str, *, match: str = ".", count: int = 1, skip: int = 0) -> None:
        """Let something go wrong."""
        self.order(fault={"kind": kind, "match": match, "count": count, "skip": skip})

    @contextmanager
    def client(self) -> Iterator[bigquery.Client]:
        """Return Google's client for the emulator."""
        options = ClientOptions(api_endpoint=self.url)
        made = bigquery.Client(project=PROJECT, credentials=AnonymousCredentials(), client_options=options)
        try:
            yield made
        finally:
            made.close()

    def stream(self, table: str, *rows: dict[str, Any]) -> None:
        """Stream rows into `dataset.table`, as a program does that knows no better."""
        with self.client() as client:
            refused = client.insert_rows_json(f"{PROJECT}.{table}", rows, retry=None)
        if refused:
            raise ValueError(refused)

    def at(self, now: datetime | None) -> None:
        """Set the layer's clock; None gives it back to the machine."""
        self.order(at=None if now is None else now.timestamp())

    def forget(self) -> None:
        """Forget all faults, limits, streamed rows and what was seen."""
        self.order(forget=True, at=None, window_s=1800.0)

    def seen(self) -> dict[str, int]:
        """Return what the layer has counted."""
        found: dict[str, int] = self.order()["seen"]
        return found


@contextmanager
def running(folder: Path) -> Iterator[Double]:
    """Start the emulator on a free port, wait until it answers, and end it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(PYTHON), "-m", "tests.emulator.serve", "--port", str(port)]
    with (folder / "emulator.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)
    try:
        double = Double(f"http://127.0.0.1:{port}")
        _wait(double, process, folder / "emulator.log")
        yield double
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:  # what it holds is in memory, and nobody's any more
            process.kill()
            process.wait(20)


def _wait(double: Double, process: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(_PATIENCE):
        try:
            double.order()
        except (urllib.error.URLError, OSError):
            if process.poll() is not None:
                sys.exit(f"the emulator ended with {process.returncode}: {log.read_text()[-2000:]}")
            pause(timedelta(milliseconds=100))
        else:
            return
    sys.exit("the emulator did not answer")
