"""A channel's address: wherever it is said to be, what is wrong there is named and ends nothing."""

from pathlib import Path

import pytest

from tipoff.config import ChannelSettings, Settings
from tipoff.core.errors import UsageError


def test_a_file_whose_name_is_too_long_is_named_as_one_that_cannot_be_read(tmp_path: Path) -> None:
    channel = ChannelSettings(url_file=tmp_path / ("x" * 300))

    with pytest.raises(UsageError, match="the address of the channel ops cannot be read: File name too long"):
        channel.address("ops")
    assert Settings(home=tmp_path, channels={"ops": channel}).mute == [
        "the address of the channel ops cannot be read: File name too long"
    ]


def test_an_address_of_blanks_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK", "  ")

    with pytest.raises(UsageError, match="the channel ops has no address"):
        ChannelSettings(url_env="HOOK").address("ops")


def test_a_file_without_an_end_is_refused_as_a_channels_address() -> None:
    with pytest.raises(
        UsageError, match="the address of the channel ops cannot be read: it holds more than 65,536 bytes"
    ):
        ChannelSettings(url_file=Path("/dev/zero")).address("ops")
