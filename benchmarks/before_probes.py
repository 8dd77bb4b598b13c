"""One input a point of what trying found, given to whichever code PYTHONPATH names: what it makes of it, in a line.

`python -m benchmarks.before_probes NAME` prints it. The code may be older than this file: a name that it does not have yet is
looked for where it stood.
"""

import contextlib
import datetime as dt
import hashlib
import http.server
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

DAY = dt.date(2024, 1, 5)
NEXT_MORNING = dt.datetime(2024, 1, 6, 16, tzinfo=dt.UTC)
SAMPLE = ("replay", "nba", "sample:1", "--world", "sample")
PROBES: dict[str, Callable[[], str]] = {}


def probe(point: str, what: str) -> Callable[[Callable[[], str]], Callable[[], str]]:
    """Keep a probe under its point and what it gives."""

    def keep(function: Callable[[], str]) -> Callable[[], str]:
        PROBES[f"{point}: {what}"] = function
        return function

    return keep


def of(*places: str) -> Any:  # noqa: ANN401 -- whatever stands there, in whichever code
    """Return the first of several `module:name` that there is."""
    for place in places:
        module, _, name = place.partition(":")
        with contextlib.suppress(ImportError, AttributeError):
            return getattr(import_module(module), name)
    raise LookupError(places)


# --- what a parser makes of an answer

NBA = "tipoff.leagues.nba.sources"


def payload(body: object, *, unit: str = "") -> Any:  # noqa: ANN401 -- of either code
    """Return an answer with this body."""
    content = json.dumps(body).encode()
    request = of("tipoff.core.payload:Request")(source="provider", url="https://provider.test/x", unit=unit)
    sha = hashlib.sha256(content).hexdigest()
    return of("tipoff.core.payload:Payload")(
        request=request, body=content, sha256=sha, status=200, fetched_at=NEXT_MORNING
    )


def context(*units: str) -> Any:  # noqa: ANN401 -- of either code
    """Return the context of the day's slate, the morning after."""
    season = of("tipoff.core.slate:Season")("2023-24", dt.date(2023, 10, 24), dt.date(2024, 4, 14))
    slate = of("tipoff.core.slate:Slate")("nba", season, DAY)
    return of("tipoff.core.step:Context")(slate=slate, units=frozenset(units), as_of=NEXT_MORNING)


def inputs(*games: dict[str, object]) -> dict[str, Any]:
    """Return the slate's own rows as its parsers are given them."""
    made = of("tipoff.core.rows:table_from_records", "tipoff.store.rows:table_from_records")
    tables = import_module("tipoff.leagues.nba.tables")
    rows = {"schedule": games, "player_lines": (), "odds_events": ()}
    return {name: made(getattr(tables, name.upper()), list(found)) for name, found in rows.items()}


def scheduled(game_id: str = "0022300001") -> dict[str, object]:
    """Return a game of the day: Miami at Boston."""
    start = dt.datetime(2024, 1, 6, 0, 30, tzinfo=dt.UTC)
    sides = {"home_team": "BOS", "away_team": "MIA", "home_team_id": 1610612738, "away_team_id": 1610612748}
    return {"day": DAY, "game_id": game_id, "tipoff_at": start, "status": "scheduled", "known_at": start} | sides


def said_of(parse: Callable[..., Any], answer: Any, *given: object) -> str:  # noqa: ANN401 -- of either code
    """Return what came out, in a line."""
    by = parse
    with contextlib.suppress(LookupError):
        parsed_by = of("tipoff.core.parsing:parsed_by")
        by = lambda *rest: parsed_by(parse, *rest)  # noqa: E731 -- a parser's door, where there is one
    parsed = by(answer, *given)
    excused = "; ".join(parsed.excused.values())
    shown = [f"{len(parsed.rows)} rows, {len(parsed.rejects)} rejected", f"excused: {excused}" if excused else ""]
    return ", ".join(text for text in shown if text)


def entry(day: str, **changes: object) -> dict[str, object]:
    """Return a game as the schedule file names it."""
    home = {"teamId": 1610612738, "teamTricode": "BOS", "score": 0}
    away = {"teamId": 1610612748, "teamTricode": "MIA", "score": 0}
    base = {"gameId": "0022300500", "gameStatus": 1, "gameStatusText": "7:30 pm ET", "gameDateEst": day}
    return base | {"gameDateTimeUTC": f"{DAY}T23:30:00Z", "homeTeam": home, "awayTeam": away} | changes


