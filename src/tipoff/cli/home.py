"""A home as a whole: what runs here (`tipoff web`, `doctor`), copies of it (`backup`, `restore`), what a day costs (`cost`)."""

from datetime import date
from pathlib import Path

import click

from tipoff.cli.sentinel import show, stopper
from tipoff.cli.show import DAY, answer, as_json
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
        told=lambda url: show(f"{url}/ is the page; for machines {url}/health and {url}/ready"),
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


@click.command("cost")
@click.argument("league")
@click.argument("day", type=DAY)
@as_json
def cost_command(league: str, day: date, *, as_json: bool) -> None:
    """Estimate what each step would read of a day on BigQuery. By dry runs, beside what it may bill.

    Exits with 1 where a statement would be refused.
    """
    from tipoff.app import cost  # noqa: PLC0415 -- imports every store
    from tipoff.leagues.catalog import league_named  # noqa: PLC0415 -- as above

    settings = read_settings()
    found = cost.costs(settings, league_named(league), day, RealClock().now())
    ok = all(one.ok for one in found)
    lines = cost.cost_lines(found, is_emulated=bool(settings.bigquery_endpoint))
    answer({"steps": found}, lines, ok=ok, as_json=as_json)


@click.command("backup")
@click.argument("to", type=click.Path(path_type=Path))
def backup_command(to: Path) -> None:
    """Copy the home into a new folder. It may be worked in meanwhile."""
    from tipoff.app.requests import back_up  # noqa: PLC0415 -- imports every store

    click.echo(back_up(read_settings(), to))


@click.command("restore")
@click.argument("copy", type=click.Path(path_type=Path))
def restore_command(copy: Path) -> None:
    """Make a new home of a copy that `tipoff backup` made."""
    from tipoff.app.backup import restore  # noqa: PLC0415 -- as above

    settings = read_settings()
    click.echo(f"{settings.home} is {restore(settings, copy)}")
