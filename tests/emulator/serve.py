"""The emulator with the layer around it, as a process of its own in `.venv-emulator`: `python -m tests.emulator.serve --port N`.

The emulator is used as it is published; two of its names are replaced in this process: what makes its application, so that the
layer stands around it, and what makes the ids of upload jobs, so that they are the client's. It parses each statement some thirty
times over; here what was parsed is kept, and a copy given out.
"""

import argparse
import gc
from functools import lru_cache
from typing import Any

import duckdb
from bqemulator import server
from bqemulator.api.dependencies import AppContext
from bqemulator.api.routes import upload
from bqemulator.config import Settings
from duckdb_extensions import import_extension
from sqlglot.dialects.dialect import Dialect
from tests.emulator.buffer import Name
from tests.emulator.layer import UPLOAD_ID, App, Layer


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=9050)
    port = parser.parse_args().port
    import_extension("spatial", con=duckdb.connect())
    make_app, make_id = server.create_app, upload._new_job_id  # noqa: SLF001 -- it offers no other way

    def create_app(context: AppContext) -> App:
        def types(name: Name) -> dict[str, str]:
            found = context.catalog.get_table(*name)
            return {field.name: str(field.type) for field in found.schema_.fields} if found else {}

        return Layer(make_app(context), types, lambda: context.clock.now().timestamp())

    _parse_once()
    gc.freeze()  # what is imported is not gone through again and again
    gc.set_threshold(50_000, 20, 20)
    server.create_app = create_app
    upload._new_job_id = lambda: UPLOAD_ID.get() or make_id()  # noqa: SLF001 -- as above
    server.run_forever(Settings(rest_port=port, grpc_port=0, log_level="error"))


def _parse_once() -> None:
    parse = Dialect.parse

    @lru_cache(maxsize=2000)
    def kept(kind: type[Dialect], settings: str, sql: str, options: tuple[tuple[str, Any], ...]) -> list[Any]:
        return parse(dialects[kind, settings], sql, **dict(options))

    dialects: dict[tuple[type[Dialect], str], Dialect] = {}

    def parsed(dialect: Dialect, sql: str, **options: Any) -> list[Any]:
        key = type(dialect), repr(sorted(dialect.settings.items()))
        dialects.setdefault(key, dialect)
        try:
            found = kept(*key, sql, tuple(sorted(options.items())))
        except TypeError:  # an option that cannot be a key
            return parse(dialect, sql, **options)
        return [tree.copy() if tree is not None else None for tree in found]

    setattr(Dialect, "parse", parsed)  # noqa: B010 -- a method that is replaced


if __name__ == "__main__":
    main()