def schedule(*games: dict[str, object]) -> str:
    """Read a schedule file."""
    file = {
        "leagueSchedule": {"seasonYear": "2023-24", "gameDates": [{"gameDate": "01/05/2024", "games": list(games)}]}
    }
    return said_of(of(f"{NBA}.schedule:parse"), payload(file), context(), inputs())


@probe("A.1", "a schedule with its dates written month first")
def _us_dates() -> str:
    return schedule(entry("01/05/2024"))


@probe("A.1", "a schedule without `gameDateEst`")
def _no_dates() -> str:
    game = entry(str(DAY))
    del game["gameDateEst"]
    return schedule(game)


@probe("A.1", "the schedule of last season")
def _last_season() -> str:
    return schedule(entry("2023-01-05", gameId="0022200500"))


@probe("A.1", "a schedule of another league")
def _other_league() -> str:
    return schedule(entry(f"{DAY}T00:00:00Z", gameId="1022300500"))


def odds(*markets: object) -> str:
    """Read one book's markets of a game."""
    event = {"id": "ev1", "sport_key": "basketball_nba", "commence_time": "2024-01-06T00:30:00Z"}
    clubs = {"home_team": "Boston Celtics", "away_team": "Miami Heat"}
    answer = payload(event | clubs | {"bookmakers": [{"key": "book", "markets": list(markets)}]}, unit="0022300001")
    try:
        parse = of(f"{NBA}.lines:POINTS").parse_lines
    except LookupError:
        parse = of(f"{NBA}.oddsapi:parse_lines")
    return said_of(parse, answer, context("0022300001"), inputs(scheduled()))


def market(price: float = -110, **changes: object) -> dict[str, object]:
    """Return a market of one man's points."""
    man = {"description": "Ann Other", "price": price, "point": 20.5}
    outcomes = [{"name": side} | man for side in ("Over", "Under")]
    return {"key": "player_points", "last_update": "2024-01-05T18:00:00Z", "outcomes": outcomes} | changes


@probe("A.1", "books that name no market that is known")
def _other_markets() -> str:
    return odds(market(key="unheard_of"))


@probe("B.2", "one market without an instant beside a good one")
def _no_instant() -> str:
    silent = market()
    del silent["last_update"]
    return odds(silent, market())


@probe("C.4", "decimal prices where American ones were asked for")
def _decimal() -> str:
    return odds(market(price=1.91))


def log(**changes: object) -> str:
    """Read a man's row of the league's game log; what comes out must be storable."""
    base = {"PLAYER_ID": 1, "PLAYER_NAME": "Ann Other", "TEAM_ID": 1610612738, "TEAM_ABBREVIATION": "BOS"}
    game = {"GAME_ID": "0022300001", "GAME_DATE": "2024-01-05", "MATCHUP": "BOS vs. MIA", "WL": "W", "MIN": 30}
    rows = [base | game | {"PTS": 20} | changes, base | game | {"PTS": 12, "PLAYER_ID": 2, "PLAYER_NAME": "Bob Other"}]
    found = {"name": "LeagueGameLog", "headers": list(rows[0]), "rowSet": [list(row.values()) for row in rows]}
    parse = of(f"{NBA}.statsnba:parse_players")
    said = said_of(parse, answer := payload({"resultSets": [found]}), context(), inputs(scheduled()))
    parsed = parse(answer, context(), inputs(scheduled()))
    texts = [*(row["player_name"] for row in parsed.rows), *(reject.row for reject in parsed.rejects)]
    "".join(texts).encode()
    raw = "; raw control characters" if any("\x1b" in text for text in texts) else ""
    counts = [row["points"] for row in parsed.rows if row["points"] is not None and row["points"] > 10**15]
    return said + raw + (f"; a count of {len(str(counts[0]))} digits" if counts else "")


@probe("B.1", "half a character in a name")
def _surrogate() -> str:
    return log(PLAYER_NAME="Ann \ud83d Other")


@probe("B.1", "a count of thirty digits")
def _digits() -> str:
    return log(PTS=10**29)


@probe("C.2", "a game log after three quarters")
def _in_progress() -> str:
    return log(WL=None)


@probe("F2.7", "control sequences in a name")
def _control() -> str:
    return log(PLAYER_NAME="\x1b[31mAnn Other")


