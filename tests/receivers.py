"""Who receives messages in tests: an HTTP server and a mail server on this machine, that can also refuse or hang."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass(slots=True)
class Received:
    """What an HTTP server was asked; `status` is what it answers, and while `hold` is not set it answers nothing.

    `says`: the body of its answers; `to`: where its answers send whoever asks; `drips`: seconds between its answer's bytes.
    """

    port: int
    status: int = 200
    hold: threading.Event = field(default_factory=threading.Event)
    paths: list[str] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    says: bytes = b""
    to: str = ""
    drips: float = 0.0
    stop: threading.Event = field(default_factory=threading.Event)


@contextmanager
def http_receiver() -> Iterator[Received]:  # noqa: C901 -- a server's ways to answer
    """Run an HTTP server that keeps what it is asked."""

    class Handler(BaseHTTPRequestHandler):
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            received.paths.append(self.path)
            received.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self._answer()

        def do_GET(self) -> None:
            received.paths.append(self.path)
            self._answer()

        def _answer(self) -> None:
            received.hold.wait(60)
            try:
                if received.drips:
                    self._drip()
                self.send_response(received.status)
                if received.to:
                    self.send_header("Location", received.to)
                self.end_headers()
                self.wfile.write(received.says)
            except (BrokenPipeError, ConnectionResetError):
                return  # whoever asked has not waited

        def _drip(self) -> None:
            for byte in b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 500:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                if received.stop.wait(received.drips):
                    return

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    received = Received(port=server.server_port)
    received.hold.set()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield received
    finally:
        received.hold.set()
        received.stop.set()
        server.shutdown()
        server.server_close()


@dataclass(slots=True)
class Mailbox:
    """What a mail server took."""

    port: int
    mails: list[EmailMessage] = field(default_factory=list)


@contextmanager
def mail_receiver() -> Iterator[Mailbox]:
    """Run a mail server that keeps what it takes."""
    mails: list[EmailMessage] = []

    class Handler:
        async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 -- aiosmtpd's name
            content = envelope.original_content or b""
            mails.append(message_from_bytes(content, policy=policy.default))
            return "250 taken"

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    controller = Controller(Handler(), hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield Mailbox(port=port, mails=mails)
    finally:
        controller.stop()
