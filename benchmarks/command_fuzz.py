"""Whatever is typed or set: `python -m benchmarks.command_fuzz [LINES] [FILES]`.

Command lines by dice, run in this process on a home of two sample days; settings files and variables by dice, read. Each is
done or refused with a sentence: no traceback, no error that escapes, and an exit code that means something.
"""

import contextlib
import io
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from benchmarks.pieces import dice_of
from tipoff.cli.main import COMMANDS, cli, main
from tipoff.config import Settings, read_settings
from tipoff.core.clock import stopwatch
from tipoff.core.errors import UsageError

LONG = {"up", "monitor", "web", "demo", "replay", "backfill", "drill", "sentinel", "audit", "notify", "prove-alive"}
ODD = (
    *("", " ", "-", "--", "-5", "0", "nan", "9" * 40, "é", "\udcff", "\x1b[31m", "a\nb", "'; drop table runs; --", "%s{0}"),
    *("nba", "mlb", "nbaa", "NBA", "2030-01-08", "2030-01-08..2030-01-07", "2030-13-45", "0001-01-01", "9999-12-31"),
    *("2030-02-30", "predictions", "schedule", "no_such_table", "1", "2", "10000", "/dev/null", "/", "/no/such/file", ".."),
    *("2024-03-01T18:00", "0001-01-01T00:00+23:59", "9999-12-31T23:59-23:59", "--json", "--help", "-h"),
    *("--no-such-option", "0022300061", "player"),
)  # fmt: skip
EXITS = {0, 1, 2, 3}
_TEXTS = (
    *("", "x", "true", "1", "-1", "nan", "inf", "1e400", "9" * 60, "é", "2024-13-45", "25:61", "[", "]]", "{", "a = 1"),
    *(
        "postgresql://u:p@h/d",
        "postgres://",
        "http://",
        "\x00",
        "\ud83d",
        "../..",
        "/dev/null",
        "nba",
        "mbl",
        "low,high",
    ),
)
Known = list[tuple[tuple[str, ...], list[str]]]


