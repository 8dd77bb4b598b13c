"""What a home's stores have lost, at a glance: their files against what the ledger holds to be proven. No store is opened."""

from collections.abc import Iterator
from pathlib import Path
from stat import S_ISREG

from sqlalchemy import select

from tipoff.core.home import Home
from tipoff.core.wording import some
from tipoff.ledger import schema
from tipoff.ledger.ledger import Ledger

PUBLISHED = "published_"  # with which the name of every output begins that is published as files
MADE_ANEW = "start tipoff up or the same replay again: it is made anew; what stands in its place is moved away first"
_LET_GO = '"let_go": true'  # in a document whose rows were let go, as the settings of version 0.2.0 asked
_SHOWN = 3


def lost_files(ledger: Ledger, home: Home, league: str) -> list[str]:
    """Return a sentence for each store of which files are gone, empty or no files whose rows the ledger holds to be proven."""
    return [said for said in (lost_warehouse(ledger, home, league), _lost_documents(ledger, home, league)) if said]


def lost_warehouse(ledger: Ledger, home: Home, league: str) -> str:
    """Return what is wrong with the warehouse's file; nothing for a warehouse that is no file of this machine."""
    wrong = "" if is_elsewhere(home) else what_is_wrong(home.warehouse)
    if not wrong or ledger.facts().get("warehouse", "duckdb") != "duckdb":
        return ""
    proofs = schema.proofs.c
    rows = (proofs.league == league, proofs.n_rows > 0, ~proofs.output.startswith(PUBLISHED, autoescape=True))
    is_proven = ledger.rows(select(proofs.output).where(*rows).limit(1))
    return f"the warehouse {home.warehouse} {wrong}, and rows of {league} are proven to be in it" if is_proven else ""


def _lost_documents(ledger: Ledger, home: Home, league: str) -> str:
    if is_elsewhere(home):
        return ""
    proofs = schema.proofs.c
    rows = (proofs.league == league, proofs.n_rows > 0, proofs.output.startswith(PUBLISHED, autoescape=True))
    proven = ledger.rows(select(proofs.output, proofs.day).where(*rows).order_by(proofs.day.desc(), proofs.output))
    lost = [said for one in proven for said in lost_of_document(home.published / league / one["output"], one["day"])]
    return f"published files of {league} are lost: {some(lost, _SHOWN)}" if lost else ""


def lost_of_document(folder: Path, day: object) -> Iterator[str]:
    """Yield what is wrong with the two files of a published document; one whose rows version 0.2.0 let go has no Parquet."""
    document, beside = folder / f"{day}.json", folder / f"{day}.parquet"
    if wrong := what_is_wrong(document):
        yield f"{folder.name}/{document.name} {wrong}"
    if (lacks := what_is_wrong(beside)) and not _is_let_go(document):
        yield f"{folder.name}/{beside.name} {lacks}"


def _is_let_go(document: Path) -> bool:
    try:
        return _LET_GO in document.read_text("utf-8", errors="replace")
    except OSError:
        return False


def what_is_wrong(path: Path) -> str:
    """Return why a file cannot be what was written: it is gone, empty or no file; nothing where it may be."""
    try:
        found = path.stat()
    except OSError:
        return "is gone"
    return "" if S_ISREG(found.st_mode) and found.st_size else "is empty" if S_ISREG(found.st_mode) else "is no file"


def is_elsewhere(home: Home) -> bool:
    """Whether the stores lie on another machine, whose ledger is a database that is read here."""
    return bool(home.database) and not home.archive.exists()
