"""What a ledger knows of the code: every file that makes an output is counted with its runs, failures and incidents."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert
from tests.samples import Samples

from tipoff.leagues.nba.league import NBA
from tipoff.ledger import Ledger, schema, watching
from tipoff.views.audit_evidence import audit_evidence

AT = datetime(2030, 1, 18, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def home(samples: Samples, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return samples.copy(2, tmp_path_factory.mktemp("home"))


def add_incident(home: Path, cause: str, effects: str) -> None:
    ledger = Ledger(home / "ledger.db")
    row = {
        "league": "nba", "cause": cause, "check": "x", "what": "x", "severity": 3, "told": 0, "told_by": "monitor",
        "step": 0, "opened_at": AT, "changed_at": AT, "effects": effects, "radius_told": 0, "n_findings": 1,
    }  # fmt: skip
    with ledger.transaction() as connection:
        connection.execute(insert(watching.incidents).values(**row))
    ledger.close()


def test_sql_parsers_models_and_the_machine_are_each_known(home: Path) -> None:
    ledger = Ledger(home / "ledger.db", read_only=True)
    known = audit_evidence(ledger, [NBA])
    n_runs = len(ledger.rows(schema.runs.select()))
    ledger.close()

    assert known["tipoff/leagues/nba/sql/player_features.sql"].outputs == ("player_features",)
    assert "quantile_regression" in known["tipoff/leagues/nba/systems/quantile_regression.py"].outputs
    assert "nba_player_boxscores" in known["tipoff/leagues/nba/sources/statsnba.py"].outputs
    assert "quantile_regression" not in known["tipoff/leagues/nba/sources/statsnba.py"].outputs
    assert known["tipoff/engine/run.py"].n_runs == n_runs
    assert 0 < known["tipoff/leagues/nba/systems/quantile_regression.py"].n_runs < n_runs
    assert all((Path(__file__).parents[2] / "src" / name).is_file() for name in known)


def test_an_incident_counts_for_the_code_of_its_cause_or_of_what_shows_it(home: Path) -> None:
    add_incident(home, "step:player_features", '{"quantile_regression|2030-01-01|late": null}')
    add_incident(home, "source:statsnba", '{"player_games|2030-01-01|late": null}')
    add_incident(home, "controller", '{"quantile_regression|2030-01-01|late": null}')

    ledger = Ledger(home / "ledger.db", read_only=True)
    known = audit_evidence(ledger, [NBA])
    ledger.close()

    assert known["tipoff/leagues/nba/sql/player_features.sql"].n_incidents == 1
    assert known["tipoff/leagues/nba/systems/quantile_regression.py"].n_incidents >= 1
    assert known["tipoff/leagues/nba/sources/balldontlie.py"].n_incidents == 0
    assert known["tipoff/engine/run.py"].n_incidents == 3
