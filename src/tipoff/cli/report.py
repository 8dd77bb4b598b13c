"""`tipoff report`, `models`, `explain`: how good predictions were, what makes them, what one rests on."""

from datetime import date
from pathlib import Path

import click

from tipoff.cli.show import DAY, answer, as_json, league_here, open_ledger
from tipoff.config import read_settings
from tipoff.core.errors import PipelineError
from tipoff.core.report import Section, Shape
from tipoff.ledger.facts import league_facts

_HEAD = ("table", "day", "state")  # of a model: what its first line says


@click.command("report")
@click.argument("league")
@click.argument("season")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the page here; it needs no other file."
)
@as_json
def report_command(league: str, season: str, *, out: Path | None, as_json: bool) -> None:
    """Say how good a season's predictions were. By system, market, week and group, against the line; signs of a leak."""
    from tipoff.app.requests import answered  # noqa: PLC0415 -- imports every store
    from tipoff.views.report_page import render, render_text  # noqa: PLC0415 -- as above

    found = answered(read_settings(), league_here(league), "report", season=season)["sections"]
    sections = [Section(**section | {"shape": Shape(section["shape"])}) for section in found]
    with open_ledger() as ledger:
        off = league_facts(ledger, league).off
    if out is not None:
        about = "Each prediction as it stood before its game, against what happened; nothing was made after the start."
        page = render(f"{league} {season}", ". ".join((about.removesuffix("."), *off)) + ".", sections)
        try:
            out.write_text(page, "utf-8")
        except OSError as error:
            msg = f"{out} could not be written: {error.strerror}"
            raise PipelineError(
                msg, hint="is its folder there, may this user write into it, and is there room?"
            ) from error
    lines = (*off, *render_text(sections)) if out is None else [f"wrote {out}"]
    answer({"sections": found, "off": off}, lines, ok=True, as_json=as_json)


@click.command("models")
@click.argument("league")
@click.argument("season")
@as_json
def models_command(league: str, season: str, *, as_json: bool) -> None:
    """List a season's models and the build's, newest first. What each was trained on, which serves, why one does not."""
    from tipoff.app.requests import answered  # noqa: PLC0415 -- imports every store

    found = answered(read_settings(), league_here(league), "models", season=season)["models"]
    lines = []
    for row in found:
        said = [f"{name} {value}" for name, value in row.items() if name not in _HEAD and value not in {None, ""}]
        lines += [f"{row['table']} of {row['day']}: {row['state']}", f"  {'; '.join(said)}"]
    answer({"models": found}, lines or ["no model has been trained yet"], ok=True, as_json=as_json)


@click.command("explain")
@click.argument("league")
@click.argument("whom", metavar="WHOM")
@click.argument("day", type=DAY)
@as_json
def explain_command(league: str, whom: str, day: date, *, as_json: bool) -> None:
    """Say what one prediction rests on, part by part. WHOM is an id or a part of a name."""
    from tipoff.app.requests import answered  # noqa: PLC0415 -- imports every store

    lines = answered(read_settings(), league_here(league), "explain", whom=whom, day=day.isoformat())["lines"]
    answer({"lines": lines}, lines, ok=True, as_json=as_json)
