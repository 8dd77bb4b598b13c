"""`tipoff replay-incident`: with these rules, when would one have been told, and how often."""

import sys
from pathlib import Path

import click

from tipoff.cli.show import EXIT_WRONG, as_json, print_json
from tipoff.watch.timetable import in_words, judge_runs, read_runs, read_timetable


@click.command("replay-incident")
@click.argument("runs", type=click.Path(path_type=Path))
@click.option("--timetable", type=click.Path(path_type=Path), required=True, help="When each job is expected (TOML).")
@as_json
def replay_incident_command(runs: Path, timetable: Path, *, as_json: bool) -> None:
    """Hold recorded RUNS (a CSV with job and committed_at) against a timetable: what was lost, and when one would know."""
    expected, times = read_timetable(timetable), read_runs(runs)
    until = max((at for found in times.values() for at in found), default=None)
    judged = judge_runs(expected, times, until) if until else None
    if as_json:
        print_json(judged or {"n_runs": 0})
    elif judged is None:
        click.echo(f"{runs} holds no run")
    else:
        for line in in_words(judged):
            click.echo(line)
    sys.exit(EXIT_WRONG if judged is None or judged.lost else 0)
