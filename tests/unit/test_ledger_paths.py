"""A ledger lies where its home is, whatever signs the path has; what is no address is refused with a sentence."""

from pathlib import Path

import pytest

from tipoff.core.errors import UsageError
from tipoff.ledger import Ledger


@pytest.mark.parametrize("name", ["a?b", "a#b", "a%20b", "a b", "ä", "a&mode=rwc", "a'b"])
def test_a_ledger_lies_where_its_home_is(name: str, tmp_path: Path) -> None:
    home = tmp_path / name
    home.mkdir()

    Ledger(home / "ledger.db").close()
    Ledger(home / "ledger.db", read_only=True).close()

    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (home / "ledger.db").exists()


@pytest.mark.parametrize(
    "address", ["nonsense", "://T0PSECRET", "oracle9://T0PSECRET@h/d", "postgresql://u:T0PSECRET@h:port/d"]
)
def test_what_is_no_address_is_refused_and_not_shown(address: str) -> None:
    with pytest.raises(UsageError) as told:
        Ledger(address)

    assert "T0PSECRET" not in f"{told.value} {told.value.hint}"
