"""A home whose ledger is a PostgreSQL: replays are as on a file, `up` and the sentinel run, passwords stay hidden."""

import json
import os
import signal
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, select, text
from sqlalchemy.exc import DatabaseError
from tests.postgres import fresh
from tests.support import tipoff

from tipoff.app.providers import as_worked_on, world_of
from tipoff.config import Settings, as_plain, read_settings
from tipoff.core.clock import pause
from tipoff.core.errors import LedgerError, UsageError
from tipoff.core.secret import Secret
from tipoff.ledger import Ledger, schema, watching
from tipoff.ledger.alerts import AlertStore, read_other
from tipoff.ledger.connect import NO_SCHEMA, NOT_ALLOWED, TAKEN
from tipoff.watch.sentinel import LIVE, Sentinel

DAYS, NOW = 2, datetime(2024, 1, 10, 17, tzinfo=UTC)


def what_is_proven(target: Path | str) -> dict[tuple[str, str], str]:
    ledger = Ledger(target, read_only=True)
    rows = ledger.rows(select(schema.proofs))
    ledger.close()
    return {(row["output"], str(row["day"])): row["digest"] for row in rows}


def test_a_replay_on_a_server_proves_what_it_proves_on_a_file(server: str, tmp_path: Path) -> None:
    uri, arguments = fresh(server), ("replay", "nba", f"sample:{DAYS}", "--world", "sample", "--json")
    secret = tmp_path / "ledger-url"
    secret.write_text(f"{uri}\n")

    on_file = tipoff(*arguments, home=tmp_path / "file")
    on_server = tipoff(*arguments, home=tmp_path / "server", TIPOFF_LEDGER_URL_FILE=str(secret))

    assert (on_file.returncode, on_server.returncode) == (0, 0), on_server.stderr
    assert not (tmp_path / "server" / "ledger.db").exists()
    proven = what_is_proven(uri)
    assert len(proven) > 20
    assert proven == what_is_proven(tmp_path / "file" / "ledger.db")
    status = tipoff("status", "nba", "--json", home=tmp_path / "server", TIPOFF_LEDGER_URL=uri)
    assert status.returncode == 0, status.stderr
    again = tipoff(*arguments, home=tmp_path / "server", TIPOFF_LEDGER_URL=uri)
    assert again.returncode == 0, again.stderr


def test_up_and_the_sentinel_work_on_a_server_until_they_are_stopped(server: str, tmp_path: Path) -> None:
    uri = fresh(server)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TIPOFF_")}
    environment |= {"TIPOFF_HOME": str(tmp_path / "home"), "TIPOFF_LEDGER_URL": uri, "TIPOFF_WORLD": "sample"}
    environment |= {"TIPOFF_TICK_EVERY_S": "0.2", "TIPOFF_LOOK_EVERY_S": "0.2", "TIPOFF_WEB_PORT": "0"}
    running = [
        subprocess.Popen([sys.executable, "-m", "tipoff", *words], env=environment, stderr=subprocess.PIPE)
        for words in (("up", "nba"), ("sentinel", "nba"))
    ]
    try:
        assert _until(uri, running, "controller nba")
        beats = _beats(uri)
        for _ in range(300):  # a tick hands its runs out, and a later one writes down what they proved
            if what_is_proven(uri):
                break
            pause(timedelta(milliseconds=200))
    finally:
        for process in running:
            process.send_signal(signal.SIGTERM)
        ends = [process.communicate(timeout=60)[1].decode() for process in running]

    assert [process.returncode for process in running] == [0, 0], ends
    assert {"controller nba", "monitor nba"} & beats.keys()
    assert what_is_proven(uri)


def test_a_home_that_is_moved_away_ends_the_work_in_it_also_where_its_ledger_is_on_a_server(
    server: str, tmp_path: Path
) -> None:
    uri, home = fresh(server), tmp_path / "home"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TIPOFF_")}
    environment |= {"TIPOFF_HOME": str(home), "TIPOFF_LEDGER_URL": uri, "TIPOFF_TICK_EVERY_S": "0.2"}
    command = [sys.executable, "-m", "tipoff", "up", "nba", "--world", "sample", "--no-web", "--no-monitor"]
    running = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)
    try:
        assert _until(uri, [running], "controller nba")
        home.rename(tmp_path / "elsewhere")
        said = running.communicate(timeout=60)[1].decode()
    finally:
        running.kill()

    assert running.returncode == 2
    assert f"{home}/lock was moved, removed or replaced while it was at work" in said


