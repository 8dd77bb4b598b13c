"""The baseline's ratchet: what was there does not count, what is new fails, and it only ever shrinks."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.audit.faces import AS_ERROR, CLEAN, STREAM_LINE, STREAMS, audited, command, told, written

from tipoff_audit.baseline import compare, entries_of, fingerprints, read_baseline, write_baseline
from tipoff_audit.errors import UsageError
from tipoff_audit.finding import Finding, Level


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return written(tmp_path / "root", AS_ERROR | {"a.py": STREAMS, "b.py": CLEAN})


def finding(rule: str, text: str, line: int) -> Finding:
    return Finding(
        rule=rule,
        path="a.py",
        line=line,
        column=1,
        end_line=line,
        level=Level.ERROR,
        message="",
        guards="",
        symbol="a.f",
        text=text,
    )


def test_what_was_there_does_not_count_and_what_is_new_fails(root: Path) -> None:
    assert command(root, "--baseline", "old.json", "--write-baseline").returncode == 0
    assert command(root, "--baseline", "old.json").returncode == 0
    (root / "b.py").write_text(STREAMS)

    done = command(root, "--baseline", "old.json", "--json")

    told_of = json.loads(done.stdout)
    assert done.returncode == 1
    assert [one["path"] for one in told_of["findings"]] == ["b.py"]
    assert [one["path"] for one in told_of["baselined"]] == ["a.py"]


def test_lines_may_move_but_a_second_like_it_is_new(root: Path) -> None:
    command(root, "--baseline", "old.json", "--write-baseline")
    (root / "a.py").write_text("import os\n\n\n" + STREAMS)
    assert command(root, "--baseline", "old.json").returncode == 0

    (root / "a.py").write_text(STREAMS.replace(STREAM_LINE, f"{STREAM_LINE}\n{STREAM_LINE}"))

    assert command(root, "--baseline", "old.json").returncode == 1


def test_what_is_mended_must_leave_the_baseline_and_cannot_come_back(root: Path) -> None:
    command(root, "--baseline", "old.json", "--write-baseline")
    (root / "a.py").write_text(CLEAN)

    still = command(root, "--baseline", "old.json")
    shrunk = command(root, "--baseline", "old.json", "--write-baseline")
    (root / "a.py").write_text(STREAMS)
    back = command(root, "--baseline", "old.json")

    assert still.returncode == 1
    assert "no longer in the code (1)" in still.stdout
    assert shrunk.returncode == 0
    assert back.returncode == 1


def test_writing_a_baseline_that_is_there_takes_up_nothing_new(root: Path) -> None:
    command(root, "--baseline", "old.json", "--write-baseline")
    before = (root / "old.json").read_text()
    (root / "b.py").write_text(STREAMS)

    done = command(root, "--baseline", "old.json", "--write-baseline")

    assert done.returncode == 1
    assert (root / "old.json").read_text() == before


def test_an_audit_of_a_part_neither_fails_for_the_rest_nor_drops_it(root: Path) -> None:
    written(root, {"part/c.py": CLEAN})
    command(root, "--baseline", "old.json", "--write-baseline")

    part = command(root, "part", "--baseline", "old.json", "--write-baseline")

    assert part.returncode == 0
    assert len(read_baseline(root / "old.json")) == 1
    assert command(root, "--baseline", "old.json", "--rule", "swallowed-write").returncode == 0


def test_a_file_that_cannot_be_read_is_in_no_baseline_and_its_entries_are_not_called_gone(root: Path) -> None:
    command(root, "--baseline", "old.json", "--write-baseline")
    (root / "a.py").write_text("x = (")

    done = command(root, "--baseline", "old.json", "--json")

    told_of = json.loads(done.stdout)
    assert done.returncode == 1
    assert told_of["gone"] == []
    assert [one["rule"] for one in told_of["findings"]] == ["unreadable"]
    command(root, "--baseline", "new.json", "--write-baseline")
    assert read_baseline(root / "new.json") == ()


HEAD = '"tipoff-audit-baseline": 1'


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        "nonsense",
        f'{{{HEAD}, "findings": [{{}}]}}',
        f'{{{HEAD}, "findings": [[]]}}',
        f'{{{HEAD}, "findings": 7}}',
        f"{{{HEAD}}}",
        '{"tipoff-audit-baseline": 9, "findings": []}',
    ],
)
def test_a_broken_baseline_is_refused_not_taken_as_empty(content: str, root: Path) -> None:
    (root / "old.json").write_text(content)

    with pytest.raises(UsageError):
        read_baseline(root / "old.json")
    assert command(root, "--baseline", "old.json").returncode == 2
    assert command(root, "--baseline", "old.json", "--write-baseline").returncode == 2
    assert (root / "old.json").read_text() == content


def test_a_baseline_that_is_not_there_is_refused_and_one_must_be_named_to_be_written(root: Path) -> None:
    assert command(root, "--baseline", "none.json").returncode == 2
    assert command(root, "--write-baseline").returncode == 2
    assert command(root, "--baseline", "x.json", "--write-baseline", "--rule", "swallowed-write").returncode == 2
    assert command(root, "--baseline", "no/such/folder.json", "--write-baseline").returncode == 2


def test_the_settings_may_name_the_baseline(root: Path) -> None:
    written(root, {"pyproject.toml": '[tool.tipoff.audit]\nbaseline = "old.json"\n'})

    assert command(root, "--write-baseline").returncode == 0
    assert command(root).returncode == 0


texts = st.lists(
    st.tuples(st.sampled_from(["streaming-insert", "missing-f", "unreadable"]), st.sampled_from("abc")), max_size=12
)


@given(before=texts, after=texts)
def test_a_ratchet_only_ever_turns_one_way(
    before: list[tuple[str, str]],
    after: list[tuple[str, str]],
) -> None:
    old, now = ([finding(rule, text, n + 1) for n, (rule, text) in enumerate(one)] for one in (before, after))
    entries = entries_of(old, fingerprints(old))

    held = compare(now, fingerprints(now), entries, judged=lambda _entry: True)

    assert set(held.kept) <= set(entries)
    assert {*held.new, *held.old} == set(now)
    assert len(held.kept) == len(held.old)
    assert set(held.kept) | set(held.gone) == set(entries)
    again = compare(now, fingerprints(now), held.kept, judged=lambda _entry: True)
    assert (again.new, again.gone) == (held.new, ())


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    found = [finding("missing-f", 'q = "é\\u2028{x}"', 3), finding("missing-f", "b", 4)]
    entries = entries_of(found, fingerprints(found))

    write_baseline(tmp_path / "b.json", entries)

    assert read_baseline(tmp_path / "b.json") == entries
    assert len((tmp_path / "b.json").read_text().splitlines()) == len(entries) + 2


def test_waiving_the_first_of_two_alike_does_not_rename_the_second(tmp_path: Path) -> None:
    waiver = "    # tipoff: allow streaming-insert -- a log"
    twice = STREAMS.replace(STREAM_LINE, f"{STREAM_LINE}\n{STREAM_LINE}")
    plain = audited(written(tmp_path / "one", {"a.py": twice}))
    waived = audited(written(tmp_path / "two", {"a.py": twice.replace(STREAM_LINE, f"{waiver}\n{STREAM_LINE}", 1)}))

    assert told(waived) == [("a.py", 8, "streaming-insert")]
    assert waived.names[waived.findings[0]] == plain.names[plain.findings[1]]
