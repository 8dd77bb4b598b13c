"""The doctor: drift, copies, other builds, other settings, a machine that would give wrong answers."""

import base64
import hashlib
import importlib.metadata
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import duckdb
import pytest

from tipoff.app import doctor
from tipoff.config import Settings
from tipoff.core.build import build, commit, of_checkout
from tipoff.core.home import Home
from tipoff.core.outside import ProxyHealth
from tipoff.core.records import BeatRecord
from tipoff.leagues.nba.features import CONTRACT
from tipoff.leagues.nba.models import calibration
from tipoff.ledger import Batch, Ledger
from tipoff.views.running import Running

NOW = datetime(2024, 1, 10, 12, tzinfo=UTC)
MINE = Settings()


def wheel(folder: Path) -> importlib.metadata.Distribution:
    """Lay out an installed wheel of two files."""
    lines = []
    for name, text in {"tipoff/__init__.py": "", "tipoff/rule.py": "LEAST = 0.8\n"}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(text)}")
    facts = folder / "tipoff-0.1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: tipoff\nVersion: 0.1.0\n")
    (facts / "RECORD").write_text("\n".join([*lines, "tipoff-0.1.0.dist-info/RECORD,,"]))
    return importlib.metadata.PathDistribution(facts)


def test_files_as_they_were_built_are_in_order(tmp_path: Path) -> None:
    [look] = doctor.installed_files(wheel(tmp_path))

    assert (look.ok, look.said) == (True, "2 files are as they were built")


@pytest.mark.parametrize("change", ["edited", "gone"])
def test_a_file_that_drifted_is_named(tmp_path: Path, change: str) -> None:
    found = wheel(tmp_path)
    if change == "edited":
        (tmp_path / "tipoff" / "rule.py").write_text("LEAST = 0.5\n")
    else:
        (tmp_path / "tipoff" / "rule.py").unlink()

    [look] = doctor.installed_files(found)

    assert (look.ok, look.said) == (False, "not as built: tipoff/rule.py")
    assert look.do


def test_an_install_of_which_nothing_is_recorded_is_not_in_order(tmp_path: Path) -> None:
    found = wheel(tmp_path)
    (tmp_path / "tipoff-0.1.0.dist-info" / "RECORD").write_text("")

    [look] = doctor.installed_files(found)

    assert not look.ok


def test_a_second_copy_of_the_package_is_named(tmp_path: Path) -> None:
    (tmp_path / "tipoff").mkdir()
    (tmp_path / "tipoff" / "__init__.py").touch()

    look = doctor.one_copy([str(tmp_path)])

    assert not look.ok
    assert str(tmp_path / "tipoff") in look.said
    assert doctor.one_copy([]).ok


def running(**more: object) -> Running:
    known = {"last_tick_at": NOW, "last_tick_settings": MINE.hash}
    return Running(**known | more)  # type: ignore[arg-type]


def looks(found: Running, *, live: bool = True) -> dict[str, doctor.DoctorLine]:
    return {look.what: look for look in doctor.parts(found, MINE, NOW, live=live)}


def test_a_living_part_of_another_build_is_named_and_a_dead_one_is_not() -> None:
    old = BeatRecord(name="sentinel", at=NOW, build="0.0.9+abc", note="")
    dead = BeatRecord(name="monitor", at=NOW - timedelta(days=1), build="0.0.8", note="")

    found = looks(running(parts=(old, dead)))

    assert (found["parts"].ok, found["parts"].said) == (False, f"sentinel runs 0.0.9+abc, this is {build()}")
    assert (
        looks(running(parts=(BeatRecord(name="web", at=NOW, build=build(), note=""),)))["parts"].said
        == "web running, of this build"
    )


def test_a_sentinel_that_looked_once_is_not_said_to_run() -> None:
    def said(stays: str) -> str:
        note = f'{{"pid": 7, "stays": {stays}}}'
        return looks(running(parts=(BeatRecord(name="sentinel", at=NOW, build=build(), note=note),)))["parts"].said

    assert said("false") == f"none is running; the sentinel looked once at {NOW:%H:%M} UTC"
    assert said("true") == "sentinel running, of this build"


def test_other_settings_than_the_last_ticks_are_told() -> None:
    found = looks(running(last_tick_settings="other"))

    assert not found["settings"].ok
    assert MINE.hash in found["settings"].said
    assert looks(running())["settings"].ok
    assert "settings" not in looks(running(last_tick_settings="other"), live=False)  # of a replay, which is over


