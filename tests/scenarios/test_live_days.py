"""Two days of `tipoff up nba` and `tipoff sentinel` as processes over real sockets, whatever becomes of providers and of them."""

from pathlib import Path

from benchmarks.live_run import is_as_planned, live_run, two_days


def test_two_days_of_killed_processes_and_bad_providers_are_proven_published_in_time_and_told(tmp_path: Path) -> None:
    found = live_run(two_days(), tmp_path)

    assert is_as_planned(found), found
    assert found["starts"] == {"up": 3, "sentinel": 3}
    assert found["games"] > 10
    assert found["answers"]["down"] > 0
    assert found["answers"]["credits spent"] > 0
    assert all("balldontlie" in row or "bdl" in row for row in found["for want of a key or credits"])
