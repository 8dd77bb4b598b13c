"""The ledger's tables, as SQLAlchemy Core declares them; `migrations/` makes them."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Boolean, Column, Date, Float, Index, Integer, MetaData, String, Table, Text, TypeDecorator
from sqlalchemy.engine import Dialect

metadata = MetaData()


class Instant(TypeDecorator[datetime]):
    """An aware UTC instant, stored as ISO text: sorts, compares and reads the same on SQLite and PostgreSQL."""

    impl = String(32)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:  # noqa: ARG002 -- signature
        """Write the instant with microseconds; naive instants are refused."""
        if value is None:
            return None
        if value.tzinfo is None:
            msg = f"a naive instant cannot be stored: {value!r}"
            raise ValueError(msg)
        in_utc = value if value.tzinfo is UTC else value.astimezone(UTC)
        return in_utc.isoformat(timespec="microseconds")

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 -- signature
        """Read the instant back, aware."""
        return None if value is None else datetime.fromisoformat(value)


def table(name: str, *parts: Column[Any] | Index, sqlite_autoincrement: bool = False) -> Table:
    """Declare a table of the ledger."""
    return Table(name, metadata, *parts, sqlite_autoincrement=sqlite_autoincrement)


def slate(*, is_key: bool = False) -> list[Column[Any]]:
    """Return the columns that name one slate of one output."""
    columns = (("league", Text), ("output", Text), ("day", Date))
    return [Column(name, kind, primary_key=is_key, nullable=False) for name, kind in columns]


def number_key() -> Column[int]:
    """Return a key that counts up."""
    return Column("id", Integer, primary_key=True)


facts = table(  # of the home itself (league "") and of each league in it: its world, its clock's last instant
    "facts",
    Column("league", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

numbers = table(  # the last number given of each kind: a run's is also its fence, and must never come again
    "numbers",
    Column("name", Text, primary_key=True),
    Column("last", Integer, nullable=False),
)

seasons = table(  # each league's seasons, as its schedule last told them
    "seasons",
    Column("league", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    Column("known_at", Instant, nullable=False),
    Column("evidence", Text, nullable=False),
)

ticks = table(
    "ticks",
    number_key(),
    Column("league", Text, nullable=False, server_default=""),
    Column("at", Instant, nullable=False),
    Column("build", Text, nullable=False),
    Column("settings_hash", Text, nullable=False),
    Column("n_judged", Integer, nullable=False),
    Column("n_run", Integer, nullable=False),
    Column("n_held", Integer, nullable=False),
    Column("n_late", Integer, nullable=False),
    Column("n_quiet", Integer, nullable=False),  # quiet ticks since the row before, folded into this one
    Index("ticks_league", "league", "at"),
)

decisions = table(
    "decisions",
    number_key(),
    Column("at", Instant, nullable=False),  # its tick's too
    *slate(),
    Column("verb", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("until", Instant),
    Column("run_id", Integer),
    Index("decisions_slate", "league", "output", "day"),
    Index("decisions_at", "at"),
)

runs = table(
    "runs",
    number_key(),  # also the fence number
    *slate(),
    Column("units", Text, nullable=False),  # JSON list
    Column("state", Text, nullable=False),  # started, finished, failed, expired
    Column("as_of", Instant, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("lease_until", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("attempt", Integer, nullable=False),
    Column("n_rows", Integer),
    Column("n_changed", Integer),
    Column("cpu_ms", Float),
    Column("error_kind", Text),
    Column("error", Text),
    Column("hint", Text),
    Column("worker", Text, nullable=False),
    Index("runs_slate", "league", "output", "day"),
    Index("runs_state", "state"),
)

proofs = table(
    "proofs",
    *slate(is_key=True),
    Column("fence", Integer, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("step_version", Text, nullable=False),
    Column("n_rows", Integer, nullable=False),
    Column("digest", Text, nullable=False),
    Column("units", Text, nullable=False),  # JSON, see core.proof
    Column("inputs", Text, nullable=False),
)

obligations = table(
    "obligations",
    *slate(is_key=True),
    Column("season", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("since", Instant, nullable=False),
    Column("opens_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("not_before", Instant),
    Column("failures", Integer, nullable=False),
    Column("polls", Integer, nullable=False),
    Column("n_units", Integer, nullable=False),
    Column("n_proven", Integer, nullable=False),
    Column("n_excused", Integer, nullable=False),
    Column("missing", Text, nullable=False),  # JSON list of units, neither proven nor excused
    Column("excused", Text, nullable=False),  # JSON object: unit -> reason
    Column("attempted", Text, nullable=False),  # JSON object: unit -> digest of the input that gave no proof
    Column("verb", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Index("obligations_state", "league", "state"),
)

games = table(
    "games",
    Column("league", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("game_id", Text, primary_key=True),
    Column("home", Text, nullable=False),
    Column("away", Text, nullable=False),
    Column("starts_at", Instant),
    Column("status", Text, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("first_seen_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
)

fetches = table(
    "fetches",
    number_key(),
    Column("run_id", Integer, nullable=False),
    Column("league", Text, nullable=False, server_default=""),
    Column("at", Instant, nullable=False),
    Column("source", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("n_bytes", Integer, nullable=False),
    Column("n_rows", Integer, nullable=False),
    Column("n_rejects", Integer, nullable=False),
    Column("outcome", Text, nullable=False),  # rows, unchanged, recognised empty, not yet, refused, error
    Column("note", Text, nullable=False),
    Index("fetches_league", "league", "at"),
    Index("fetches_sha", "sha256"),
)

arrivals = table(
    "arrivals",
    *slate(is_key=True),
    Column("unit", Text, primary_key=True),
    Column("first_at", Instant, nullable=False),
    Column("run_id", Integer, nullable=False),
    Column("due_at", Instant),  # when the unit was due, as far as that was known
)

rejects = table(
    "rejects",
    number_key(),
    Column("run_id", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    *slate(),
    Column("reason", Text, nullable=False),
    Column("row", Text, nullable=False),
)

findings = table(
    "findings",
    number_key(),
    Column("at", Instant, nullable=False),
    *slate(),
    Column("check", Text, nullable=False),
    Column("cause", Text, nullable=False, server_default=""),  # what is broken: source:, step:, table:, ledger …
    Column("severity", Integer, nullable=False),
    Column("ok", Boolean, nullable=False),
    Column("coverage", Float, nullable=False),
    Column("required", Float, nullable=False),
    Column("missing", Text, nullable=False),
    Column("note", Text, nullable=False),
    Index("findings_slate", "league", "output", "day"),
)

gates = table(
    "gates",
    *slate(is_key=True),
    Column("input", Text, primary_key=True),
    Column("is_open", Boolean, nullable=False),
    Column("held_at", Instant),  # when it was first held, if it ever was
    Column("opened_at", Instant),
    Column("coverage", Float, nullable=False),
    Column("missing", Text, nullable=False),
    Column("reason", Text, nullable=False),
)

marks = table(
    "marks",
    *slate(is_key=True),
    Column("unit", Text, primary_key=True),
    Column("kind", Text, primary_key=True),  # partial, retrospective, outdated
    Column("at", Instant, nullable=False),
    Column("note", Text, nullable=False),
)

conflicts = table(
    "conflicts",
    *slate(is_key=True),
    Column("since", Instant, primary_key=True),
    Column("kind", Text, nullable=False),  # conflict, quota
    Column("units", Text, nullable=False),  # JSON list
    Column("holder", Text, nullable=False),  # who holds the rows, where it is known
    Column("clears_at", Instant),  # when they clear, where it is known
    Column("attempts", Integer, nullable=False),
    Column("resolved_at", Instant),
    Column("resolution", Text),  # auto, waived, gave up; none while it lasts
)

waivers = table(
    "waivers",
    number_key(),
    *slate(),
    Column("input", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("until", Instant, nullable=False),
    Column("revoked_at", Instant),
    Index("waivers_slate", "league", "output", "day"),
)

halts = table(  # publications that a person has stopped
    "halts",
    number_key(),
    Column("league", Text, nullable=False),
    Column("output", Text, nullable=False),  # empty: every publication of the league
    Column("by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("until", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("ended_by", Text),
    Index("halts_league", "league"),
)

requests = table(  # what a command asks of the process that owns the warehouse, and its answer
    "requests",
    number_key(),
    Column("league", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("what", Text, nullable=False),  # JSON
    Column("asked_at", Instant, nullable=False),
    Column("taken_at", Instant),
    Column("ended_at", Instant),
    Column("answer", Text, nullable=False),  # JSON: how far it is, and in the end what came of it
    Column("error", Text, nullable=False),
    Index("requests_open", "league", "ended_at"),
)

leases = table(
    "leases",
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("epoch", Integer, nullable=False),  # grows by one with each new holder
    Column("until", Instant, nullable=False),
)

questions = table(
    "questions",
    *slate(is_key=True),
    Column("unit", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("options", Text, nullable=False),  # JSON list
    Column("here_only", Boolean, nullable=False),
    Column("state", Text, nullable=False),  # open, answered, gone
    Column("since", Instant, nullable=False),
)

rulings = table(
    "rulings",
    number_key(),
    Column("league", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("unit", Text, nullable=False),  # "": wherever it stands
    Column("value", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    Index("rulings_league", "league"),
)

FIRST = (ticks, decisions, runs, proofs, obligations, games, fetches, arrivals, rejects, findings, gates, marks)
SECOND = (conflicts, waivers, leases)
SIXTH = (facts, numbers, seasons)
NINTH = (halts, requests)
TENTH = (questions, rulings)
