"""Whatever lies in a code base, the audit ends, names each file that it could not read, and reads the rest."""

import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.audit.faces import CLEAN, STREAMS, audited, command, told, written

from tipoff_audit.finding import Level

NEWER = sys.version_info >= (3, 12)
NEWEST = sys.version_info >= (3, 14)
READABLE = {
    "match": "match x:\n    case {'a': [1, *rest], **more} if rest:\n        print(more)\n    case _:\n        pass\n",
    "walrus": "if (n := len('abc')) > 2:\n    print(n)\n",
    "positional only": "def f(a, /, b, *, c):\n    return a\n",
    "parenthesised with": "with (open('a') as a, open('b') as b):\n    pass\n",
    "decorator expression": "@(lambda f: f)\ndef g(): ...\n",
    "except star": "try:\n    pass\nexcept* ValueError:\n    pass\n",
    "async comprehension": "async def f(x):\n    return [a async for a in x if await a]\n",
    "star index": "x = y[*z]\n",
    "nested f-string": "x = f\"{f'{1}'}\"\n",
    "annotations": "x: 'int' = 1\ndef f(*a: int, **k: str) -> None: ...\n",
    "bytes and raw": "x = rb'\\x00' + b'' + Rb''\n",
    "lone surrogate escape": "x = '\\ud800'\n",
    "names of other scripts": "ä = 1\n变量 = ä\n",
    "form feeds": "x = 1\n\x0c\ndef f():\n    return x\n\x0c",
    "windows line ends": "def f():\r\n    return 1\r\n",
    "old mac line ends": "x = 1\ry = 2\r",
    "byte order mark": "\ufeffx = 1\n",
    "empty": "",
    "only blanks": "\n   \n\t\n",
    "only a comment": "# nothing",
    "no newline at the end": "x = 1",
    "continued lines": "x = 1 + \\\n    2\n",
    "ellipsis and semicolons": "...; x = 1; pass\n",
    "global and nonlocal": "def f():\n    global a\n    def g():\n        nonlocal_ = 1\n",
    "return outside of a function": "return 1\n",
    "invalid escape": "x = '\\d'\n",
    "chained comparison": "x = 1 < 2 <= 3 != 4\n",
    "lambda with defaults": "f = lambda a=1, *b, c=2, **d: (a, b, c, d)\n",
    "unpacking": "a, *b = [*c, *d]\nx = {**a, 'b': 1}\n",
    "type comment": "x = []  # type: list[int]\n",
    "deep but allowed": "x = " + "(" * 60 + "1" + ")" * 60 + "\n",
    "very many statements": "x = 1\n" * 20_000,
    "a line of a megabyte": "x = '" + "a" * 1_000_000 + "'\n",
    "a list of a megabyte": "x = [" + "1," * 300_000 + "]\n",
    "a sum of many": "x = " + " + ".join(["1"] * 500) + "\n",
    "elif elif elif": "if a:\n    pass\n" + "elif a:\n    pass\n" * 60,
}
UNREADABLE = {
    "open bracket": b"x = (\n",
    "python 2": b"print 'a'\n",
    "bad indentation": b"def f():\n    a\n  b\n",
    "tabs and blanks": b"if a:\n\tb\n        c\n",
    "conflict marks": b"<<<<<<< HEAD\nx = 1\n=======\nx = 2\n>>>>>>> other\n",
    "binary": bytes(range(256)) * 10,
    "NULs": b"x = 1\0\n",
    "latin-1 without saying so": "x = 'é'\n".encode("latin-1"),
    "utf-16": "x = 1\n".encode("utf-16"),
    "an unknown encoding": b"# coding: klingon\nx = '\xe9'\n",
    "an encoding that is no text": b"# coding: hex\nx = '\xe9'\n",
    "nested far too deeply": b"x = " + b"(" * 5000 + b"1" + b")" * 5000 + b"\n",
    "deep lists": b"[" * 5000 + b"]" * 5000,
    "a chain of attributes": b"x = a" + b".a" * 100_000 + b"\n",
    "a sum without end": b"x = " + b"+".join([b"1"] * 100_000) + b"\n",
    "a chain of nots": b"x = " + b"not " * 100_000 + b"1\n",
    "elif without end": b"if a:\n    pass\n" + b"elif a:\n    pass\n" * 20_000,
    "blocks too deep": b"".join(b" " * n + b"if a:\n" for n in range(150)) + b" " * 150 + b"pass\n",
    "a number too long": b"x = " + b"9" * 10_000 + b"\n",
    "an open string": b"x = '''abc\n",
    "a notebook magic": b"%matplotlib inline\n",
    "a template": b"x = {{ name }}\n{% if a %}\n",
}
LATER = {  # what Python reads only from that version on: there it must be read, before it must be told
    "type parameters": ("def first[T](xs: list[T]) -> T:\n    return xs[0]\n", NEWER),
    "type statement": ("type Pair[T] = tuple[T, T]\n", NEWER),
    "quotes within f-strings": ('x = f"{d["a"]}"\n', NEWER),
    "backslash within f-strings": ("x = f\"{'\\n'.join(a)}\"\n", NEWER),
    "backslash in f-strings of several lines": ("x = (\n    f'a'\n    f\"{'\\n'.join(a)}\"\n    f'b'\n)\n", NEWER),
    "template strings": ("x = t'{a}'\n", NEWEST),
    "except without brackets": ("try:\n    pass\nexcept A, b.C:\n    pass\n", True),
}


