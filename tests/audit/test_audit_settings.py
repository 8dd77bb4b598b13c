"""Settings of the audited code base: read from the nearest pyproject.toml, and refused when they are not understood."""

from datetime import date
from pathlib import Path

import pytest
from tests.audit.faces import CLEAN, STREAMS, audited, command, told, written

from tipoff_audit.errors import UsageError
from tipoff_audit.finding import Level
from tipoff_audit.run import Task, audit
from tipoff_audit.settings import AuditSettings, read_settings

RULES = {"streaming-insert", "swallowed-write", "unreadable"}


def settings_of(text: str, root: Path) -> AuditSettings:
    written(root, {"pyproject.toml": f"[tool.tipoff.audit]\n{text}"})
    return read_settings(root, RULES)[0]


def test_every_setting_is_read(tmp_path: Path) -> None:
    found = settings_of(
        'paths = ["src"]\nexclude = ["src/old"]\noff = ["swallowed-write"]\nlevels = { "streaming-insert" = "note" }\n'
        'writes = ["keep"]\ngates = ["may"]\nnotices = ["tell"]\nfail-on = "warning"\nbaseline = "b.json"\nmax-bytes = 10\n',
        tmp_path,
    )

    assert found == AuditSettings(
        paths=("src",),
        exclude=("src/old",),
        off=frozenset({"swallowed-write"}),
        levels={"streaming-insert": Level.NOTE},
        writes=("keep",),
        gates=("may",),
        notices=("tell",),
        fail_on=Level.WARNING,
        baseline="b.json",
        max_bytes=10,
    )


@pytest.mark.parametrize(
    ("text", "says", "hint"),
    [
        ('excludes = ["a"]', "no setting tool.tipoff.audit.excludes", "did you mean exclude?"),
        ('off = ["streaming-inserts"]', "no rule 'streaming-inserts'", "did you mean streaming-insert?"),
        ('off = ["unreadable"]', "cannot name unreadable", ""),
        ('levels = { unreadable = "note" }', "cannot name unreadable", ""),
        ('levels = "note"', "is no table", ""),
        ('levels = { "swallowed-write" = "fatal" }', "no level 'fatal'", "levels: note, warning, error"),
        ('paths = "src"', "is no list of names", ""),
        ("exclude = [1]", "is no list of names", ""),
        ("baseline = 1", "is no file's name", ""),
        ("max-bytes = 0", "is no positive number", ""),
        ("max-bytes = true", "is no positive number", ""),
        ('fail-on = "never"', "no level 'never'", ""),
    ],
)
def test_what_is_not_understood_is_refused_with_what_was_meant(text: str, says: str, hint: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refused:
        settings_of(text, tmp_path)

    assert says in str(refused.value)
    assert hint in refused.value.hint


def test_a_table_that_is_none_is_refused(tmp_path: Path) -> None:
    written(tmp_path, {"pyproject.toml": "[tool.tipoff]\naudit = 3\n"})

    with pytest.raises(UsageError, match="is no table"):
        read_settings(tmp_path, RULES)


def test_the_nearest_settings_hold_and_another_tools_file_is_passed_by(tmp_path: Path) -> None:
    written(
        tmp_path,
        {
            "pyproject.toml": "[tool.tipoff.audit]\nmax-bytes = 5\n",
            "part/pyproject.toml": "[tool.other]\nx = 1\n",
            "part/deep/a.py": CLEAN,
        },
    )

    found, where = read_settings(tmp_path / "part" / "deep", RULES)

    assert (found.max_bytes, where) == (5, tmp_path)


def test_rules_can_be_switched_off_lowered_and_asked_alone(tmp_path: Path) -> None:
    root = written(tmp_path, {"a.py": STREAMS, "b.py": "x = ("})

    off = audited(root, settings=AuditSettings(off=frozenset({"streaming-insert"})))
    lowered = audited(root, settings=AuditSettings(levels={"streaming-insert": Level.NOTE}))
    alone = audited(root, settings=AuditSettings(only=frozenset({"swallowed-write"})))

    assert told(off) == told(alone) == [("b.py", 1, "unreadable")]
    assert [one.level for one in lowered.findings] == [Level.NOTE, Level.NOTE]


def test_paths_and_the_level_of_the_settings_hold_unless_others_are_given(tmp_path: Path) -> None:
    root = written(
        tmp_path / "root",
        {
            "src/a.py": CLEAN,
            "b.py": STREAMS,
            "c/d.py": CLEAN,
            "pyproject.toml": '[tool.tipoff.audit]\npaths = ["src"]\nfail-on = "note"\n'
            'levels = { "streaming-insert" = "note" }\n',
        },
    )

    assert command(root).returncode == 0
    assert command(root / "c").returncode == 0
    assert command(root, ".").returncode == 1
    assert command(root, ".", "--fail-on", "warning").returncode == 0


OF_OWN_NAMES = """\
def run(row):
    try:
        stash(row)
    except Exception:
        pass


def tonight(game):
    try:
        go_ahead = green_light(game)
    except Exception:
        go_ahead = True
    return go_ahead
"""


def test_names_that_the_settings_give_are_known_as_writes_and_gates(tmp_path: Path) -> None:
    root = written(tmp_path, {"jobs.py": OF_OWN_NAMES})

    plain = {rule for _, _, rule in told(audited(root))}
    named = {
        rule for _, _, rule in told(audited(root, settings=AuditSettings(writes=("stash",), gates=("green_light",))))
    }

    assert "swallowed-write" not in plain
    assert {"swallowed-write", "swallowed-gate"} <= named


@pytest.mark.parametrize("text", ["= 1", "[tool.tipoff.audit\n", "a = [" * 5_000, '"\xff"'])
def test_a_file_that_is_no_toml_is_told_and_the_tree_is_read_with_the_defaults(text: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(text, encoding="latin-1")

    settings, where = read_settings(tmp_path, RULES)

    assert (settings.paths, settings.fail_on, where) == ((".",), Level.ERROR, tmp_path)
    [note] = settings.notes
    assert note.startswith(f"{tmp_path / 'pyproject.toml'} cannot be read, so nothing that it sets holds")


def test_what_is_told_of_the_settings_stands_in_the_report(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("= 1")
    (tmp_path / "a.py").write_text("a = 1\n")
    settings, _ = read_settings(tmp_path, RULES)

    report = audit(Task(root=tmp_path, paths=(tmp_path,), today=date(2030, 1, 1), settings=settings, jobs=1))

    assert report.n_read == 1
    assert report.notes == settings.notes
