"""`tipoff new`: what a person begins with."""

from pathlib import Path

import click


@click.group("new")
def new_group() -> None:
    """Write the skeleton of something new into this checkout."""


@new_group.command("league")
@click.argument("name")
@click.option(
    "--root", type=click.Path(path_type=Path, exists=True, file_okay=False), default=Path(), help="The checkout."
)
def new_league_command(name: str, root: Path) -> None:
    """Write a league's folder, and a test that passes. A catalog, one source, one table, a sample world."""
    from tipoff.app.new_league import make_league  # noqa: PLC0415 -- read when it is asked for

    for path in make_league(root, name):
        click.echo(path.relative_to(root))
    click.echo(
        f"next: {name.upper()}_CONTENT into CONTENTS of src/tipoff/leagues/catalog.py, then docs/how-to/add-a-league.md"
    )
