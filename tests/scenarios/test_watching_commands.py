"""The watching commands as a user runs them, on a replayed home: exit codes, one JSON document, words."""

import json
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from benchmarks.recorded_runs import recorded_runs
from tests.samples import Samples
from tests.support import ledger_rows, tipoff

from tipoff.core.errors import UsageError
from tipoff.core.incident import Incident
from tipoff.core.severity import Severity
from tipoff.leagues.nba.league import sample_season
from tipoff.ledger import Batch, Ledger
from tipoff.ledger.alerts import AlertChanges, AlertStore
from tipoff.watch.messages import event_of

DAYS = 2
FIRST = sample_season(DAYS).first_day
LAST = FIRST + timedelta(days=DAYS - 1)


@pytest.fixture(scope="session")
def watched(samples: Samples, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which two days were replayed with the watchers on."""
    return samples.copy(DAYS, tmp_path_factory.mktemp("watched") / "home", watched=True)


@pytest.fixture
def troubled(watched: Path, tmp_path: Path) -> Path:
    """The same, with an open incident of the monitor and one of the sentinel."""
    home = tmp_path / "home"
    shutil.copytree(watched, home)
    at = datetime.combine(LAST, datetime.min.time(), UTC) + timedelta(hours=20)
    for path, cause in ((home / "ledger.db", "source:stats.nba.com"), (home / "sentinel.db", "controller")):
        store = AlertStore(path)
        one = Incident(
            league="nba",
            cause=cause,
            check="obligation_is_met",
            what="stats.nba.com answered 503",
            severity=Severity.ERROR,
            told=int(Severity.ERROR),
            told_by="monitor",
            opened_at=at,
            changed_at=at,
            effects={f"nba_player_boxscores|{LAST}|obligation_is_met": None},
        )
        store.number([one])
        store.write(AlertChanges(incidents=[one], acts=[(one, event_of("opened", "monitor", "it does not come", at))]))
        store.close()
    return home


VIEWS = (
    ("check", "health", "nba"),
    ("check", "workflow", "nba"),
    ("check", "transitions", "nba", "--days", "2"),
    ("check", "reconcile", "nba"),
    ("check", "rules", "nba"),
    ("digest", "nba"),
    ("scorecard", "nba"),
    ("incident", "list"),
    ("why", "nba", "published_predictions", str(LAST)),
    ("why", "nba", "quantile_regression.are_published", str(LAST)),
)


@pytest.mark.parametrize("command", VIEWS, ids=" ".join)
def test_a_view_of_a_home_that_is_well_exits_with_zero_in_words_and_in_json(
    watched: Path, command: tuple[str, ...]
) -> None:
    words, document = tipoff(*command, home=watched), tipoff(*command, "--json", home=watched)

    assert (words.returncode, words.stderr) == (0, "")
    assert words.stdout.strip()
    assert all(len(line) <= 200 for line in words.stdout.splitlines())
    assert (document.returncode, document.stderr) == (0, "")
    json.loads(document.stdout)


@pytest.mark.parametrize("view", ["health", "workflow", "transitions", "reconcile"])
def test_a_view_prints_a_markdown_table(watched: Path, view: str) -> None:
    done = tipoff("check", view, "nba", "--markdown", home=watched)

    title, blank, head, rule, *rows = done.stdout.splitlines()
    assert title.startswith("## nba")
    assert (blank, head, rule) == ("", "| | claim | measured | note |", "|---|---|---|---|")
    assert rows
    assert all(row.startswith("| ") and row.count("|") == 5 for row in rows)


def test_a_game_is_followed_through_every_table(watched: Path) -> None:
    game = next(row["game_id"] for row in ledger_rows(watched, "games") if row["status"] == "final")

    words = tipoff("trace", "nba", game, home=watched)
    found = json.loads(tipoff("trace", "nba", game, "--json", home=watched).stdout)
    why = tipoff("why", "nba", game, home=watched)

    assert words.returncode == 0
    assert {"schedule", "player_boxscores", "quantile_regression", "grades"} <= {
        stop["output"] for stop in found["stops"]
    }
    assert "no check fails for it" in words.stdout
    assert "not of this game alone" in words.stdout
    assert (why.returncode, "nothing of it is missing" in why.stdout) == (0, True)


@pytest.mark.parametrize(
    ("command", "hint"),
    [
        (("check", "health", "nab"), "nba"),
        (("check", "health", "nba", "--date", "yesterday"), "2024-03-01"),
        (("check", "health", "nba", "--fail-on", "panic"), "critical"),
        (("check", "helath", "nba"), "No such command"),
        (("trace", "nba", "nogame"), "ids look like"),
        (("why", "nba", "lightgmb", str(FIRST)), "see: tipoff check health"),
        (("why", "nba", "games_are_there", str(FIRST)), "did you mean"),
        (("why", "nba", "nogame"), "a day is needed"),
        (("why", "nba", "quantile_regression", str(FIRST), "--player", "x"), "player DAY"),
        (("incident", "show", "99"), "tipoff incident list"),
        (("incident", "ack", "one"), "tipoff incident list"),
        (("incident", "ack", "¹"), "tipoff incident list"),
        (("incident", "snooze", "1"), "--hours"),
        (("scorecard", "nba", "--days", "0"), "1<=x<=400"),
        (("prove-alive", "nba", "web"), "controller"),
        (("notify", "test", "--channel", "ops"), "TIPOFF_NOTIFY_URL"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_bad_usage_exits_with_two_and_says_what_to_do(watched: Path, command: tuple[str, ...], hint: str) -> None:
    done = tipoff(*command, home=watched)

    assert done.returncode == 2
    assert hint in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_there_is_nothing_to_see_without_a_home(tmp_path: Path) -> None:
    done = tipoff("check", "workflow", "nba", home=tmp_path / "none")

    assert (done.returncode, "there is no ledger" in done.stderr) == (2, True)


def test_a_day_that_no_check_has_measured_is_no_good_news(watched: Path) -> None:
    done = tipoff("check", "health", "nba", "--date", str(FIRST - timedelta(days=90)), home=watched)

    assert done.returncode == 1
    assert "checks_are_run" in done.stdout


# --- what is wrong


def measured_badly(home: Path, severity: Severity) -> None:
    """Let a check of the last day have failed."""
    from tipoff.ledger import Batch, Ledger  # noqa: PLC0415 -- only here

    row: dict[str, Any] = {
        "league": "nba",
        "day": LAST,
        "check": "quantile_regression.are_published",
        "status": "failed",
        "severity": int(severity),
        "value": 0.5,
        "required": 1.0,
        "measure": "share",
        "failing": json.dumps(["0029900001"]),
        "note": "half of them are not",
        "cause": "data:published_predictions",
        "at": datetime.combine(LAST, datetime.min.time(), UTC) + timedelta(hours=30),
        "took_ms": 1.0,
    }
    ledger, batch = Ledger(home / "ledger.db"), Batch()
    batch.add("measured", row)
    ledger.commit(batch)
    ledger.close()


@pytest.mark.parametrize(
    ("severity", "codes"),
    [
        (Severity.WARNING, {"warning": 1, "error": 0, "critical": 0}),
        (Severity.ERROR, {"warning": 1, "error": 1, "critical": 0}),
        (Severity.CRITICAL, {"warning": 1, "error": 1, "critical": 1}),
    ],
)
def test_what_makes_it_exit_with_one_is_chosen(troubled: Path, severity: Severity, codes: dict[str, int]) -> None:
    measured_badly(troubled, severity)
    command = ("check", "health", "nba", "--date", str(LAST))

    found = {level: tipoff(*command, "--fail-on", level, home=troubled).returncode for level in codes}
    document = json.loads(tipoff(*command, "--json", home=troubled).stdout)

    assert found == codes
    assert document["worst"] == severity.name.lower()


def test_a_number_that_is_low_is_explained(troubled: Path) -> None:
    measured_badly(troubled, Severity.ERROR)

    done = tipoff("why", "nba", "quantile_regression.are_published", str(LAST), home=troubled)

    assert done.returncode == 1
    assert "failing: 0029900001" in done.stdout
    assert "blamed on data:published_predictions" in done.stdout


def test_incidents_of_both_watchers_are_listed_and_shown(troubled: Path) -> None:
    listed = tipoff("incident", "list", home=troubled)
    document = json.loads(tipoff("incident", "list", "--json", home=troubled).stdout)
    shown = tipoff("incident", "show", "s1", home=troubled)
    digest = tipoff("digest", "nba", home=troubled)

    assert [done.returncode for done in (listed, shown, digest)] == [1, 1, 1]
    assert [one["number"] for one in document["incidents"]] == ["1", "s1"]
    assert "stats.nba.com gives no usable answers" in listed.stdout
    assert "the controller does not decide" in shown.stdout
    assert "start it (tipoff up nba)" in shown.stdout
    assert "open incidents: 1" in digest.stdout


@pytest.mark.parametrize("number", ["1", "s1"])
def test_taking_on_silencing_and_writing_down_stand_in_its_story(troubled: Path, number: str) -> None:
    acked = tipoff("incident", "ack", number, "--by", "ada", "--hours", "48", home=troubled)
    tipoff("incident", "snooze", number, "--by", "ada", "--hours", "2", "--reason", "they know", home=troubled)
    tipoff("incident", "note", number, "asked the provider", "--by", "ada", home=troubled)
    shown = tipoff("incident", "show", number, home=troubled)
    listed = tipoff("incident", "list", home=troubled)

    assert acked.returncode == 0
    assert "taken on until" in acked.stdout
    story = [line for line in shown.stdout.splitlines() if " by ada: " in line]
    assert [line.split()[2] for line in story] == ["acked", "snoozed", "note"]
    assert "asked the provider" in story[2]
    assert listed.stdout.count("taken on by ada") == 1


@pytest.mark.parametrize("number", ["1", "s1"])
def test_what_has_stopped_is_not_accepted_away(troubled: Path, number: str) -> None:
    done = tipoff("incident", "accept", number, "--reason", "it is so", home=troubled)

    assert done.returncode == 2
    assert f"no check of data fails in incident {number}" in done.stderr
    assert "is over when it works again" in done.stderr


def test_what_a_check_fails_on_is_accepted_with_a_reason_and_is_bad_no_more(troubled: Path) -> None:
    measured_badly(troubled, Severity.ERROR)
    at = datetime.combine(LAST, datetime.min.time(), UTC) + timedelta(hours=30)
    effect = f"quantile_regression|{LAST}|quantile_regression.are_published"
    wrong = Incident(
        league="nba",
        cause="data:published_predictions",
        check="quantile_regression.are_published",
        what="one game",
        severity=Severity.ERROR,
        opened_at=at,
        changed_at=at,
        effects={effect: None},
    )
    with AlertStore(troubled / "ledger.db") as store:
        store.number([wrong])
        store.write(AlertChanges(incidents=[wrong]))

    done = tipoff("incident", "accept", str(wrong.id), "--by", "ada", "--reason", "it was put off", home=troubled)
    health = tipoff("check", "health", "nba", "--date", str(LAST), "--fail-on", "error", home=troubled)
    again = tipoff("incident", "accept", str(wrong.id), "--reason", "it was put off", home=troubled)

    why = tipoff("why", "nba", "quantile_regression.are_published", str(LAST), home=troubled)

    assert (done.returncode, health.returncode, again.returncode, why.returncode) == (0, 0, 2, 0)
    assert "a person has found that right as it is" in why.stdout
    assert "accepted by ada: it was put off (1 measurement; it ends where nothing else of it is wrong)" in done.stdout
    assert "1 accepted" in health.stdout


def test_the_sentinel_finds_nothing_where_the_season_is_over(watched: Path) -> None:
    assert tipoff("sentinel", "nba", "--once", home=watched).returncode == 0


def test_a_recorded_ledger_is_held_against_the_rules(watched: Path, tmp_path: Path) -> None:
    quiet = tipoff("replay-incident", str(watched / "ledger.db"), home=tmp_path)
    none = tipoff("replay-incident", str(tmp_path / "no.db"), home=tmp_path)
    runs = tipoff("replay-incident", str(tmp_path / "runs.csv.gz"), home=tmp_path)

    assert (quiet.returncode, quiet.stderr) == (0, "")
    assert none.returncode == 2
    assert (runs.returncode, "add --timetable FILE" in runs.stderr) == (2, True)


def test_each_morning_has_its_digest_and_nothing_else_is_said(watched: Path) -> None:
    notices = ledger_rows(watched, "notices")

    assert {notice["kind"] for notice in notices} == {"digest"}
    days = [date.fromisoformat(notice["key"].rpartition("|")[2]) for notice in notices]
    assert days == sorted(set(days))
    assert {notice["state"] for notice in notices} == {"sent"}


@pytest.mark.parametrize(
    "command",
    [
        ("gate", "list", "mlb"),
        ("digest", "mlb"),
        ("boundary", "mlb", str(FIRST)),
        ("names", "mlb"),
        ("grid", "mlb"),
        ("scorecard", "mlb"),
        ("models", "mlb", "2023"),
        ("explain", "mlb", "Cole", str(FIRST)),
        ("check", "rules", "mlb"),
        ("incident", "list", "mlb"),
        ("incident", "list", "nothing"),
    ],
    ids=" ".join,
)
def test_a_league_that_this_home_has_never_worked_on_is_no_good_news(watched: Path, command: tuple[str, ...]) -> None:
    done = tipoff(*command, home=watched)

    assert (done.returncode, done.stdout) == (2, "")
    assert f"{'nothing' if 'nothing' in command else 'mlb'} has never been worked on in the home" in done.stderr
    assert "there: nba" in done.stderr


def test_the_digest_of_an_earlier_morning_says_nothing_that_is_so_only_now(watched: Path) -> None:
    past = tipoff("digest", "nba", "--date", str(FIRST + timedelta(days=1)), home=watched).stdout
    now = tipoff("digest", "nba", "--date", str(LAST + timedelta(days=9)), home=watched).stdout

    assert f"yesterday, {FIRST:%a %d %b}" in past
    assert "checks: " in past
    for line in ("orchestration ", "gates: ", "open incidents: ", "today, "):
        assert line not in past
    assert "open incidents: " in now or "between seasons" in now


def test_units_that_were_overtaken_are_named_by_why(watched: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(watched, home)
    batch, output = Batch(), "published_predictions"
    mark = {
        "league": "nba",
        "output": output,
        "day": LAST,
        "unit": "0029900009",
        "at": datetime(2030, 1, 9, tzinfo=UTC),
    }
    batch.add("marks", mark | {"kind": "overtaken", "note": "its input has changed since it closed"})
    with Ledger(home / "ledger.db") as ledger:
        ledger.commit(batch)

    done = tipoff("why", "nba", output, str(LAST), home=home)

    assert done.returncode == 0, done.stderr
    assert "  overtaken: 0029900009: its input has changed since it closed\n" in done.stdout


def test_a_day_of_no_season_has_no_boundary_and_that_is_said(watched: Path) -> None:
    done = tipoff("boundary", "nba", "2031-01-10", home=watched)

    assert (done.returncode, done.stdout) == (2, "")
    assert "2031-01-10 lies in no season of nba that is known here" in done.stderr


def test_an_end_is_told_as_every_other_instant_is(watched: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(watched, home)
    waive = ("gate", "waive", "nba", "candidates", str(LAST), "team_games", "--reason", "known", "--until")

    over, ahead = (tipoff(*waive, until, home=home) for until in ("2024-03-01T18:00", "2031-03-01T18:00"))

    assert "2024-03-01 23:00 UTC is over" in over.stderr
    assert "until 2031-03-01 23:00 UTC" in ahead.stdout


def test_a_home_that_cannot_be_written_to_is_not_taken_for_a_damaged_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = tmp_path / "ledger.db"
    ledger.write_text("as SQLite finds one that it may make no files beside: it cannot be opened")
    monkeypatch.setattr("os.access", lambda *_asked: False)

    with pytest.raises(UsageError) as refused:
        Ledger(ledger, read_only=True)

    assert refused.value.hint.startswith("its folder cannot be written to")


def test_what_the_settings_name_and_is_not_there_is_told(
    watched: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    shutil.copytree(watched, home)
    (tmp_path / "tipoff.toml").write_text(
        '[channels.ops]\nurl_env = "OPS_URL"\n[providers."stats.nba.org"]\nat_once = 2\n'
    )

    monkeypatch.chdir(tmp_path)

    key = str(tmp_path / "no" / "key")
    status, doctor = (tipoff(command, home=home, TIPOFF_ODDS_API_KEY_FILE=key) for command in ("status", "doctor"))

    assert status.returncode == 0, status.stderr  # a warning: what is made is in order
    for done in (status, doctor):
        assert "the channel ops has no address: OPS_URL is not set" in done.stdout
        assert "there is no provider 'stats.nba.org' (did you mean 'stats.nba.com'?)" in done.stdout
        assert f"TIPOFF_ODDS_API_KEY_FILE names {key}, where no key can be read" in done.stdout
    assert doctor.returncode == 1


def test_replay_incident_says_what_was_lost_and_when_one_would_know(tmp_path: Path) -> None:
    (tmp_path / "runs.csv").write_text("job,committed_at\nfeed,2026-01-01T12:10:00Z\nfeed,2026-01-03T12:20:00Z\n")
    (tmp_path / "table.toml").write_text('[[job]]\nname = "feed"\nat = ["12:00"]\nfrom = 2026-01-01\n')

    done = tipoff(
        "replay-incident", str(tmp_path / "runs.csv"), "--timetable", str(tmp_path / "table.toml"), home=tmp_path
    )

    assert done.returncode == 1
    assert "LOST feed 2026-01-02 12:00: told 2026-01-02 13:30 UTC, closed 2026-01-03 12:20" in done.stdout


def test_every_removed_run_of_the_recorded_history_is_found(data: Path) -> None:
    """Two hundred runs that alone serve a slot are taken away: each of their slots is lost, and nothing else is."""
    ok, measured = recorded_runs(data)

    assert ok
    assert measured["removed_and_found"] == 200
    assert measured["lost_after_removal_beyond"] == 0
    assert measured["late_within_grace"] > 2000
    assert measured["errors_on_late_runs"] == 0


def test_the_newest_digest_of_a_replay_that_has_ended_tells_of_its_last_day(watched: Path) -> None:
    told = tipoff("digest", "nba", home=watched).stdout

    assert f"yesterday, {LAST:%a %d %b}" in told
    assert "open incidents: " in told
