"""`tipoff report`, `models`, `explain`: how good predictions were, what makes them, what one rests on."""

from dataclasses import asdict
from datetime import date
from pathlib import Path

import click

from tipoff.cli.show import DAY, as_json, open_ledger, print_json
from tipoff.config import read_settings
from tipoff.ledger.facts import league_facts


@click.command("report")
@click.argument("league")
@click.argument("season")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the page here; it needs no other file."
)
@as_json
def report_command(league: str, season: str, *, out: Path | None, as_json: bool) -> None:
    """Say how good a season's predictions were: by system, market, week and group, against the line, and signs of a leak."""
    from tipoff.app.season_report import sections_of  # noqa: PLC0415 -- imports every store
    from tipoff.leagues.catalog import content_named  # noqa: PLC0415 -- as above
    from tipoff.predict.page import render, render_text  # noqa: PLC0415 -- as above

    sections, ledger = sections_of(read_settings(), content_named(league), season), open_ledger()
    off = league_facts(ledger, league).off
    ledger.close()
    if out is not None:
        about = "Each prediction as it stood before its game, against what happened; nothing was made after the start."
        out.write_text(render(f"{league} {season}", ". ".join((about.removesuffix("."), *off)) + ".", sections))
    if as_json:
        found = [asdict(section) | {"shape": section.shape.value} for section in sections]
        print_json({"sections": found, "off": off}, ok=True)
    else:
        for line in (*off, *render_text(sections)) if out is None else [f"wrote {out}"]:
            click.echo(line)


@click.command("models")
@click.argument("league")
@click.argument("season")
@as_json
def models_command(league: str, season: str, *, as_json: bool) -> None:
    """List a season's models, the newest first, and the build's: what each was trained on, which serves, why one does not."""
    from tipoff.app.season_report import models_of  # noqa: PLC0415 -- imports every store
    from tipoff.leagues.catalog import content_named  # noqa: PLC0415 -- as above

    found = models_of(read_settings(), content_named(league), season)
    if as_json:
        print_json({"models": found}, ok=True)
        return
    for row in found:
        click.echo(f"{row.pop('table')} of {row.pop('day')}: {row.pop('state')}")
        click.echo("  " + "; ".join(f"{name} {value}" for name, value in row.items() if value not in {None, ""}))
    if not found:
        click.echo("no model has been trained yet")


@click.command("explain")
@click.argument("league")
@click.argument("whom", metavar="WHOM")
@click.argument("day", type=DAY)
@as_json
def explain_command(league: str, whom: str, day: date, *, as_json: bool) -> None:
    """Say what the prediction of one man rests on, part by part. WHOM is an id or a part of a name."""
    from tipoff.app.season_report import explained  # noqa: PLC0415 -- imports every store
    from tipoff.leagues.catalog import content_named  # noqa: PLC0415 -- as above

    lines = explained(read_settings(), content_named(league), whom, day)
    if as_json:
        print_json({"lines": lines}, ok=True)
        return
    for line in lines:
        click.echo(line)
