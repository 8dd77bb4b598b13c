"""Settings: whatever a file or the environment says, it is read or refused with a sentence; no value of a secret is shown."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tipoff.config import Settings, as_plain, read_settings
from tipoff.core.errors import UsageError
from tipoff.core.secret import KeyFile
from tipoff.ledger.connect import engine_of, shown

NAMES = st.sampled_from([f"TIPOFF_{name.upper()}" for name in Settings.__struct_fields__])
VALUES = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ["-5", "nan", "inf", "1e400", "true", "{}", "[]", "25:00", "11:00", "\x00", "\ud800", "9" * 500, "/dev/null"]
    ),
)


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    assert read_settings({}, file=tmp_path / "none.toml") == Settings()


def test_everything_that_does_not_fit_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"setting tick_every_s: .*; setting web_port: ") as refused:
        read_settings({"TIPOFF_WEB_PORT": "x", "TIPOFF_TICK_EVERY_S": "-5"}, file=tmp_path / "none.toml")
    assert "-5" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("warehouse = 'sqlite'", "setting warehouse: write one of 'duckdb', 'bigquery'"),
        ("[channels.ops]\nleast = 'loud'", "setting channels.ops.least: write one of 'warning', 'error', 'critical'"),
        ("[channels.ops]\nper_hour = 0", "setting channels.ops.per_hour: Expected `int` >= 1"),
        ("[channels.ops]\nurl = 'x'", "setting channels.ops: Object contains unknown field `url`"),
        ("[active_hours]\nnba = ['10:00', '23:00Z']", "setting active_hours.nba[1]: write it without a zone"),
    ],
)
def test_a_refusal_names_the_place_and_what_may_stand_there(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "tipoff.toml").write_text(text)

    with pytest.raises(UsageError) as refused:
        read_settings({}, file=tmp_path / "tipoff.toml")

    assert str(refused.value).startswith(said)


@pytest.mark.parametrize(
    "address", ["socks5://me:hush@10.0.0.1:1080", "hush:3128", "http://:8080", "http://me:hush@", "http://hush:65536"]
)
def test_a_proxy_that_could_not_be_used_is_refused_by_its_place_and_not_shown(address: str, tmp_path: Path) -> None:
    told = {"TIPOFF_PROXIES": f"http://me:w/o@rd@10.0.0.1:3128, {address}"}

    with pytest.raises(UsageError, match=r"setting proxies: .*SOCKS is not spoken.*Number 2") as refused:
        read_settings(told, file=tmp_path / "none.toml")

    assert "hush" not in str(refused.value)
    assert read_settings({"TIPOFF_PROXIES": "https://[::1]:3128/ http://proxy"}, file=tmp_path / "none.toml").proxies


@pytest.mark.parametrize(
    ("text", "history"), [("on", True), ("1", True), ("True", True), ("off", False), ("No", False)]
)
def test_a_switch_is_read_in_the_words_that_people_write(text: str, history: bool, tmp_path: Path) -> None:  # noqa: FBT001 -- a parameter
    assert read_settings({"TIPOFF_HISTORY": text}, file=tmp_path / "none.toml").history is history


def test_the_hash_of_settings_stays_as_earlier_homes_wrote_it(tmp_path: Path) -> None:
    file = tmp_path / "tipoff.toml"
    file.write_text('[providers."a.b"]\nbase = "http://x"\nevery_s = 1\nheaders = {a = "b"}\nroute = "pool"\n')

    assert read_settings({}, file=file).hash == "fde2f5ce39d5"


def test_a_secret_is_shown_by_nothing_that_shows_settings(tmp_path: Path) -> None:
    read = read_settings({"TIPOFF_ODDS_API_KEY": "T0PSECRET"}, file=tmp_path / "none.toml")

    assert "T0PSECRET" not in f"{read} {read!r} {as_plain(read)}"
    assert read.secret("odds_api_key") == "T0PSECRET"


def test_a_name_that_is_none_is_told_as_it_stands_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "tipoff.toml"
    file.write_text("[chanels.ops]\nurl_env = 'OPS'\n")

    with pytest.raises(UsageError, match=r"no setting chanels, which stands in .*tipoff\.toml$") as refused:
        read_settings({}, file=file)
    assert refused.value.hint == "did you mean channels?"


def test_a_setting_that_is_no_more_names_none_that_lets_something_else_go(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no setting TIPOFF_PUBLISHED_KEEP_DAYS$") as refused:
        read_settings({"TIPOFF_PUBLISHED_KEEP_DAYS": "30"}, file=tmp_path / "none.toml")

    assert refused.value.hint == "take it out: published documents stay whole"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TICK_EVERY_S", "-5"),
        ("TICK_EVERY_S", "nan"),
        ("TICK_EVERY_S", "inf"),
        ("LOOK_EVERY_S", "0"),
        ("SILENCE_ERROR_MIN", "-1"),
        ("SILENCE_ERROR_MIN", "600"),  # beyond critical
        ("WEB_PORT", "70000"),
        ("BIGQUERY_MAX_BYTES", "0"),
        ("HISTORY_KEEP_DAYS", "-1"),
        ("DIGEST_AT", "25:00"),
        ("DIGEST_AT", "11:00Z"),  # it was eleven in New York all the same
        ("WAREHOUSE", "sqlite"),
        ("HOME", ""),  # it was the current folder
        ("DATA", ""),
        ("HOME", "~nobody-of-this-name/x"),
        ("LEDGER_URL_FILE", "~nobody-of-this-name/x"),
    ],
)
def test_a_value_that_would_stop_the_work_is_refused(name: str, value: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as told:
        read_settings({f"TIPOFF_{name}": value}, file=tmp_path / "none.toml")

    assert told.value.hint


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "/dev/zero, which cannot be read: it holds more than 65,536 bytes"),
        (b"p\xe4ss", "which cannot be read: it is not UTF-8"),
        (b" \n", "which is empty"),  # the ledger was a file of the home, and no server's
    ],
)
def test_a_secrets_file_that_holds_no_secret_is_refused_by_its_name(
    content: bytes | None, why: str, tmp_path: Path
) -> None:
    file = Path("/dev/zero") if content is None else tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(UsageError, match=f"TIPOFF_LEDGER_URL_FILE names .*{why}"):
        read_settings({"TIPOFF_LEDGER_URL_FILE": str(file)}, file=tmp_path / "none.toml")


def test_an_empty_file_names_no_channel_and_no_token(tmp_path: Path) -> None:
    (tmp_path / "none").touch()

    read = read_settings({"TIPOFF_NOTIFY_URL_FILE": str(tmp_path / "none")}, file=tmp_path / "none.toml")

    assert not read.notify_url.reveal()


def test_a_key_is_read_from_no_file_without_an_end() -> None:
    assert KeyFile(Path("/dev/zero")).key() == ""


def test_a_secret_where_its_files_name_should_stand_is_not_shown(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="names no file but an address") as told:
        read_settings({"TIPOFF_LEDGER_URL_FILE": "postgresql://me:hidden@h/d"}, file=tmp_path / "none.toml")

    assert "hidden" not in str(told.value)
    with pytest.raises(UsageError, match="is it the secret itself") as told:
        read_settings({"TIPOFF_NOTIFY_URL_FILE": "hidden.key"}, file=tmp_path / "none.toml")
    assert "hidden" not in str(told.value)
    for key in ("hidden", "hidden/of+base64=="):
        [said] = read_settings({"TIPOFF_ODDS_API_KEY_FILE": key}, file=tmp_path / "none.toml").keyless
        assert "hidden" not in said


def test_a_home_below_ones_own_folder_may_be_written_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))

    assert read_settings({"TIPOFF_HOME": "~/tipoff"}, file=tmp_path / "none.toml").home == tmp_path / "tipoff"


@pytest.mark.parametrize(
    "text",
    [
        b"\xff\xfe",
        b"tick_every_s = 1\ntick_every_s = 2",
        b"channels = 5",
        b"[channels.ops]\nper_hour = 0",
        b"[channels.ops]\nstep = -1",
        b"[channels.ops]\nleast = 'loud'",
        b"[active_hours]\nx = ['late', 'early']",
        b"digest_at = 3",  # three seconds past midnight, UTC
        b"[active_hours]\nnba = ['10:00+01:00', '23:00']",  # compared with New York's, it ended the sentinel
        b"[channels.ops]\nquiet = ['22:00Z', '07:00']",  # and this the monitor
        b"home = 5",
        b"nonsense = 1",
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_with_a_sentence(text: bytes, tmp_path: Path) -> None:
    file = tmp_path / "tipoff.toml"
    file.write_bytes(text)

    with pytest.raises(UsageError):
        read_settings({}, file=file)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[channels.ops]\nurl_env = 'X'\nleagues = ['nba', 'nbaa']\n", "channels.ops: there is no league 'nbaa'"),
        ("[active_hours]\nmbl = ['09:00', '03:00']\n", "active_hours.mbl: there is no league 'mbl'"),
    ],
)
def test_a_league_that_there_is_not_is_refused_and_the_nearest_named(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "tipoff.toml").write_text(text)

    with pytest.raises(UsageError, match=said) as refused:
        read_settings({}, file=tmp_path / "tipoff.toml")

    assert refused.value.hint.startswith("did you mean ")


def test_the_skeleton_of_leagues_is_no_league_of_the_settings(tmp_path: Path) -> None:
    (tmp_path / "tipoff.toml").write_text("[active_hours]\nskeleton = ['09:00', '03:00']\n")

    with pytest.raises(UsageError, match="there is no league 'skeleton'") as refused:
        read_settings({}, file=tmp_path / "tipoff.toml")

    assert refused.value.hint == "leagues: mlb, nba"


def test_a_folder_in_place_of_the_file_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_settings({}, file=tmp_path)


def test_a_refusal_shows_no_secret(tmp_path: Path) -> None:
    file = tmp_path / "tipoff.toml"
    file.write_text("odds_api_key = ['T0PSECRET']")

    with pytest.raises(UsageError) as told:
        read_settings({}, file=file)

    assert "T0PSECRET" not in f"{told.value} {told.value.hint} {told.value.__cause__} {told.value.__suppress_context__}"


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(environment=st.dictionaries(NAMES, VALUES, max_size=4), text=st.binary(max_size=200))
@example(environment={"TIPOFF_HOME": "\x00"}, text=b"")
def test_whatever_is_set_is_read_or_refused(environment: dict[str, str], text: bytes, tmp_path: Path) -> None:
    file = tmp_path / "tipoff.toml"
    file.write_bytes(text)

    with contextlib.suppress(UsageError):
        read_settings(environment, file=file)


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://me:T0PSECRET@host/db",
        "postgresql://host/db?password=T0PSECRET",
        "postgresql://host/db?user=me&sslpassword=T0PSECRET&sslmode=require",
        "postgresql://host/db?passfile=x&PASSWORD=T0PSECRET",
        "://T0PSECRET",
        "postgresql://me:T0PSECRET@host:port/db",
    ],
)
def test_an_address_is_shown_without_its_password_wherever_it_stands(address: str) -> None:
    assert "T0PSECRET" not in shown(address)


def test_a_database_of_another_kind_is_refused_with_the_kind_that_is_meant() -> None:
    with pytest.raises(UsageError) as caught:
        engine_of("mysql://me:T0PSECRET@host/db")

    assert caught.value.hint == "write postgresql://user:password@host/database"
    assert "T0PSECRET" not in str(caught.value)
