"""`tipoff cost`: what a day would read on BigQuery, before it is read."""

from datetime import date

import click

from tipoff.cli.show import DAY, answer, as_json
from tipoff.config import read_settings
from tipoff.core.clock import RealClock
from tipoff.leagues.catalog import league_named


@click.command("cost")
@click.argument("league")
@click.argument("day", type=DAY)
@as_json
def cost_command(league: str, day: date, *, as_json: bool) -> None:
    """Estimate what each step would read of a day on BigQuery. By dry runs, beside what it may bill.

    Exits with 1 where a statement would be refused.
    """
    from tipoff.app import cost  # noqa: PLC0415 -- imports every store

    settings = read_settings()
    found = cost.costs(settings, league_named(league), day, RealClock().now())
    ok = all(one.ok for one in found)
    lines = cost.cost_lines(found, is_emulated=bool(settings.bigquery_endpoint))
    answer({"steps": found}, lines, ok=ok, as_json=as_json)
