"""`python -m benchmarks.prove` is asked for claims by their names."""

import pytest
from benchmarks import prove


def test_a_claim_that_nobody_makes_is_refused_with_those_that_there_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["prove", "drills", "drils"])

    with pytest.raises(SystemExit) as ended:
        prove.main()

    assert ended.value.code == 2
    assert "no claim is named drils; claims: season_2023-24, engine_cost" in capsys.readouterr().err


def test_help_names_every_claim_and_measures_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["prove", "--help"])

    with pytest.raises(SystemExit) as ended:
        prove.main()

    assert not ended.value.code
    said = capsys.readouterr().out
    assert all(name in said for name in ("drill_controls", "clean_season_2015-16", "mlb_season_2023"))
