"""What the tests of the auditor's faces share: small code bases, and audits of them."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from tests.support import called

from tipoff_audit.baseline import Old
from tipoff_audit.report import Report
from tipoff_audit.run import Task, audit
from tipoff_audit.settings import AuditSettings

TODAY = date(2030, 1, 18)
CLEAN = "def add(a, b):\n    return a + b\n"
STREAMS = (
    "from google.cloud import bigquery\n\n\ndef keep(rows):\n    client = bigquery.Client()\n"
    '    errors = client.insert_rows_json("p.d.t", rows)\n    if errors:\n        raise ValueError(errors)\n'
)
AS_ERROR = {"pyproject.toml": '[tool.tipoff.audit]\nlevels = { "streaming-insert" = "error" }\n'}
STREAM_LINE = '    errors = client.insert_rows_json("p.d.t", rows)'


def written(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write files below `root` and return it."""
    for name, content in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def audited(  # noqa: PLR0913 -- what a task can say
    root: Path,
    *paths: str,
    settings: AuditSettings | None = None,
    cache: Path | None = None,
    baseline: Sequence[Old] | None = None,
    jobs: int = 1,
    today: date = TODAY,
) -> Report:
    """Audit `root`, or some paths below it, and return the report."""
    task = Task(
        root=root,
        paths=tuple(root / path for path in paths) or (root,),
        today=today,
        settings=settings or AuditSettings(),
        cache=cache,
        baseline=None if baseline is None else tuple(baseline),
        jobs=jobs,
    )
    return audit(task)


def told(report: Report) -> list[tuple[str, int, str]]:
    """Return each finding's path, line and rule."""
    return [(one.path, one.line, one.rule) for one in report.findings]


def command(root: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `tipoff-audit` in `root`, with a cache of its own beside it."""
    known = {name: value for name, value in os.environ.items() if not name.startswith(("TIPOFF_", "GIT_"))}
    variables = known | {"TIPOFF_AUDIT_CACHE": str(root.parent / f".{root.name}-cache")} | environment
    program = ["tipoff", "audit"] if "--ledger" in arguments else ["tipoff_audit"]
    return called(*program, *arguments, environment=variables, cwd=root)


def git(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run git in `root`, as somebody without settings."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    nobody = known | {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"]
    return subprocess.run(["git", *who, *arguments], cwd=root, env=nobody, capture_output=True, text=True, check=False)  # noqa: S607