def leaves(command: click.Command, words: tuple[str, ...] = ()) -> Known:
    """Return each command that ends by itself, with the options that it knows."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        return [
            leaf
            for name in command.list_commands(context)
            if name not in LONG and (sub := command.get_command(context, name)) is not None
            for leaf in leaves(sub, (*words, name))
        ]
    return [(words, [name for one in command.params if isinstance(one, click.Option) for name in one.opts])]


def line(dice: random.Random, known: Known) -> list[str]:
    """Return a command line by dice."""
    words, options = dice.choice(known)
    rest = [
        dice.choice(options) if options and dice.random() < 0.25 else dice.choice(ODD)
        for _ in range(dice.randint(0, 5))
    ]
    return [*words, *rest]


def problem(words: list[str]) -> tuple[object, str]:
    """Run a command line in this process; returns its exit code and what is wrong with how it ended."""
    code: object = 0
    told = io.StringIO()
    sys.argv = ["tipoff", *words]
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
        try:
            main()
        except SystemExit as ended:
            code = ended.code if ended.code is not None else 0
        except BaseException as error:  # noqa: BLE001 -- whatever escapes is what is looked for
            return code, f"{words}: {type(error).__name__}: {error}"
    said = told.getvalue()
    said.encode(errors="surrogatepass")
    if code not in EXITS:
        return code, f"{words}: exit code {code}"
    if "Traceback" in said:
        return code, f"{words}: a traceback"
    return code, "" if code != 2 or said.strip() else f"{words}: exit code 2 without a sentence"


def fuzz_lines(n: int, seed: int, home: Path) -> dict[str, Any]:
    """Run `n` command lines on a home; returns how they ended, and what is wrong."""
    known, dice = leaves(cli), random.Random(seed)  # noqa: S311 -- dice
    ends, wrong = Counter[str](), set[str]()
    before = sys.argv, os.environ.get("TIPOFF_HOME")
    os.environ["TIPOFF_HOME"] = str(home)
    with contextlib.chdir(home.parent):
        for _ in range(n):
            code, trouble = problem(line(dice, known))
            ends[str(code)] += 1
            wrong |= {trouble} if trouble else set()
    sys.argv = before[0]
    os.environ.pop("TIPOFF_HOME")
    os.environ |= {"TIPOFF_HOME": before[1]} if before[1] else {}
    return {"lines": n, "commands": len(known), "exit_codes": dict(ends), "wrong": sorted(wrong)}


def fuzz_settings(n: int, seed: int) -> dict[str, Any]:
    """Read `n` settings files and environments; returns how many were read and refused, and what else came out."""
    dice, ends, wrong = random.Random(seed), Counter[str](), set[str]()  # noqa: S311 -- dice
    names = sorted(Settings.__struct_fields__)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "tipoff.toml"
        for _ in range(n):
            content, environment = _settings(dice, names)
            file.write_bytes(content)
            try:
                read_settings(environment, file=file)
                ends["read"] += 1
            except UsageError as error:
                ends["refused"] += 1
                wrong |= set() if str(error).strip() else {f"{content!r} {environment}: no sentence"}
            except BaseException as error:  # noqa: BLE001 -- whatever escapes is what is looked for
                wrong.add(f"{content!r} {environment}: {type(error).__name__}: {error}")
    return {"files": n, "ends": dict(ends), "wrong": sorted(wrong)}


def _settings(dice: random.Random, names: list[str]) -> tuple[bytes, dict[str, str]]:
    """Return a settings file and variables: names that there are and others, values of every kind, bytes changed."""
    lines = [f"{_name(dice, names)} = {_value(dice)}" for _ in range(dice.randint(0, 2))]
    if dice.random() < 0.1:
        lines += [
            f"[{dice.choice(['channels.ops', 'channels', 'active_hours', 'proxies', 'x.y'])}]",
            f"least = {_value(dice)}",
        ]
    content = bytearray("\n".join(lines).encode(errors="surrogatepass"))
    if content and dice.random() < 0.3:
        content[dice.randrange(len(content))] = dice.randrange(256)
    environment = {f"TIPOFF_{_name(dice, names).upper()}": dice.choice(_TEXTS) for _ in range(dice.randint(0, 1))}
    return bytes(content), environment


def _name(dice: random.Random, names: list[str]) -> str:
    name = dice.choice(names)
    return name if dice.random() < 0.8 else name[:-1]


def _value(dice: random.Random) -> str:
    text = dice.choice(_TEXTS)
    kinds = (text, f'"{text}"', f"'{text}'", f'["{text}"]', "-5", "1e300", "true", "{}", "[[]]", "2024-01-01", "nan")
    return dice.choice(kinds)


@contextlib.contextmanager
def sample_home() -> Iterator[Path]:
    """Give a home of two sample days."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        command = [sys.executable, "-m", "tipoff", "replay", "nba", "sample:2", "--world", "sample"]
        subprocess.run(
            command, env=os.environ | {"TIPOFF_HOME": str(home)}, cwd=folder, check=True, capture_output=True
        )
        yield home


def command_fuzz(lines: int = 10_000, files: int = 10_000) -> tuple[bool, dict[str, Any]]:
    """Return whether every line and every file is done or refused with a sentence, and how they ended."""
    began, seed = stopwatch(), dice_of("command_fuzz")
    with sample_home() as home:
        typed = fuzz_lines(lines, seed, home)
    read = fuzz_settings(files, seed)
    ok = not typed["wrong"] and not read["wrong"] and typed["commands"] > len(COMMANDS) - len(LONG) - 3
    return ok, {"seed": seed, "typed": typed, "set": read, "wall_s": round(stopwatch() - began, 1)}


if __name__ == "__main__":
    print(command_fuzz(*map(int, sys.argv[1:])))