def test_a_sentinel_that_looks_once_keeps_what_it_told_in_a_database_of_its_own(server: str, tmp_path: Path) -> None:
    ledger_at = fresh(server)
    Ledger(ledger_at).close()
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("CREATE DATABASE sentinel_store"))
    engine.dispose()
    own = make_url(server).set(database="sentinel_store").render_as_string(hide_password=False)

    looks = [
        tipoff("sentinel", "nba", "--once", home=tmp_path, TIPOFF_LEDGER_URL=ledger_at, TIPOFF_SENTINEL_URL=own)
        for _ in range(2)
    ]
    nowhere = tipoff("sentinel", "nba", "--once", home=tmp_path / "none")

    assert [look.returncode for look in looks] == [0, 0], [look.stderr for look in looks]
    assert not (tmp_path / "sentinel.db").exists()
    incidents, beats = read_other(own, datetime.now(UTC))  # noqa: TID251 -- a real process wrote at the real time
    assert "sentinel" in beats
    assert len({incident.cause for incident in incidents}) == len(incidents)
    assert (nowhere.returncode, "the ledger cannot be read" in nowhere.stdout) == (1, True), nowhere


def _beats(uri: str) -> dict[str, str]:
    ledger = Ledger(uri, read_only=True)
    rows = ledger.rows(select(watching.heartbeats))
    ledger.close()
    return {row["name"]: row["build"] for row in rows}


def _until(uri: str, running: list["subprocess.Popen[bytes]"], name: str) -> bool:
    for _ in range(600):
        try:
            if name in _beats(uri):
                return True
        except UsageError:
            pass  # no schema yet
        try:
            running[0].wait(0.2)
        except subprocess.TimeoutExpired:
            continue
        return False
    return False


def test_a_league_is_begun_on_an_empty_database_with_nothing_said_of_its_world(server: str, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, ledger_url=Secret(fresh(server)))

    assert world_of(settings, "nba") == "live"
    assert as_worked_on(settings, "nba") is None


def test_an_empty_database_is_a_home_in_which_nothing_was_begun(server: str, tmp_path: Path) -> None:
    uri, work = fresh(server), tmp_path / "worked in"
    (work / "published").mkdir(parents=True)

    status, lost = (tipoff("status", home=home, TIPOFF_LEDGER_URL=uri) for home in (tmp_path, work))
    doctor = tipoff("doctor", home=tmp_path, TIPOFF_LEDGER_URL=uri)
    sentinel = Sentinel(
        ledger=uri,
        leagues=["nba"],
        store=AlertStore(tmp_path / "sentinel.db", create=True),
        channels=[],
        send=lambda _channel, _message: None,
        build="test",
        limits=LIVE,
    )
    looks = [sentinel.look(NOW + after) for after in (timedelta(0), LIVE.ledger_after)]
    sentinel.close()

    assert (status.returncode, status.stderr.count("there is no ledger in postgresql")) == (2, 1)
    assert (lost.returncode, "is gone" in lost.stderr, "TIPOFF_LEDGER_URL right?" in lost.stderr) == (1, True, True)
    assert (doctor.returncode, "ok    ledger: none in" in doctor.stdout) == (0, True), doctor.stdout
    assert [[trouble.check for trouble in troubles] for troubles in looks] == [[], ["ledger_is_readable"]]


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "UTF8"])
def test_names_are_kept_as_they_are_whatever_encoding_a_server_takes_for_granted(encoding: str, server: str) -> None:
    name = f"in_{encoding.lower()}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT", connect_args={"client_encoding": "utf8"})
    with engine.connect() as connection:
        connection.execute(
            text(f"CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")
        )
        connection.execute(text(f"ALTER DATABASE {name} SET client_encoding = 'SQL_ASCII'"))
    engine.dispose()
    target = make_url(server).set(database=name).render_as_string(hide_password=False)

    with closing(Ledger(target)) as ledger:
        ledger.keep_facts({"who": "Dončić"})

    with closing(Ledger(target, read_only=True)) as ledger:
        assert ledger.facts()["who"] == "Dončić"


