"""What is said before anything is made, and how documents say it."""

import dataclasses
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tipoff.app import providers
from tipoff.app.replay import replay_spec
from tipoff.cli.show import print_json
from tipoff.config import Settings
from tipoff.core.errors import UsageError
from tipoff.core.incident import Trouble
from tipoff.core.severity import Severity
from tipoff.leagues.catalog import content_named
from tipoff.leagues.predict import boosting


def test_a_missing_extra_is_said_before_anything_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = content_named("nba")
    bare = dataclasses.replace(content.models[0], lacks=lambda: "models")
    monkeypatch.setattr("tipoff.app.replay.content_named", lambda _name: dataclasses.replace(content, models=(bare,)))

    with pytest.raises(UsageError, match="the models of nba cannot be trained here") as refused:
        replay_spec(Settings(home=tmp_path / "home"), "nba", "sample:2", world="sample", seed=7)

    assert refused.value.hint == "install it: pip install 'tipoff[models]'"
    assert not (tmp_path / "home").exists()
    providers.must_have_models(content)
    assert (boosting.lacks("lightgbm"), boosting.lacks("no_such_library")) == ("", "models")


def test_documents_say_severities_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    at = datetime(2024, 1, 10, 12, tzinfo=UTC)
    words = {"league": "x", "cause": "c", "check": "x", "output": "o", "note": ""}
    finding = Trouble(**words, day=at.date(), severity=Severity.CRITICAL, at=at)

    print_json({"found": [finding, {"severity": 1, "what": {"severity": Severity.ERROR}}], "severity": "info"}, ok=True)

    said = json.loads(capsys.readouterr().out)
    assert [said["found"][0]["severity"], said["found"][1]["severity"], said["severity"]] == [
        "critical",
        "warning",
        "info",
    ]
    assert said["found"][1]["what"] == {"severity": "error"}
