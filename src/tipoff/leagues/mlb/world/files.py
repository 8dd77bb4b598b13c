"""The recorded seasons as files: Retrosheet's season tables, batters' totals by hand, registers of players."""

import hashlib
import re
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.csv

from tipoff.core.errors import UsageError

Record = dict[str, str]
_CUT = "restore the file; it may have been cut short"
_TOLD = "gid visteam hometeam site date number starttime daynight innings timeofgame suspend umphome temp gametype"
_TOTALS = "gid team stattype b_pa b_k b_r b_h b_w b_hbp start_l1 start_l9"
_NEEDED = {"gameinfo": _TOLD.split(), "teamstats": _TOTALS.split()}  # columns of files that are read whole
_YEAR = re.compile(r"retrosheet_gameinfo_(\d{4})\.csv\.gz")


class Files:
    """A data folder. Every value is read as text: identifiers begin with zeros."""

    def __init__(self, root: Path) -> None:
        """Look at the folder.

        Raises:
            UsageError: It is not there, or holds no season.
        """
        self.root = root
        folder = root / "mlb"
        names = sorted(path.name for path in folder.glob("retrosheet_gameinfo_*.csv.gz")) if folder.is_dir() else []
        self.seasons = tuple(int(found.group(1)) for name in names if (found := _YEAR.fullmatch(name)))
        if not self.seasons:
            msg = f"{root} holds no MLB season"
            raise UsageError(msg, hint="set TIPOFF_DATA to a folder with mlb/retrosheet_gameinfo_YEAR.csv.gz")

    def season(self, kind: str, year: int, columns: Sequence[str] = ()) -> list[Record]:
        """Return one of a season's files: gameinfo, pitching or teamstats; all columns, or those named.

        Raises:
            UsageError: It cannot be read, has no row, or lacks a column.
        """
        path = self.path_of(kind, year)
        rows = list(self._rows(path, columns))
        if not rows:
            msg = f"{path} has no row"
            raise UsageError(msg, hint=_CUT)
        lacks = [name for name in _NEEDED.get(kind, ()) if name not in rows[0]] if not columns else ()
        if lacks:
            raise _lacking(path, ", ".join(lacks))
        return rows

    def path_of(self, kind: str, year: int) -> Path:
        """Return where a season's file of a kind is."""
        return self.root / "mlb" / f"retrosheet_{kind}_{year}.csv.gz"

    def first(self, folder: str, pattern: str, columns: Sequence[str] = ()) -> list[Record]:
        """Return the rows of the newest file of a pattern; none where there is no such file."""
        found = sorted((self.root / folder).glob(pattern))
        return list(self._rows(found[-1], columns)) if found else []

    def each(self, folder: str, pattern: str) -> Iterator[Record]:
        """Yield the rows of all files of a pattern, the newest file's last."""
        for path in sorted((self.root / folder).glob(pattern)):
            yield from self._rows(path, ())

    def fingerprint(self, *parts: object) -> str:
        """Return a hash of the names and contents of all files of games, and of `parts`: registers of men may grow."""
        sha = hashlib.sha256("|".join(str(one) for one in parts).encode())
        for path in self._all():
            sha.update(f"{path.name}|{path.stat().st_size}|".encode())
            sha.update(str(zlib.crc32(path.read_bytes())).encode())
        return sha.hexdigest()[:16]

    def _all(self) -> Sequence[Path]:
        return sorted((*self.root.glob("mlb/retrosheet_*"), *self.root.glob("mlb/batting_platoon_*")))

    def _rows(self, path: Path, columns: Sequence[str]) -> Iterator[Record]:
        try:
            with (
                pa.OSFile(str(path)) as raw,
                pa.CompressedInputStream(raw, "gzip") if path.suffix == ".gz" else raw as source,
            ):
                header = pyarrow.csv.read_csv(source, convert_options=_text(path, columns))
        except (OSError, pa.ArrowInvalid) as error:
            is_there = not isinstance(error, FileNotFoundError)
            msg = f"{path} cannot be read: {error}" if is_there else f"{path} is not there"
            raise UsageError(msg, hint=_CUT if is_there else "a season has gameinfo, pitching and teamstats") from error
        except KeyError as error:  # of the columns named
            raise _lacking(path, f"{error.args[0]}") from error
        names = header.column_names
        for values in zip(*(_shared(header.column(name)) for name in names), strict=True):
            yield dict(zip(names, values, strict=True))


def _lacking(path: Path, columns: str) -> UsageError:
    return UsageError(
        f"{path} lacks columns: {columns}",
        hint="restore the file as it was published: its first line names its columns",
    )


def _shared(column: pa.ChunkedArray) -> list[str]:
    """Return a column's texts, equal ones as one object: a season has millions, and few that differ."""
    coded = column.combine_chunks().dictionary_encode()
    texts = coded.dictionary.to_pylist()
    return [texts[place] for place in coded.indices.to_pylist()]


def _text(path: Path, columns: Sequence[str]) -> pyarrow.csv.ConvertOptions:
    with pa.OSFile(str(path)) as raw, pa.CompressedInputStream(raw, "gzip") if path.suffix == ".gz" else raw as source:
        first = source.read(20_000).decode("utf-8", "replace").partition("\n")[0].strip()
    types = {name.strip('"'): pa.string() for name in first.split(",")}
    return pyarrow.csv.ConvertOptions(column_types=types, include_columns=list(columns))
