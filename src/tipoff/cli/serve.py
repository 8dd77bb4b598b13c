"""`tipoff web` and `tipoff doctor`: what runs here, for machines and for people."""

import click

from tipoff.cli.sentinel import stopper
from tipoff.cli.show import answer, as_json
from tipoff.config import read_settings
from tipoff.core.clock import RealClock
from tipoff.core.errors import UsageError


@click.command("web")
def web_command() -> None:
    """Serve the page, /health and /ready until it is stopped. On loopback; beyond it only with a token."""
    try:
        from tipoff.app.web import run_web  # noqa: PLC0415 -- an extra of its own
    except ImportError as error:
        msg = f"the web cannot be served: {error}"
        raise UsageError(msg, hint="install the extra: pip install 'tipoff[web]'") from error
    run_web(
        read_settings(),
        RealClock().now,
        stopper(),
        told=lambda url: click.echo(f"{url}/ is the page; for machines {url}/health and {url}/ready"),
    )


@click.command("doctor")
@as_json
def doctor_command(*, as_json: bool) -> None:
    """Say whether this machine, build and home are in order. What runs is held against what is declared."""
    from tipoff.app import doctor  # noqa: PLC0415 -- imports every store

    found = doctor.look(read_settings(), RealClock().now())
    lines = [
        f"{'ok   ' if one.ok else 'WRONG'} {one.what}: {one.said}" + (f" ({one.do})" if one.do else "") for one in found
    ]
    ok = all(one.ok for one in found)
    answer({"looked_at": found}, lines, ok=ok, as_json=as_json)
