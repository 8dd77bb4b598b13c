"""Data folders with a season under another name, made of a recorded one: games on neutral ground, other years, a part of it."""

import csv
import gzip
import io
from collections.abc import Callable
from pathlib import Path

Row = dict[str, str]
NEUTRAL = 5  # games of which both rows of the log say `@`


def season_like(  # noqa: PLR0913 -- what it is made of
    data: Path, of: str, name: str, to: Path, *, until: str = "9999", years: int = 0
) -> Path:
    """Make a data folder `to` that holds the season `of` up to a day as `name`, moved by years, with games on neutral ground.

    The seasons before `of` in `data` are there too, as they are.
    """
    folder = to / "nba"
    folder.mkdir(parents=True)
    (to / "odds").mkdir()
    (folder / "second_source_player_logs.parquet").symlink_to(data / "nba" / "second_source_player_logs.parquet")
    with (data / "nba" / f"schedule_{of}.csv").open() as file:
        played = [row for row in csv.DictReader(file) if row["game_date"] < until]
    neutral = {row["game_id"] for row in played[:: max(1, len(played) // NEUTRAL)][:NEUTRAL]}

    def changed(row: Row) -> Row:
        is_neutral = row.get("GAME_ID") in neutral
        sides = {"MATCHUP": row["MATCHUP"].replace(" vs. ", " @ ")} if is_neutral else {}
        return _moved(row | sides, of, name, years)

    for kind, day in (("schedule_{}.csv", "game_date"), ("player_gamelogs_{}.csv.gz", "GAME_DATE")):
        _edited(data / "nba" / kind.format(of), folder / kind.format(name), changed, day, until)
    kind = "team_gamelogs_{}.csv.gz"
    _edited(data / "nba" / kind.format(of), folder / kind.format(name), changed, "GAME_DATE", until)
    return to


def _moved(row: Row, of: str, name: str, years: int) -> Row:
    """Return a row as it would stand in the season that begins `years` later: its dates, its ids, its season."""
    if not years:
        return row
    was, found = int(of[:4]), dict(row)
    for column, text in row.items():
        if column.lower().endswith("date") and text:
            found[column] = f"{int(text[:4]) + years}{text[4:]}"
    for column in ("GAME_ID", "game_id"):
        if column in row:
            found[column] = row[column].replace(f"002{was % 100:02}", f"002{(was + years) % 100:02}", 1)
    if "SEASON_ID" in row:
        found["SEASON_ID"] = f"2{was + years}"
    for column in ("SEASON", "season"):
        if column in row:
            found[column] = name
    return found


def _edited(path: Path, to: Path, change: Callable[[Row], Row], day: str, until: str) -> None:
    is_packed = path.suffix == ".gz"
    text = gzip.decompress(path.read_bytes()).decode() if is_packed else path.read_text()
    kept = [change(row) for row in csv.DictReader(text.splitlines()) if row[day] < until]
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(kept[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(kept)
    content = out.getvalue().encode()
    to.write_bytes(gzip.compress(content) if is_packed else content)
