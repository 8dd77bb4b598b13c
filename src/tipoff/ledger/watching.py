"""The ledger's tables of watching: incidents, notices, what the checks measured, scorecards, heartbeats."""

from sqlalchemy import Boolean, Column, Date, Float, Index, Integer, Text

from tipoff.ledger.schema import Instant, number_key, slate, table

incidents = table(
    "incidents",
    number_key(),
    Column("league", Text, nullable=False),
    Column("cause", Text, nullable=False),  # what is broken: source:, step:, table:, controller …
    Column("check", Text, nullable=False),  # the check that told it first
    Column("what", Text, nullable=False),
    Column("severity", Integer, nullable=False),
    Column("told", Integer, nullable=False),  # the severity that people were told; -1 while nobody was
    Column("told_by", Text, nullable=False),  # monitor or sentinel; after `digest ` where the digest tells in its stead
    Column("step", Integer, nullable=False),  # how far up the ladder of age it has been told
    Column("opened_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),  # when something was last found
    Column("closed_at", Instant),
    Column("effects", Text, nullable=False),  # JSON object: "output|day|check" -> when it was met again, or null
    Column("radius_told", Integer, nullable=False),  # slates behind it when people were last told
    Column("n_findings", Integer, nullable=False),
    Column("acked_by", Text),
    Column("acked_until", Instant),
    Column("snoozed_until", Instant),
    Index("incidents_open", "league", "closed_at"),
)

acts = table(  # what people did about incidents, and what became of them
    "acts",
    number_key(),
    Column("incident_id", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Column("by", Text, nullable=False),
    # opened, reopened, joined, worsened, spread, renamed, escalated, closed; acked, snoozed, note
    Column("kind", Text, nullable=False),
    Column("note", Text, nullable=False),
    Index("acts_incident", "incident_id"),
)

notices = table(
    "notices",
    number_key(),
    Column("key", Text, nullable=False, unique=True),  # what may be told only once, with its channel
    Column("at", Instant, nullable=False),
    Column("league", Text, nullable=False),
    Column("incident_id", Integer),
    Column("kind", Text, nullable=False),  # opened, worsened, spread, renamed, escalated, closed, digest, test
    Column("severity", Integer, nullable=False),
    Column("channel", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),  # JSON list of lines
    Column("state", Text, nullable=False),  # waiting, claimed, sent, failed
    Column("not_before", Instant, nullable=False),
    Column("claimed_until", Instant),
    Column("attempts", Integer, nullable=False),
    Column("sent_at", Instant),
    Column("error", Text),
    Index("notices_state", "state"),
)

measured = table(  # what each check last measured of each day
    "measured",
    Column("league", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("check", Text, primary_key=True),
    Column("status", Text, nullable=False),  # ok, failed, accepted, not measurable
    Column("severity", Integer, nullable=False),
    Column("value", Float),
    Column("required", Float),
    Column("measure", Text, nullable=False),
    Column("failing", Text, nullable=False),  # JSON list of keys
    Column("note", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("took_ms", Float, nullable=False),
)

rules = table(  # how often each check was evaluated, how often it fired
    "rules",
    Column("league", Text, primary_key=True),
    Column("rule", Text, primary_key=True),
    Column("evaluated", Integer, nullable=False),
    Column("fired", Integer, nullable=False),
    Column("not_measurable", Integer, nullable=False),
    Column("first_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("fired_at", Instant),
)

profiles = table(  # what each table looked like, by day: from it the checks learn what is usual
    "profiles",
    *slate(is_key=True),
    Column("at", Instant, nullable=False),
    Column("profile", Text, nullable=False),  # JSON, see checks.profile
)

heartbeats = table(
    "heartbeats",
    Column("name", Text, primary_key=True),  # monitor, sentinel
    Column("at", Instant, nullable=False),
    Column("build", Text, nullable=False),
    Column("note", Text, nullable=False),
)

scorecards = table(
    "scorecards",
    Column("league", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("complete", Float),  # share of the units owed that are proven
    Column("on_time", Float),  # share of the obligations that were met by their due time
    Column("quality", Float),  # share of the proven units that were made on whole input
    Column("checks_ok", Float),  # share of the measurable checks that were in order
    Column("n_lost", Integer, nullable=False),
    Column("n_incidents", Integer, nullable=False),
    Column("n_false", Integer, nullable=False),
    Column("detect_s", Float),
    Column("repair_s", Float),
    Column("self_healed", Float),
    Column("mae", Float),
    Column("quota_ratio", Float),  # the greatest share of a daily limit of the warehouse that was in use
    Column("is_clean", Boolean, nullable=False),
    Column("late_by_phase", Text, nullable=False),  # JSON object
    Column("failed_by_source", Text, nullable=False),  # JSON object
    Column("at", Instant, nullable=False),
)

ALERTS = (incidents, acts, notices, heartbeats)  # also in the sentinel's own store
THIRD = (*ALERTS, measured, rules, profiles, scorecards)