@probe("B.1", "a start in the year 9999")
def _year() -> str:
    return schedule(
        entry(f"{DAY}T00:00:00Z", gameDateTimeUTC="9999-12-31T23:30:00Z"), entry("2024-02-01", gameId="0022300600")
    )


@probe("B.3-4", "keys of names in other letters")
def _keys() -> str:
    key = of("tipoff.leagues.identity.names:name_key", f"{NBA}.names:player_key")
    return ", ".join(
        f"{key(name)!r}" for name in ("\u5468\u7426", "\u0141ukasz Bj\u00f8rn", "\u00de\u00f3r \u0110uri\u0107")
    )


@probe("C.1", 'the second source\'s bench, with `min` "00"')
def _bench() -> str:
    man = {"first_name": "Ann", "last_name": "Other"}
    counts = dict.fromkeys(("pts", "reb", "ast", "fgm", "fga"), 0)
    players = [{"player": man | {"id": n}, "min": "36" if n == 1 else "00"} | counts for n in (1, 2, 3)]
    game = {"date": str(DAY), "status": "Final", "home_team": {"abbreviation": "BOS", "players": players}}
    game |= {"visitor_team": {"abbreviation": "MIA", "players": []}}
    return said_of(of(f"{NBA}.balldontlie:parse"), payload({"data": [game]}), context(), inputs(scheduled()))


# --- what a command says


def run(*words: str, home: Path, cwd: Path | None = None, **environment: str) -> tuple[int, str]:
    """Run a command line; returns its exit code and all that it says."""
    told = os.environ | {"TIPOFF_HOME": str(home)} | environment
    done = subprocess.run(
        [sys.executable, "-m", "tipoff", *words], env=told, capture_output=True, cwd=cwd, timeout=300, check=False
    )
    return done.returncode, (done.stdout + b"\n" + done.stderr).decode(errors="replace")


def command(*words: str, home: Path, cwd: Path | None = None, **environment: str) -> str:
    """Run a command line; returns its exit code and the first that it says, or that it was a traceback."""
    code, said = run(*words, home=home, cwd=cwd, **environment)
    if "Traceback" in said:
        return f"a traceback ({said.strip().splitlines()[-1].partition(':')[0]})"
    lines = [line for line in said.replace(str(home), "HOME").strip().splitlines() if line.strip()]
    return f"exit {code}" + (f": {lines[0][:100]}" if lines else "")


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """Give a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@probe("E.2", "a ledger of a later version, replayed on")
def _newer_ledger() -> str:
    with folder() as root:
        command(*SAMPLE, home=root)
        with contextlib.closing(sqlite3.connect(root / "ledger.db")) as ledger, ledger:
            ledger.execute("UPDATE alembic_version SET version_num = 'v9999'")
        return command(*SAMPLE, home=root)


@probe("E.3", "the settings' hash of one home, written in two ways")
def _hashes() -> str:
    settings = of("tipoff.config:Settings")
    with folder() as root, contextlib.chdir(root):
        hashes = {settings(home=Path("home")).hash, settings(home=root / "home").hash}
    return "one hash" if len(hashes) == 1 else "two hashes"


@probe("G.4", "twelve hourly slots, of which every second run is dropped")
def _slots() -> str:
    here, before = "tipoff.drills.timetable", "tipoff.watch.timetable"
    expected = of(f"{here}:Expected", f"{before}:Expected")(
        job="x", at=tuple(dt.time(hour) for hour in range(12)), first=DAY
    )
    runs = [dt.datetime(2024, 1, 5, hour, 3, tzinfo=dt.UTC) for hour in range(0, 12, 2)]
    judged = of(f"{here}:judge_runs", f"{before}:judge_runs")(
        [expected], {"x": runs}, dt.datetime(2024, 1, 6, tzinfo=dt.UTC)
    )
    return f"{len(judged.lost)} of {judged.n_slots} slots lost"


@probe("H.1", 'a dead-man\'s switch that answers 200 "OK (not found)"')
def _switch() -> str:
    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Answer that nothing is known."""
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"OK (not found)")

        def log_message(self, *_given: object) -> None:
            """Say nothing."""

    server = http.server.HTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    said = of("tipoff.watch.send:ping")(f"http://127.0.0.1:{server.server_port}/")
    server.shutdown()
    return said or "asked"