def test_who_only_reads_cannot_write(server: str) -> None:
    uri = fresh(server)
    Ledger(uri).close()
    reader = Ledger(uri, read_only=True)

    with pytest.raises(DatabaseError, match="read-only"), reader.transaction() as connection:
        connection.execute(text("INSERT INTO facts (league, key, value) VALUES ('', 'a', 'b')"))

    reader.close()


def test_a_user_who_may_not_write_is_told_what_he_needs(server: str) -> None:
    uri = fresh(server)
    owner = create_engine(uri, isolation_level="AUTOCOMMIT")
    with owner.connect() as connection:
        connection.execute(text("DROP ROLE IF EXISTS guest"))
        connection.execute(text("CREATE ROLE guest LOGIN"))
        connection.execute(text("GRANT USAGE ON SCHEMA public TO guest"))
    guest = make_url(uri).set(username="guest", password=None).render_as_string(hide_password=False)

    with pytest.raises(UsageError, match="permission denied for schema public") as begun:
        Ledger(guest)
    with closing(Ledger(uri)), owner.connect() as connection:
        connection.execute(text("GRANT SELECT ON ALL TABLES IN SCHEMA public TO guest"))
    with closing(Ledger(guest)) as ledger, pytest.raises(LedgerError, match="permission denied") as written:
        ledger.keep_facts({"a": "b"})
    with owner.connect() as connection:
        connection.execute(text("DROP OWNED BY guest"))
        connection.execute(text("DROP ROLE guest"))
    owner.dispose()

    assert {begun.value.hint, written.value.hint} == {NOT_ALLOWED}


def test_a_user_without_a_connection_left_or_a_schema_is_told_what_he_needs(server: str) -> None:
    owner = create_engine(fresh(server), isolation_level="AUTOCOMMIT")
    guest = make_url(server).set(username="crowded", password=None).render_as_string(hide_password=False)
    with owner.connect() as connection:
        connection.execute(text("DROP ROLE IF EXISTS crowded"))
        connection.execute(text("CREATE ROLE crowded LOGIN CONNECTION LIMIT 0"))

        with pytest.raises(UsageError, match='too many connections for role "crowded"') as full:
            Ledger(guest)
        connection.execute(text("ALTER ROLE crowded CONNECTION LIMIT 10"))
        connection.execute(text("ALTER ROLE crowded SET search_path = nowhere"))
        with pytest.raises(UsageError, match="no schema has been selected") as bare:
            Ledger(guest)
        connection.execute(text("DROP ROLE crowded"))
    owner.dispose()

    assert (full.value.hint, bare.value.hint) == (TAKEN, NO_SCHEMA)


def test_a_server_that_is_not_there_is_told_without_its_password() -> None:
    with pytest.raises(UsageError) as told:
        Ledger("postgresql://tipoff:a-secret@127.0.0.1:9/tipoff")

    assert "a-secret" not in str(told.value)
    assert "tipoff:***@127.0.0.1" in str(told.value)
    assert "\n" not in str(told.value)
    assert "TIPOFF_LEDGER_URL" in told.value.hint


def test_the_address_is_no_part_of_the_settings_hash_and_is_not_shown() -> None:
    known = Settings(ledger_url=Secret("postgresql://u:a-secret@h/d"))

    assert known.hash == Settings().hash
    assert "a-secret" not in json.dumps(as_plain(known))
    assert "a-secret" not in repr(known)


def test_a_secret_may_stand_in_a_file_and_one_that_is_missing_is_named(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("postgresql://u:p@h/d\n")

    known = read_settings({"TIPOFF_LEDGER_URL_FILE": str(tmp_path / "url")}, file=tmp_path / "none.toml")

    assert known.place.ledger == "postgresql://u:p@h/d"
    with pytest.raises(UsageError, match=r"TIPOFF_WEB_TOKEN_FILE names .*missing, which cannot be read"):
        read_settings({"TIPOFF_WEB_TOKEN_FILE": str(tmp_path / "missing")}, file=tmp_path / "none.toml")
    with pytest.raises(UsageError, match="no setting TIPOFF_HOME_FILE"):
        read_settings({"TIPOFF_HOME_FILE": str(tmp_path / "url")}, file=tmp_path / "none.toml")