def test_a_tick_of_the_future_means_a_wrong_clock_where_it_runs_live() -> None:
    ahead = running(last_tick_at=NOW + timedelta(hours=1))

    assert not looks(ahead)["clock"].ok
    assert "clock" not in looks(ahead, live=False)


def test_a_machine_without_the_zone_or_with_a_wrong_one_is_told() -> None:
    def none(name: str) -> ZoneInfo:
        raise ZoneInfoNotFoundError(name)

    def always_winter(_name: str) -> ZoneInfo:
        return timezone(timedelta(hours=-5))  # type: ignore[return-value]

    assert not doctor.time_zones(none).ok
    assert doctor.time_zones(always_winter).said == "New York is wrong in July"
    assert doctor.time_zones().ok


def test_models_of_another_library_or_other_features_are_told(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    with duckdb.connect(str(settings.place.warehouse)) as database:
        database.execute("CREATE SCHEMA nba_models")
        database.execute("CREATE TABLE nba_models.calibration (day DATE, library VARCHAR, features VARCHAR)")
        mine = CONTRACT
        database.execute("INSERT INTO nba_models.calibration VALUES ('2024-01-01', ?, ?)", [calibration.LIBRARY, mine])
    [good] = doctor.models(settings)
    with duckdb.connect(str(settings.place.warehouse)) as database:
        database.execute("INSERT INTO nba_models.calibration VALUES ('2024-01-08', 'numpy 1.0.0', ?)", [mine])
    [bad] = doctor.models(settings)

    assert good.ok
    assert not bad.ok
    assert "numpy 1.0.0" in bad.said
    [none] = doctor.models(Settings(home=tmp_path / "empty"))
    assert none.ok


def test_a_model_whose_library_cannot_be_loaded_here_is_told_and_ends_no_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(home=tmp_path)
    with duckdb.connect(str(settings.place.warehouse)) as database:
        database.execute("CREATE SCHEMA mlb_models")
        database.execute("CREATE TABLE mlb_models.strikeout_model (day DATE, library VARCHAR, features VARCHAR)")
        database.execute("INSERT INTO mlb_models.strikeout_model VALUES ('2023-04-01', 'lightgbm 4.7.0', '')")
    monkeypatch.setitem(sys.modules, "lightgbm", None)

    [line] = doctor.models(settings)

    assert not line.ok
    assert "2023-04-01" in line.said
    assert "LightGBM cannot be loaded" in line.said
    assert "install the extra" in line.do


def test_a_warehouse_that_is_held_is_told_of_once(tmp_path: Path) -> None:
    path = Settings(home=tmp_path).place.warehouse
    holds = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", holds, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()

        [line] = doctor.models(Settings(home=tmp_path))
        holder.communicate()

    assert line.said == "not looked at: the controller holds the warehouse"


def test_a_ledger_of_another_schema_is_told(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.db")
    with ledger.transaction() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    ledger.close()

    found = {look.what: look for look in doctor.look(Settings(home=tmp_path), NOW)}

    assert not found["ledger"].ok
    assert "schema 0001" in found["ledger"].said


def test_a_whole_look_at_a_new_home_is_in_order(tmp_path: Path) -> None:
    found = doctor.look(Settings(home=tmp_path), NOW)

    assert [look for look in found if not look.ok] == []
    assert {"build", "copies", "disk", "installed files", "ledger", "libgomp", "models", "time zones"} == {
        look.what for look in found
    }


@pytest.mark.parametrize("held", ["", "no database, of a size of several pages " * 400], ids=["empty", "written over"])
def test_what_the_sentinel_keeps_is_told_where_it_cannot_be_read_and_all_else_is_looked_at(
    held: str, tmp_path: Path
) -> None:
    Ledger(tmp_path / "ledger.db").close()
    (tmp_path / "sentinel.db").write_text(held)

    found = {look.what: look for look in doctor.look(Settings(home=tmp_path), NOW)}

    assert [what for what, look in found.items() if not look.ok] == ["sentinel"]
    assert "cannot be read" in found["sentinel"].said
    assert found["sentinel"].do
    assert "parts" in found


@pytest.mark.skipif(bool(os.geteuid()), reason="only root can give a file away")
def test_what_another_user_made_in_a_home_is_told(tmp_path: Path) -> None:
    (tmp_path / "archive" / "0e").mkdir(parents=True)
    (tmp_path / "lost+found").mkdir()  # as on a disk of its own, which is root's
    (tmp_path / "lock").touch()
    os.chown(tmp_path / "lost+found", 65534, 65534)
    [before] = doctor.owners(Home(tmp_path))
    os.chown(tmp_path / "archive" / "0e", 65534, 65534)

    [after] = doctor.owners(Home(tmp_path))

    assert (before.ok, after.ok, after.said) == (True, False, "not all is user 0's: archive/0e")


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "LEAST_DISK", 1 << 60)

    assert not doctor.disk(tmp_path / "not" / "yet").ok


def test_growth_is_told_by_store_and_as_days_that_are_left(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert list(doctor.growth(home)) == []
    ledger, batch = Ledger(tmp_path / "ledger.db"), Batch()
    batch.fact("world", "sample", league="east")
    counts = dict.fromkeys(("n_judged", "n_run", "n_held", "n_late", "n_quiet"), 0)
    for at in (NOW, NOW + timedelta(days=9)):
        batch.add("ticks", {"league": "east", "at": at, "build": "b", "settings_hash": "s"} | counts)
    ledger.commit(batch)
    ledger.close()
    (tmp_path / "archive").mkdir()
    (tmp_path / "archive" / "one").write_bytes(b"x" * 10_000_000)
    (tmp_path / "published").mkdir()
    for n in range(1000):  # each of which takes a whole block of the disk
        (tmp_path / "published" / str(n)).write_bytes(b"x" * 100)

    [line] = doctor.growth(home)

    assert line.ok
    assert "over 10 days" in line.said
    assert "archive 1.00" in line.said
    assert "published 0.41" in line.said


def test_the_commit_is_read_from_a_checkouts_files(tmp_path: Path) -> None:
    git = tmp_path / ".git"
    (git / "refs" / "heads").mkdir(parents=True)
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    assert of_checkout(tmp_path) == ""
    (git / "packed-refs").write_text(f"# pack-refs\n{'a' * 40} refs/heads/main\n")
    assert of_checkout(tmp_path) == "a" * 40
    (git / "refs" / "heads" / "main").write_text("b" * 40 + "\n")
    assert of_checkout(tmp_path) == "b" * 40
    (git / "HEAD").write_text("c" * 40 + "\n")
    assert of_checkout(tmp_path) == "c" * 40
    assert build().endswith(commit()[:12])


def health(proxy: str, *, rests: timedelta | None = None) -> ProxyHealth:
    at = datetime(2024, 1, 1, tzinfo=UTC)
    return ProxyHealth(proxy=proxy, host="h", rests_until=at + rests if rests else None)


def test_a_pool_of_which_no_proxy_works_is_not_in_order() -> None:
    now, resting = datetime(2024, 1, 1, tzinfo=UTC), timedelta(minutes=5)

    [none] = doctor.proxies((), (), now)
    [one] = doctor.proxies(("a", "b"), (health("a"), health("b", rests=resting)), now)
    [dead] = doctor.proxies(("a", "b"), (health("a", rests=resting), health("b", rests=resting)), now)

    assert (none.ok, one.ok, dead.ok) == (True, True, False)
    assert dead.said == "0 of 2 work for h"


def test_a_proxy_of_the_environment_is_said_to_serve_no_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://me:hush@10.0.0.1:3128")

    [line] = doctor.proxies((), (), NOW)

    assert (line.ok, "TIPOFF_PROXIES" in line.do, "hush" in repr(line)) == (True, True, False)
    assert "the one that the environment names serves messages and pings alone" in line.said


def test_what_is_off_until_it_is_loaded_is_named_beside_the_keys(tmp_path: Path) -> None:
    settings, batch = Settings(home=tmp_path), Batch()
    lacking = "careers: off until 2024-25 is loaded, a request each: about 1 min at the most"
    for key, value in {"world": "live", "off": json.dumps(["lines: off, TIPOFF_A_KEY is not set", lacking])}.items():
        batch.fact(key, value, league="nba")
    ledger = Ledger(settings.place.ledger)
    ledger.commit(batch)
    ledger.close()

    looks = [(look.what, look.ok, look.said) for look in doctor.outside(settings, NOW)]

    assert ("nba off", True, lacking) in looks
    assert not [said for what, _, said in looks if what == "nba off" and said != lacking]
