"""Homes in which the sample league's first days were replayed: each is made once, for every test and worker that needs one."""

import fcntl
import shutil
from collections.abc import Callable
from pathlib import Path

from tests.support import sample_spec

from tipoff.app import replay as app
from tipoff.config import Settings


class Samples:
    """Replayed homes in a folder that all workers of a session share."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(exist_ok=True)

    def made(self, days: int, *, watched: bool = False) -> Path:
        """Return the home of so many days, replayed under the watch or not; nobody may write into it."""

        def replay(home: Path) -> None:
            app.run_together(Settings(home=home), [sample_spec(days)], progress=lambda _: None, watched=watched)

        return self.once(f"{days}-watched" if watched else f"{days}", replay)

    def once(self, name: str, make: Callable[[Path], object]) -> Path:
        """Return a folder of this name, which `make` has filled for whoever came first; nobody else may write into it."""
        home, whole = self._folder / name, self._folder / f"{name}.whole"
        with (self._folder / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not whole.exists():
                shutil.rmtree(home, ignore_errors=True)
                home.mkdir()
                make(home)
                whole.touch()
        return home

    def copy(self, days: int, to: Path, *, watched: bool = False) -> Path:
        """Leave a home of so many days at `to`, which must not be there or be empty."""
        made, of_readers = self.made(days, watched=watched), shutil.ignore_patterns("*-wal", "*-shm")
        return shutil.copytree(made, to, dirs_exist_ok=True, ignore=of_readers)
