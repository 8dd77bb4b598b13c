"""`tipoff audit`: the auditor, a distribution of its own, with what a ledger knows of the code."""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from tipoff.core.errors import UsageError


@click.command(
    "audit", add_help_option=False, context_settings={"ignore_unknown_options": True, "allow_interspersed_args": True}
)
@click.option("--ledger", "home", type=click.Path(path_type=Path), metavar="HOME", help="Rank by the runs of a home.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def audit_command(home: Path | None, arguments: tuple[str, ...]) -> None:
    """Find in any code base what fails in silence. This is `tipoff-audit`; --ledger HOME ranks by a home's runs."""
    auditor = _installed("tipoff_audit.cli")
    known = None if home is None else _evidence(home)
    try:
        auditor.audit_command.main(list(arguments), prog_name="tipoff audit", standalone_mode=False, obj=known)
    except _installed("tipoff_audit.errors").UsageError as error:
        raise UsageError(str(error), hint=error.hint) from error


def _installed(name: str) -> Any:  # noqa: ANN401 -- a module that need not be there
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        msg = f"the auditor is not installed: {error}"
        raise UsageError(msg, hint="pip install tipoff-audit") from error


def _evidence(home: Path) -> Mapping[str, Any]:
    from tipoff.core.home import Home  # noqa: PLC0415
    from tipoff.leagues.catalog import LEAGUES  # noqa: PLC0415 -- the leagues and the ledger, only when they are asked for
    from tipoff.ledger import Ledger  # noqa: PLC0415
    from tipoff.views.audit_evidence import audit_evidence  # noqa: PLC0415

    if not Home(home).has_ledger:
        msg = f"there is no ledger in {home}"
        raise UsageError(msg, hint="name a home: a folder in which something was replayed or is run")
    with Ledger(Home(home).ledger, read_only=True) as ledger:
        return audit_evidence(ledger, tuple(LEAGUES.values()))
