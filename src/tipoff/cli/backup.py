"""`tipoff backup` and `tipoff restore`: a copy of a home, and a home from a copy."""

from pathlib import Path

import click

from tipoff.config import read_settings


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
