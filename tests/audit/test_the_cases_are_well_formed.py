"""The cases that judge the auditor are judged first: enough of them, and no label that nobody meant."""

import re
from collections import Counter
from pathlib import Path

import pytest
from tests.audit.labelled import SLUGS, SMALL, UNREADABLE, BadCaseError, Case, load

HEAD = '[[case]]\nname = "a write is lost"\nrow = 78\n'
BAD = "[case.bad]\n\"a.py\" = '''\ntry:\n    save()\nexcept Exception:  #! swallowed-write ?log-only-handler\n    pass\n'''\n"
GOOD = "[case.good]\n\"a.py\" = '''\nsave()\n'''\n"


def loaded(folder: Path, text: str, slug: str = "swallowed-write") -> list[Case]:
    (folder / f"{slug}.toml").write_text(text)
    return list(load(folder))


def test_there_are_cases_enough_for_every_rule() -> None:
    n_cases = Counter(case.slug for case in load() if case.kind == "bad")

    assert n_cases.total() >= 150
    assert {slug for slug in SLUGS if n_cases[slug] < (SMALL if slug == UNREADABLE else 5)} == set()


def test_every_wrong_version_has_something_due_and_no_right_version_has() -> None:
    for case in load():
        assert (case.due > 0) == (case.kind == "bad"), case.name


def test_a_marker_names_its_line_and_is_taken_away(tmp_path: Path) -> None:
    bad, good = loaded(tmp_path, HEAD + BAD + GOOD)

    assert bad.expected == {("a.py", 3): {"swallowed-write"}}
    assert bad.allowed == {("a.py", 3): {"log-only-handler"}}
    assert bad.files == {"a.py": "try:\n    save()\nexcept Exception:\n    pass\n"}
    assert (good.expected, good.allowed, good.due) == ({}, {}, 0)


def test_a_shebang_is_no_marker(tmp_path: Path) -> None:
    hook = "[case.{}]\nhook = '''\n#!/bin/sh\nlint{}\n'''\n"

    bad, _ = loaded(
        tmp_path, HEAD + hook.format("bad", " || true  #! swallowed-exit") + hook.format("good", ""), "swallowed-exit"
    )

    assert bad.files == {"hook": "#!/bin/sh\nlint || true\n"}


def test_what_is_due_and_does_not_come_is_missed_and_what_nobody_marked_is_a_stray(tmp_path: Path) -> None:
    bad, good = loaded(tmp_path, HEAD + BAD + GOOD)

    assert bad.missed([]) == ["a.py:3 swallowed-write"]
    assert bad.missed([("a.py", 3, "swallowed-write")]) == []
    assert bad.strays([("a.py", 3, "swallowed-write"), ("a.py", 3, "log-only-handler")]) == []
    assert bad.strays([("a.py", 2, "swallowed-write")]) == ["a.py:2 swallowed-write"]
    assert good.strays([("a.py", 1, "ignored-result")]) == ["a.py:1 ignored-result"]


def test_one_of_several_lines_is_enough_where_the_fault_lies_in_all_of_them(tmp_path: Path) -> None:
    both = BAD.replace("save()", "save()  #! |swallowed-write").replace(" swallowed-write ?", " |swallowed-write ?")

    bad, _ = loaded(tmp_path, HEAD + both + GOOD)

    assert bad.due == 1
    assert bad.missed([]) == ["one of [('a.py', 2), ('a.py', 3)] swallowed-write"]
    assert bad.missed([("a.py", 2, "swallowed-write")]) == []
    assert bad.strays([("a.py", 2, "swallowed-write"), ("a.py", 3, "swallowed-write")]) == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (HEAD + BAD.replace("swallowed-write", "swallowed-wrote") + GOOD, "there is no rule ['swallowed-wrote']"),
        (HEAD + BAD.replace("?log", "??log") + GOOD, "there is no rule ['??log-only-handler']"),
        (HEAD + BAD.replace("#! ", "#!") + GOOD, "a marker is two blanks"),
        (HEAD + BAD.replace("  #! ", " #! ") + GOOD, "a marker is two blanks"),
        (HEAD + BAD.replace("  #! swallowed-write ?log-only-handler", "") + GOOD, "no line of the wrong version"),
        (HEAD + BAD.replace("swallowed-write ?", "") + GOOD, "no line of the wrong version"),
        (HEAD + BAD.replace("swallowed-write", "?swallowed-write") + GOOD, "no line of the wrong version"),
        (HEAD + BAD.replace(" swallowed-write", " |swallowed-write") + GOOD, "is the only choice"),
        (HEAD + BAD + GOOD.replace("save()", "save()  #! ?swallowed-write"), "the right version has a marker"),
        (
            HEAD + BAD + BAD.replace("case.bad", "case.good").replace("  #! swallowed-write ?log-only-handler", ""),
            "the same",
        ),
        (HEAD + BAD.replace("save()", "save(") + GOOD, "a.py does not parse"),
        (HEAD + BAD + GOOD.replace("save()", "save("), "a.py does not parse"),
        (HEAD + BAD + GOOD.replace("a.py", "ci.yml").replace("save()", "a: [1"), "ci.yml does not parse"),
        (HEAD + BAD, "must have ['bad', 'good', 'name', 'row']"),
        (HEAD + 'title = "x"\n' + BAD + GOOD, "must have ['bad', 'good', 'name', 'row']"),
        (HEAD.replace("78", "0") + BAD + GOOD, "an origin"),
        (HEAD + 'origin = "issue 6"\n' + BAD + GOOD, "an origin"),
        (HEAD + BAD + "[case.good]\n", "has no file"),
        ((HEAD + BAD + GOOD) * 2, "names two cases"),
    ],
)
def test_a_case_that_is_not_well_formed_is_refused(text: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(BadCaseError, match=re.escape(reason)):
        loaded(tmp_path, text)


def test_cases_for_a_rule_that_does_not_exist_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadCaseError, match="there is no rule swallowed-wrote"):
        loaded(tmp_path, HEAD + BAD + GOOD, "swallowed-wrote")


def test_only_of_the_unreadable_the_wrong_version_need_not_parse(tmp_path: Path) -> None:
    text = HEAD + BAD.replace("save()", "save(").replace("swallowed-write", UNREADABLE)

    bad, _ = loaded(tmp_path, text + GOOD, UNREADABLE)
    assert bad.due == 1

    with pytest.raises(BadCaseError, match="does not parse"):
        loaded(tmp_path, text + GOOD.replace("save()", "save("), UNREADABLE)
