"""A slate of 15 games from 8 sources that answer in 0.5 s and allow 4 at once: asked, archived, parsed, over real sockets.

`python -m benchmarks.slate_fetch`. Each source is a lane of its own, as live; each answer is a game's live box score.
"""

import json
import tempfile
import time
import tracemalloc
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.local_provider import Handler, provider
from tipoff.app.executor import SeveralAtOnce
from tipoff.core.clock import RealClock, stopwatch
from tipoff.core.home import Profile
from tipoff.core.payload import Request
from tipoff.core.provider import Provider
from tipoff.leagues.entries import read_json
from tipoff.leagues.nba.sources.boxes import read_box
from tipoff.leagues.nba.world.livebox import live_box
from tipoff.leagues.nba.world.sample import SampleNba
from tipoff.sources.live import LiveWorld
from tipoff.sources.memory import InProcess
from tipoff.store.archive import Archive

GAMES, SOURCES, ANSWERS_IN_S, AT_ONCE, WITHIN_S = 15, 8, 0.5, 4, 10.0
LARGE = 300_000  # bytes
COPIES = 2  # of an answer that is on its way: as it comes and as it is read


def bodies(n_games: int, padded: int) -> list[bytes]:
    """Return as many games' live box scores, each larger by `padded` bytes."""
    games = SampleNba(first_day=date(2030, 1, 7), days=20).data.games[:n_games]
    boxes = (live_box(game, {side: [] for side in game.sides}, is_over=True) for game in games)
    return [json.dumps({"padding": f"{n:04}" * (padded // 4)} | box).encode() for n, box in enumerate(boxes)]


def fetched(n_games: int, padded: int = 0) -> dict[str, Any]:
    """Ask for a slate; returns how long it took, what was read, and how much memory it took beyond the answers' largest."""
    answers = bodies(n_games, padded)

    def box(handler: Handler) -> None:
        time.sleep(ANSWERS_IN_S)  # noqa: TID251 -- a provider's slowness
        handler.answer(200, answers[int(handler.query()["game"])])

    with ExitStack() as opened:
        servers = [opened.enter_context(provider({"/box": box})) for _ in range(SOURCES)]
        hosts = [f"https://source{n}.example" for n in range(SOURCES)]
        known = [
            Provider(base=host, home=server.url, at_once=AT_ONCE) for host, server in zip(hosts, servers, strict=True)
        ]
        folder = opened.enter_context(tempfile.TemporaryDirectory())
        world = LiveWorld(providers=known, secret=lambda _name: "", dice=lambda: 0.0)
        asker = world.asker(Archive(Path(folder), profile=Profile.LIVE), InProcess())
        opened.callback(asker.close)
        together = SeveralAtOnce(asker.at_once)

        def n_rows(request: Request) -> int:
            payload = asker(request, now=RealClock().now).payload
            return len(read_box(payload, read_json(payload)).players.rows)

        def lane(host: str) -> Sequence[int]:
            asked = [Request(source=host, url=f"{host}/box", params=(("game", str(game)),)) for game in range(n_games)]
            return together(n_rows, asked)

        if padded:  # measuring memory takes time
            tracemalloc.start()
        began = stopwatch()
        with ThreadPoolExecutor(SOURCES) as lanes:
            rows = [sum(found) for found in lanes.map(lane, hosts)]
        took = stopwatch() - began
        peak = tracemalloc.get_traced_memory()[1] if padded else 0
        tracemalloc.stop()
        largest = max(map(len, answers))
        return {
            "games": n_games,
            "answers": n_games * SOURCES,
            "took_s": round(took, 2),
            "mb": round(sum(map(len, answers)) * SOURCES / 1e6, 1),
            "rows": sum(rows),
            "most_open_at_once": max(server.most_open for server in servers),
            "largest_answer_kb": round(largest / 1e3),
            "peak_in_largest_answers": round(peak / largest, 1),
        }


def slate_fetch() -> tuple[bool, dict[str, Any]]:
    """Measure a slate; and two of large answers, of which one has twice as many games: the memory is of what is on its way."""
    slate, large, twice = fetched(GAMES), fetched(GAMES, LARGE), fetched(2 * GAMES, LARGE)
    ok = (
        slate["took_s"] <= WITHIN_S
        and slate["most_open_at_once"] <= AT_ONCE
        and max(found["peak_in_largest_answers"] for found in (large, twice)) <= COPIES * AT_ONCE * SOURCES
    )
    return ok, {"bound_s": WITHIN_S, "slate": slate, "large answers": large, "large answers, twice as many": twice}


if __name__ == "__main__":
    print(json.dumps(slate_fetch(), indent=1))
