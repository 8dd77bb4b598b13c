"""`tipoff sentinel` and `tipoff notify`: what runs beside everything else, and imports nothing of it."""

import signal
import sys
from contextlib import suppress
from pathlib import Path

import click

from tipoff.app.sentinel import channels_of, look_once, run_sentinel
from tipoff.config import read_settings
from tipoff.core.clock import RealClock, RunningClock, Stop
from tipoff.core.errors import UsageError
from tipoff.core.severity import Severity
from tipoff.watch.notices import Message, NotSent
from tipoff.watch.send import send

EXIT_WRONG = 1


def _clock(_context: click.Context, _option: click.Parameter, file: Path | None) -> RunningClock:
    if file is None:
        return RealClock()
    from tipoff.drills.set_clock import SetClock  # noqa: PLC0415 -- only where days are tried out

    return SetClock(file)


CLOCK = click.option(
    "--clock",
    type=click.Path(path_type=Path, dir_okay=False),
    callback=_clock,
    hidden=True,
    help="A clock that is set.",
)


def stopper() -> Stop:
    """Return what SIGTERM, SIGINT and SIGHUP set, so that a side ends its look; what `nohup` has begun ignores the last."""
    stop = Stop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda *_told: stop.set())
    return stop


def show(line: str, *, err: bool = False) -> None:
    """Show a line of a side at work. That nobody takes it (the log's disk is full, its reader gone) ends no work."""
    with suppress(OSError):
        click.echo(line, err=err)


def say(line: str) -> None:
    """Say what a process could not do, with the time, where its errors go."""
    show(f"{RealClock().now():%Y-%m-%d %H:%M:%S} UTC  {line}", err=True)


@click.command("sentinel")
@click.argument("leagues", nargs=-1, required=True)
@CLOCK
@click.option("--once", is_flag=True, help="Look once and say what is wrong, for a timer; exits with 1 on an error.")
def sentinel_command(leagues: tuple[str, ...], *, once: bool, clock: RunningClock) -> None:
    """Run the sentinel until it is stopped. It reads the ledger from outside, and tells when nothing happens."""
    settings = read_settings()
    if once:
        found = look_once(settings, leagues, said=say)
        for trouble in found:
            click.echo(f"{trouble.severity.name:<9}{trouble.league}: {trouble.note}")
        if not found:
            click.echo(f"{', '.join(leagues)}: nothing is wrong")
        sys.exit(EXIT_WRONG if any(trouble.severity >= Severity.ERROR for trouble in found) else 0)
    show(f"{', '.join(leagues)}: looking from outside every {settings.look_every_s:g} s")
    run_sentinel(settings, leagues, clock, stopper(), said=say)


@click.group("notify")
def notify_group() -> None:
    """Messages to people."""


@notify_group.command("test")
@click.option("--channel", default="", help="Only this one.")
def notify_test_command(channel: str) -> None:
    """Send a message to every channel, and say what became of it."""
    channels = [one for one in channels_of(read_settings()) if channel in {"", one.name}]
    if not channels:
        msg = f"there is no channel named {channel!r}" if channel else "there are no channels"
        raise UsageError(msg, hint="set TIPOFF_NOTIFY_URL, or write [channels.NAME] into tipoff.toml")
    n_failed = 0
    for one in channels:
        lines = ("If you read this, messages arrive here.", "Nothing is wrong.")
        message = Message(kind="test", league="all", severity=Severity.INFO, title="tipoff: a test", lines=lines)
        try:
            send(one, message)
        except NotSent as error:
            n_failed += 1
            click.echo(f"{one.name}: NOT sent: {error} ({error.hint})")
        else:
            click.echo(f"{one.name}: sent")
    sys.exit(EXIT_WRONG if n_failed else 0)