def setting(**environment: str) -> str:
    """Read settings; returns whether they are taken."""
    with folder() as root:
        try:
            of("tipoff.config:read_settings")(
                {f"TIPOFF_{name}": value for name, value in environment.items()}, file=root / "x"
            )
        except Exception as error:  # noqa: BLE001 -- of either code
            return f"refused: {str(error).splitlines()[0][:100]}"
    return "accepted"


@probe("H.3", "`TIPOFF_TICK_EVERY_S=nan`")
def _tick() -> str:
    return setting(TICK_EVERY_S="nan")


@probe("H.3", "`TIPOFF_TICK_EVERY_S=-5`")
def _negative() -> str:
    return setting(TICK_EVERY_S="-5")


@probe("H.5", "a folder where the settings' file should be")
def _settings_folder() -> str:
    with folder() as root:
        (root / "tipoff.toml").mkdir()
        return command("status", "nba", home=root / "home", cwd=root)


@probe("I.6", "the document of `incident list --json`")
def _json() -> str:
    with folder() as root:
        command(*SAMPLE, home=root)
        document = json.loads(run("incident", "list", "--json", home=root)[1])
    return f"an object, ok: {document['ok']}" if isinstance(document, dict) else "a list without `ok`"


@probe("F2.3", "a database's password in its URL's query, told to `doctor`")
def _password() -> str:
    address = "postgresql://127.0.0.1:9/ledger?user=ann&password=hush-hush"
    with folder() as root:
        _, said = run("doctor", home=root, TIPOFF_LEDGER_URL=address)
    return "the password is shown" if "hush-hush" in said else "the password is not shown"


@probe("F2.6", "a home with ? and # in its name")
def _odd_home() -> str:
    with folder() as root:
        command(*SAMPLE, home=root / "a?b#c")
        inside = (root / "a?b#c" / "ledger.db").exists()
    return "the ledger is in it" if inside else "the ledger is in another place"


@probe("H.4", "a waiver of an input that the output does not have")
def _waiver() -> str:
    reason = ("--reason", "x", "--until", "2031-01-01T00:00")
    with folder() as root:
        command(*SAMPLE, home=root)
        return command("gate", "waive", "nba", "grades", "2030-01-07", "player_lines", *reason, home=root)


@probe("J", "eight selects that mean another thing on another engine")
def _dialects() -> str:
    read = "SELECT t.game_id AS key, TRUE AS ok FROM slate.schedule AS t"
    selects = [
        read + " TABLESAMPLE SYSTEM (10 PERCENT)",
        read + " LIMIT 1",
        read + " FOR SYSTEM_TIME AS OF TIMESTAMP '2024-01-01'",
        "SELECT SUBSTR(t.game_id, 0, 1) AS key, TRUE AS ok FROM slate.schedule AS t",
        "SELECT t.game_id AS key, CONTAINS_SUBSTR(t.game_id, 'A') AS ok FROM slate.schedule AS t",
        "SELECT FORMAT_TIMESTAMP('%Y-%m-%d', t.tipoff_at, 'America/New_York') AS key, TRUE AS ok FROM slate.schedule AS t",
        "SELECT t.game_id AS key, CAST(1.123456789 AS NUMERIC) > 1 AS ok FROM slate.schedule AS t",
        "SELECT CAST(t.home_score * 2.5 AS STRING) AS key, TRUE AS ok FROM slate.schedule AS t",
    ]
    tables = {step.name: step.table for step in of("tipoff.leagues.nba.league:NBA").steps}
    question, n_refused = of("tipoff.store.dialect:question"), 0
    for select in selects:
        try:
            question(select, "a check", tables)
        except of("tipoff.core.errors:ShapeError"):
            n_refused += 1
    return f"{n_refused} of {len(selects)} refused"


@probe("I.8", "`tipoff --version`")
def _version() -> str:
    with folder() as root:
        return command("--version", home=root).partition(":")[0]


if __name__ == "__main__":
    name = sys.argv[1]
    try:
        print(PROBES[name]())
    except Exception as ended:  # noqa: BLE001 -- how it ends is what is looked for
        kind = type(ended).__name__
        first = str(ended).splitlines()[0][:110] if str(ended) else ""
        known = kind in {"SourceError", "UsageError", "PipelineError"}
        print(f"an error: {first}" if known else f"it ends with {kind}")