@pytest.mark.parametrize("name", READABLE)
def test_odd_but_valid_python_is_read(name: str, tmp_path: Path) -> None:
    report = audited(written(tmp_path, {"odd.py": READABLE[name].encode("utf-8", "surrogatepass")}))

    assert told(report) == []
    assert (report.n_read, report.n_unreadable, report.n_crashed) == (1, 0, 0)


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_is_a_finding_and_the_rest_is_read(name: str, tmp_path: Path) -> None:
    report = audited(written(tmp_path, {"a.py": CLEAN, "odd.py": UNREADABLE[name], "z.py": STREAMS}))

    [unread] = [one for one in report.findings if one.rule == "unreadable"]
    assert sorted(told(report)) == [("odd.py", unread.line, "unreadable"), ("z.py", 6, "streaming-insert")]
    assert (report.n_read, report.n_unreadable, report.n_crashed) == (2, 1, 0)


@pytest.mark.parametrize("name", LATER)
def test_newer_syntax_is_read_by_a_newer_python_and_told_by_an_older_one(name: str, tmp_path: Path) -> None:
    text, is_read = LATER[name]

    report = audited(written(tmp_path, {"odd.py": text}))

    assert report.n_unreadable == (0 if is_read else 1)
    assert [one.level for one in report.findings] == ([] if is_read else [Level.NOTE])


def test_a_name_for_the_error_as_python_2_had_it_is_not_read_as_a_second_kind_of_error(tmp_path: Path) -> None:
    report = audited(written(tmp_path, {"odd.py": "try:\n    pass\nexcept ValueError, error:\n    pass\n"}))

    assert [(one.rule, one.level) for one in report.findings] == [("unreadable", Level.NOTE)]


def test_a_file_that_needs_a_newer_python_fails_no_run(tmp_path: Path) -> None:
    assert command(written(tmp_path, {"odd.py": LATER["template strings"][0]})).returncode == 0


def test_the_command_says_how_many_files_it_read_and_did_not_and_exits_with_1(tmp_path: Path) -> None:
    root = written(
        tmp_path / "root", {f"bad{n}.py": data for n, data in enumerate(UNREADABLE.values())} | {"a.py": CLEAN}
    )
    (root / "circle").symlink_to(root)

    done = command(root, "--fail-on", "error")

    assert done.returncode == 1
    assert f"; not read {len(UNREADABLE)}\n" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize("name", ["a.sql", "a.sh", ".github/workflows/ci.yml", ".gitlab-ci.yml"])
@given(data=st.binary(max_size=400))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_as_sql_shell_or_ci_file_end_in_a_report(data: bytes, name: str, tmp_path: Path) -> None:
    report = audited(written(tmp_path, {name: data}))

    assert report.n_crashed == 0
    assert report.n_read + report.n_unreadable == 1


PIECES = st.sampled_from(
    [
        *(
            "try:\n",
            "except Exception:\n",
            "except:\n",
            "finally:\n",
            "else:\n",
            "    ",
            "\t",
            "\n",
            "\r\n",
            "\x0c",
            "\\\n",
        ),
        *("    pass\n", "    return None\n", "    client.insert_rows_json(t, rows)\n", "    log.error(x)\n", "raise\n"),
        *(
            "def f(a, *b, **c):\n",
            "async def g():\n",
            "class C(B):\n",
            "with a as b:\n",
            "for x in y:\n",
            "while True:\n",
        ),
        *(
            "    cur.execute(f'SELECT {a} FROM {b}')\n",
            '"SELECT {x} FROM t"\n',
            "x = a or 0\n",
            "sleep(1)\n",
            "match x:\n",
        ),
        *(
            "    case 1:\n",
            "        pass\n",
            "# tipoff: allow x -- y\n",
            "'''",
            '"',
            "(",
            ")",
            "[",
            "]",
            "{",
            "}",
            ":",
            "lambda:",
        ),
        *(
            "del x\n",
            "x.clear()\n",
            "x.flush()\n",
            "datetime.now()\n",
            "@retry\n",
            "import a.b as c\n",
            "from . import *\n",
        ),
        *(
            "yield\n",
            "await x\n",
            "global x\n",
            "assert x, y\n",
            "x: int = 1\n",
            "x = yield\n",
            "é",
            "\0",
            "\ud800",
            "\ufeff",
        ),
    ]
)


@given(pieces=st.lists(PIECES, max_size=40))
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_pieces_of_python_end_in_a_report(pieces: list[str], tmp_path: Path) -> None:
    report = audited(written(tmp_path, {"odd.py": "".join(pieces).encode("utf-8", "surrogatepass")}))

    assert report.n_crashed == 0
    assert report.n_read + report.n_unreadable == 1


@given(data=st.binary(max_size=400))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_as_python_end_in_a_report(data: bytes, tmp_path: Path) -> None:
    report = audited(written(tmp_path, {"odd.py": data}))

    assert report.n_crashed == 0
    assert report.n_read + report.n_unreadable == 1


def sources() -> list[Path]:
    return sorted((Path(__file__).parents[2] / "src").rglob("*.py"))


@given(data=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_real_files_with_a_piece_cut_out_or_doubled_end_in_a_report(data: st.DataObject, tmp_path: Path) -> None:
    text = data.draw(st.sampled_from(sources())).read_bytes()
    begin, end = sorted(data.draw(st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))))
    middle = data.draw(st.sampled_from([b"", text[begin:end] * 2, b"\0", b"\n\n", b"    "]))

    report = audited(written(tmp_path, {"odd.py": text[:begin] + middle + text[end:]}))

    assert report.n_crashed == 0
    assert report.n_read + report.n_unreadable == 1


def test_a_tree_too_deep_for_the_rules_but_not_for_the_parser_is_told(tmp_path: Path) -> None:
    for depth in (50, 80, 90, 95, 150, 900, 990, 3000):
        report = audited(written(tmp_path, {"odd.py": "x = " + "-" * depth + "1\ny = " + "a." * depth + "b\n"}))

        assert report.n_crashed == 0
        assert report.n_read + report.n_unreadable == 1
