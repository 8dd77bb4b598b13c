"""A merge by dlt into DuckDB, timed; `benchmarks.warehouse_bench` runs it in an environment of its own: FOLDER, row counts."""

import json
import sys
import time
from importlib.metadata import version
from pathlib import Path

import dlt
import pyarrow.parquet as pq


def main(folder: Path, counts: list[int]) -> None:
    """Merge the rows of each `first-N.parquet`, then of `again-N.parquet` over them, and print the seconds."""
    found: dict[str, object] = {"dlt": version("dlt"), "duckdb": version("duckdb")}
    for count in counts:
        path = str(folder / f"dlt-{count}.duckdb")
        pipeline = dlt.pipeline(
            f"bench_{count}", destination=dlt.destinations.duckdb(path), dataset_name="x", pipelines_dir=str(folder)
        )
        took = []
        for which in ("first", "again"):
            rows = pq.read_table(folder / f"{which}-{count}.parquet")
            began, cpu = time.perf_counter(), time.process_time()
            pipeline.run(rows, table_name="rows", write_disposition="merge", primary_key=["day", "unit", "who"])
            took.append({"s": round(time.perf_counter() - began, 3), "cpu_s": round(time.process_time() - cpu, 3)})
        found[str(count)] = {"first": took[0], "again": took[1]}
    print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]), [int(text) for text in sys.argv[2:]])
