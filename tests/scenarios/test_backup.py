"""A copy of a home: whole, made while it is worked in, and a home again."""

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from benchmarks.content_hashes import differences, hashes_of
from tests.live import wait_until
from tests.samples import Samples
from tests.support import files_of, published, tipoff

from tipoff.app.backup import restore
from tipoff.app.holder import lock, lock_file
from tipoff.app.live import run_controllers, sample_live
from tipoff.app.requests import back_up
from tipoff.config import Settings
from tipoff.core.clock import RealClock, Stop, pause
from tipoff.core.errors import LedgerError, UsageError
from tipoff.leagues.nba.league import NBA
from tipoff.ledger import Ledger
from tipoff.ledger.alerts import read_other
from tipoff.ledger.connect import one_maker
from tipoff.store.duck import DuckWarehouse


@pytest.fixture(scope="module")
def home(samples: Samples, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return samples.copy(2, tmp_path_factory.mktemp("backed") / "home")


def test_a_home_is_restored_whole_and_goes_on(home: Path, tmp_path: Path) -> None:
    copied = tipoff("backup", str(tmp_path / "copy"), home=home)
    made = tipoff("restore", str(tmp_path / "copy"), home=tmp_path / "again")

    assert (copied.returncode, made.returncode) == (0, 0), copied.stderr + made.stderr
    again = tmp_path / "again"
    assert differences(hashes_of(str(home)), hashes_of(str(again))) == []
    assert published(again) == published(home)
    warehouses = [DuckWarehouse(folder / "warehouse.duckdb") for folder in (home, again)]
    proofs = [warehouse.proofs() for warehouse in warehouses if warehouse.prepare(NBA.steps)]
    for proof in proofs[0]:
        if not proof.output.startswith("published"):
            table = NBA.table(proof.output)
            assert warehouses[0].recount(table, proof.day) == warehouses[1].recount(table, proof.day)
    for warehouse in warehouses:
        warehouse.close()
    assert len(proofs[0]) == len(proofs[1]) > 20
    done = tipoff("replay", "nba", "sample:2", "--world", "sample", home=again)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("text", ['{"at": "2030', "[]", "{}"])
def test_a_copy_that_does_not_say_what_was_copied_is_no_home(home: Path, tmp_path: Path, text: str) -> None:
    back_up(Settings(home=home), tmp_path / "copy")
    (tmp_path / "copy" / "backup.json").write_text(text)

    with pytest.raises(UsageError, match="does not say what was copied"):
        restore(Settings(home=tmp_path / "again"), tmp_path / "copy")
    assert not (tmp_path / "again").exists()


@pytest.mark.parametrize("name", ["ledger.db", "warehouse.duckdb"])
def test_a_copy_that_has_lost_something_is_no_home(home: Path, tmp_path: Path, name: str) -> None:
    back_up(Settings(home=home), tmp_path / "copy")
    (tmp_path / "copy" / name).write_text("cut")

    with pytest.raises(UsageError, match="is not as it was made"):
        restore(Settings(home=tmp_path / "again"), tmp_path / "copy")
    (tmp_path / "copy" / name).unlink()
    with pytest.raises(UsageError, match="is not as it was made"):
        restore(Settings(home=tmp_path / "again"), tmp_path / "copy")
    assert not (tmp_path / "again").exists()


def test_a_copy_whose_reader_was_killed_is_as_it_was_made(home: Path, tmp_path: Path) -> None:
    back_up(Settings(home=home), tmp_path / "copy")
    (tmp_path / "copy" / "ledger.db-shm").write_bytes(bytes(32768))

    restore(Settings(home=tmp_path / "again"), tmp_path / "copy")

    assert (tmp_path / "again" / "ledger.db").read_bytes() == (tmp_path / "copy" / "ledger.db").read_bytes()
    assert not (tmp_path / "again" / "ledger.db-shm").exists()


def test_a_disk_that_refuses_leaves_no_part_of_a_copy_or_home_and_is_told_in_a_line(home: Path, tmp_path: Path) -> None:
    back_up(Settings(home=home), tmp_path / "copy")

    for command, at, left in (
        ("backup", home, tmp_path / "other"),
        ("restore", tmp_path / "again", tmp_path / "again" / "ledger.db"),
    ):
        to = tmp_path / ("other" if command == "backup" else "copy")
        script = f"{files_of(100)} exec {sys.executable} -m tipoff {command} {to}"  # files of 50 kB and no more
        environment = os.environ | {"TIPOFF_HOME": str(at)}
        ran = subprocess.run(
            ["/bin/sh", "-c", script], env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert ran.returncode == 1
        assert (len(ran.stderr) < 700, ran.stderr.count("\n")) == (True, 2), ran.stderr
        assert not left.exists()
    assert {path.name for path in tmp_path.iterdir()} <= {"copy", "again", "home"}
    assert [path.name for path in (tmp_path / "again").iterdir()] == ["lock"]


def test_a_restore_that_was_killed_is_begun_anew_and_until_then_there_is_no_home(home: Path, tmp_path: Path) -> None:
    back_up(Settings(home=home), tmp_path / "copy")
    (tmp_path / "again" / ".restore").mkdir(parents=True)
    (tmp_path / "again" / ".restore" / "ledger.db").write_text("half of i")
    (tmp_path / "again" / "lost+found").mkdir()  # where a disk is mounted

    assert not Settings(home=tmp_path / "again").place.has_ledger
    restore(Settings(home=tmp_path / "again"), tmp_path / "copy")

    assert differences(hashes_of(str(home)), hashes_of(str(tmp_path / "again"))) == []
    assert not (tmp_path / "again" / ".restore").exists()


def test_a_restore_that_was_killed_while_it_moved_what_it_had_copied_is_begun_anew(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    back_up(Settings(home=home), tmp_path / "copy")
    again = Settings(home=tmp_path / "again")
    with monkeypatch.context() as killed:
        for tidies in ("tipoff.app.backup.shutil.rmtree", "tipoff.app.backup._take_back"):
            killed.setattr(tidies, lambda *_given, **_named: None)
        killed.setattr("tipoff.app.backup.Path.rename", _rename_or_die(Path.rename))
        with pytest.raises(KeyboardInterrupt):
            restore(again, tmp_path / "copy")
    moved = {path.name for path in again.home.iterdir()}

    restore(again, tmp_path / "copy")

    assert {"warehouse.duckdb", "published", ".restore"} < moved
    assert "ledger.db" not in moved
    assert differences(hashes_of(str(home)), hashes_of(str(again.home))) == []
    assert published(again.home) == published(home)
    with pytest.raises(UsageError, match="there is a home in"):
        restore(again, tmp_path / "copy")


def test_a_restore_that_is_broken_off_while_it_moves_what_it_has_copied_leaves_no_part_of_a_home(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    back_up(Settings(home=home), tmp_path / "copy")
    again = Settings(home=tmp_path / "again")

    with monkeypatch.context() as broken:
        broken.setattr("tipoff.app.backup.Path.rename", _rename_or_die(Path.rename))
        with pytest.raises(KeyboardInterrupt):
            restore(again, tmp_path / "copy")

    assert {path.name for path in again.home.iterdir()} <= {lock_file(again.place).name}
    restore(again, tmp_path / "copy")
    assert differences(hashes_of(str(home)), hashes_of(str(again.home))) == []


def _rename_or_die(rename: Callable[[Path, Path], Path]) -> Callable[[Path, Path], Path]:
    def moved(path: Path, to: Path) -> Path:
        if path.name == "ledger.db":
            raise KeyboardInterrupt
        return rename(path, to)

    return moved


def test_of_two_restores_at_once_one_makes_the_home_and_the_other_takes_nothing_of_it(
    home: Path, tmp_path: Path
) -> None:
    back_up(Settings(home=home), tmp_path / "copy")
    again = Settings(home=tmp_path / "again")
    (again.home / ".restore").mkdir(parents=True)
    (again.home / ".restore" / "ledger.db").write_text("the other's")

    with lock(again.place), pytest.raises(UsageError, match="another process works in the home"):
        restore(again, tmp_path / "copy")

    assert (again.home / ".restore" / "ledger.db").read_text() == "the other's"


def test_a_home_is_not_copied_into_itself(home: Path) -> None:
    with pytest.raises(UsageError, match="lies in the home itself"):
        back_up(Settings(home=home), home / "published" / "copy")


def test_a_home_is_not_made_in_the_copy_that_it_is_made_of(home: Path, tmp_path: Path) -> None:
    back_up(Settings(home=home), tmp_path / "copy")

    with pytest.raises(UsageError, match="would lie in the copy itself"):
        restore(Settings(home=tmp_path / "copy" / "home"), tmp_path / "copy")
    assert not (tmp_path / "copy" / "home").exists()


def test_a_copy_never_writes_over_anything(home: Path, tmp_path: Path) -> None:
    back_up(Settings(home=home), tmp_path / "copy")

    with pytest.raises(UsageError, match="there already"):
        back_up(Settings(home=home), tmp_path / "copy")
    with pytest.raises(UsageError, match="there is a home"):
        restore(Settings(home=home), tmp_path / "copy")
    with pytest.raises(UsageError, match="no copy of a home"):
        restore(Settings(home=tmp_path / "new"), home)


def test_of_two_copies_into_one_folder_at_once_one_is_made_and_the_other_refused(home: Path, tmp_path: Path) -> None:
    with one_maker(tmp_path / "copy"):  # as whoever copies
        (tmp_path / ".copy.part").mkdir()
        (tmp_path / ".copy.part" / "ledger.db").write_text("the other's")
        begun = subprocess.Popen(
            [sys.executable, "-m", "tipoff", "backup", str(tmp_path / "copy")],
            env=os.environ | {"TIPOFF_HOME": str(home)},
            stderr=subprocess.PIPE,
        )
        waits = re.compile(rf"-> FLOCK +ADVISORY +WRITE {begun.pid} ")
        wait_until(lambda: bool(waits.search(Path("/proc/locks").read_text())), timedelta(seconds=60))
        assert (tmp_path / ".copy.part" / "ledger.db").read_text() == "the other's"
        (tmp_path / ".copy.part").rename(tmp_path / "copy")
    said = begun.communicate(timeout=60)[1].decode()

    assert (begun.returncode, "copy is there already" in said) == (2, True), said
    assert [path.name for path in (tmp_path / "copy").iterdir()] == ["ledger.db"]
    assert not (tmp_path / ".copy.part").exists()


def test_a_running_controller_makes_the_copy_that_is_asked_for(tmp_path: Path) -> None:
    settings, stop = Settings(home=tmp_path / "home", tick_every_s=0.3), Stop()
    lives = [sample_live(settings, NBA, RealClock())]
    running = threading.Thread(
        target=run_controllers, args=(lives, stop), kwargs={"monitored": False, "said": lambda _line: None}
    )
    running.start()
    try:
        while "controller nba" not in read_other(settings.place.ledger, RealClock().now())[1]:
            pause(timedelta(milliseconds=100))
        said = back_up(settings, tmp_path / "copy")
    finally:
        stop.set()
        running.join(timeout=60)

    assert said.endswith(str(tmp_path / "copy"))
    restore(Settings(home=tmp_path / "again"), tmp_path / "copy")
    warehouse = DuckWarehouse(tmp_path / "again" / "warehouse.duckdb")
    warehouse.prepare(NBA.steps)
    warehouse.close()
    Ledger(tmp_path / "again" / "ledger.db").close()


def test_a_ledger_is_copied_before_it_is_upgraded(tmp_path: Path) -> None:
    shutil.unpack_archive(Path(__file__).parents[1] / "homes" / "schema_0004.tgz", tmp_path, "gztar", filter="data")

    Ledger(tmp_path / "home" / "ledger.db").close()

    assert (tmp_path / "home" / "ledger.db.of-schema-0004").stat().st_size > 100_000


def test_a_ledger_that_cannot_be_copied_is_not_upgraded_and_the_reason_is_told(tmp_path: Path) -> None:
    shutil.unpack_archive(Path(__file__).parents[1] / "homes" / "schema_0004.tgz", tmp_path, "gztar", filter="data")
    (tmp_path / "home" / ".ledger.db.of-schema-0004.part").mkdir()

    with pytest.raises(LedgerError, match="could not be copied before its upgrade"):
        Ledger(tmp_path / "home" / "ledger.db")
    with pytest.raises(UsageError, match="has schema 0004, this build needs"):
        Ledger(tmp_path / "home" / "ledger.db", read_only=True)


def test_a_warehouse_whose_tables_find_no_room_is_told_in_a_sentence(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path; from tipoff.leagues.nba.league import NBA; from tipoff.store.duck import DuckWarehouse\n"
        "from tipoff.core.errors import WarehouseError\n"
        "try: DuckWarehouse(Path('w')).prepare(NBA.steps)\n"
        "except WarehouseError as error: print(error)"
    )
    script = f'{files_of(26)} exec {sys.executable} -c "{code}"'
    ran = subprocess.run(
        ["/bin/sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )

    assert ran.stdout.startswith("the warehouse's tables could not be made: "), ran.stdout + ran.stderr
