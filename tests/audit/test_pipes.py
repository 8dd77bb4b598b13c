"""Loads of SQL that leave rows out: what is dropped, made anew, tried out, checked, or read by nobody is a note."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

import pytest
from tests.audit.reading import audited
from tests.audit.test_apart import NOTE, WARNING

from tipoff_audit.finding import Finding
from tipoff_audit.project.reach import Surroundings


def told(files: dict[str, str]) -> list[Finding]:
    """Return what is said of rows left out, where the files' own texts can be asked."""

    def texts(words: AbstractSet[str]) -> Mapping[str, Sequence[tuple[str, str]]]:
        return {word: [(path, text) for path, text in files.items() if word.lower() in text.lower()] for word in words}

    return [one for one in audited(files, Surroundings(texts=texts)) if one.rule == "rows-skipped"]


def levels(files: dict[str, str]) -> list[object]:
    return [one.level for one in told(files)]


PIPE = """CREATE OR REPLACE PIPE games.raw.box_pipe AUTO_INGEST = TRUE AS
COPY INTO games.raw.box
FROM (SELECT $1:team::string FROM @games.raw.stage)
ON_ERROR = 'CONTINUE';
"""
LOAD = PIPE.partition(" AS\n")[2]
ANEW = PIPE.replace("games.raw.box\n", "games.raw.box_lines\n").replace("'CONTINUE'", "ABORT_STATEMENT")
PAUSE = "ALTER PIPE games.raw.box_pipe SET PIPE_EXECUTION_PAUSED = TRUE;\n"


@pytest.mark.parametrize(
    ("other", "level"),
    [
        ({}, WARNING),
        ({"sql/keep.sql": "DROP PIPE games.raw.box_pipe;\n"}, NOTE),
        ({"sql/keep.sql": 'DROP PIPE IF EXISTS "GAMES".RAW.BOX_PIPE;\n'}, NOTE),
        ({"sql/keep.sql": "-- DROP PIPE games.raw.box_pipe;\nDROP PIPE games.raw.other_pipe;\n"}, WARNING),
        ({"sql/keep.sql": "DROP TABLE IF EXISTS games.raw.box;\n"}, NOTE),
        ({"sql/keep.sql": "DROP TABLE games.raw.box_lines;\n"}, WARNING),
        ({"sql/keep.sql": "INSERT INTO b SELECT * FROM games.raw.box;\nDROP TABLE games.raw.box;\n"}, WARNING),
        ({"sql/keep.sql": "DROP TABLE games.raw.box;\nALTER TABLE t RENAME TO games.raw.box;\n"}, WARNING),
        ({"sql/keep.sql": f"DROP PIPE games.raw.box_pipe;\n{PIPE.replace('CONTINUE', 'ABORT')}"}, WARNING),
        (
            {"sql/teardown.sql": "DROP PIPE games.raw.box_pipe;\n"},
            WARNING,
        ),  # takes all of it down, and is no news of it
        ({"sql/keep.sql": PAUSE + ANEW}, NOTE),
        ({"sql/keep.sql": ANEW}, WARNING),  # which of the two was last, nobody knows
        ({"sql/keep.sql": PAUSE + ANEW.replace("box_lines", "box")}, WARNING),
    ],
)
def test_a_pipe_that_is_dropped_or_made_anew_for_another_table_is_a_note(
    other: dict[str, str], level: list[object]
) -> None:
    assert levels({"sql/load.sql": PIPE} | other) == level


@pytest.mark.parametrize(("name", "level"), [("V3__drop_box.sql", NOTE), ("V1__drop_box.sql", WARNING)])
def test_a_pipe_that_was_dropped_before_it_was_made_is_there(name: str, level: list[object]) -> None:
    files = {"sql/V2__box.sql": PIPE, f"sql/{name.replace('drop', 'without')}": "DROP PIPE games.raw.box_pipe;\n"}

    assert levels(files) == level


def test_a_load_once_beside_a_pipe_that_is_dropped_is_a_note() -> None:
    once = PIPE + "\nCOPY INTO games.raw.box FROM @games.raw.days ON_ERROR = 'CONTINUE';\n"

    assert levels({"sql/load.sql": once, "sql/keep.sql": "DROP PIPE games.raw.box_pipe;\n"}) == NOTE * 2
    assert levels({"sql/load.sql": once}) == WARNING * 2


def test_a_table_on_the_way_that_is_dropped_at_the_end_loses_rows_all_the_same() -> None:
    load = "COPY INTO raw.new FROM @days ON_ERROR = 'CONTINUE';\nDROP TABLE raw.new;\n"

    assert levels({"sql/load.sql": load}) == WARNING


SAND = PIPE.replace("games.", "gamesand.")


@pytest.mark.parametrize(
    ("files", "level"),
    [
        ({"sand/a.sql": SAND, "prod/a.sql": "SELECT 1 FROM gameprod.raw.box"}, NOTE),
        ({"sand/a.sql": SAND.replace("sand.", "dev."), "prod/a.sql": "SELECT 1 FROM gameprod.raw.box"}, NOTE),
        ({"sand/a.sql": SAND.replace("gamesand.", "sandbox."), "prod/a.sql": "SELECT 1 FROM games.raw.box"}, NOTE),
        ({"a/a.sql": SAND, "b/b.sql": "SELECT 1 FROM games.raw.box"}, WARNING),  # a thousand sands may be its name
        ({"a/a.sql": SAND, "b/b.sql": "SELECT 1 FROM gameprod.raw.box JOIN gamesand.raw.box USING (id)"}, WARNING),
        ({"a/a.sql": SAND.replace("sand.", "stag."), "b/b.sql": "SELECT 1 FROM gameprod.raw.box"}, WARNING),
        ({"a/a.sql": SAND.replace("sand.", "prod."), "b/b.sql": "SELECT 1 FROM gamesand.raw.box"}, WARNING),
    ],
)
def test_a_sandboxs_load_is_a_note_where_no_statement_elsewhere_reads_it(
    files: dict[str, str], level: list[object]
) -> None:
    assert levels(files) == level


def test_a_pipe_is_told_what_a_pipe_can_do() -> None:
    [found] = told({"sql/load.sql": PIPE})
    [load] = told({"sql/load.sql": LOAD})

    assert "a pipe cannot fail; take SKIP_FILE and let it notify of errors (ERROR_INTEGRATION)" in found.message
    assert "let it fail" in load.message


@pytest.mark.parametrize(
    ("pipe", "other", "level"),
    [
        (PIPE.replace("CONTINUE", "SKIP_FILE"), "", WARNING),
        (PIPE.replace("CONTINUE", "SKIP_FILE").replace(" AS\n", " ERROR_INTEGRATION = tell AS\n"), "", []),
        (PIPE.replace(" AS\n", " ERROR_INTEGRATION = tell AS\n"), "", WARNING),  # of rows nobody is notified
        (PIPE, "SELECT * FROM TABLE(i.COPY_HISTORY(TABLE_NAME => 'games.raw.box', START_TIME => day));\n", NOTE),
        (PIPE, "SELECT * FROM TABLE(i.COPY_HISTORY(TABLE_NAME => 'games.raw.odds', START_TIME => day));\n", WARNING),
        (PIPE, "SELECT * FROM TABLE(VALIDATE_PIPE_LOAD(PIPE_NAME => 'games.raw.box_pipe'));\n", NOTE),
        (LOAD, "CREATE TABLE x AS SELECT * FROM TABLE(VALIDATE(TABLE_NAME => 'RAW.BOX', JOB_ID => '_last'));\n", NOTE),
        (
            LOAD,
            "CREATE TABLE x AS SELECT * FROM TABLE(VALIDATE(TABLE_NAME => 'RAW.ODDS', JOB_ID => '_last'));\n",
            WARNING,
        ),
        (LOAD, "SELECT revalidate(box) FROM t;\n", WARNING),
    ],
)
def test_who_does_what_is_told_of_a_pipe_is_not_told_it_again(pipe: str, other: str, level: list[object]) -> None:
    assert levels({"sql/load.sql": pipe, "sql/day.sql": other}) == level


MODEL = """MODEL (
    name raw.team_kinds,
    kind FULL
);

SELECT * FROM read_csv_auto('teams.csv', ignore_errors = true);
"""
TABLE = "CREATE TABLE raw.team_kinds AS SELECT * FROM read_csv('teams.csv', ignore_errors = true);\n"
OTHER = {"sql/day.sql": "MODEL (name raw.days, kind FULL);\nSELECT 1;\n"}
READS = {"sql/week.sql": "SELECT * FROM raw.days;\n"}


@pytest.mark.parametrize("text", [MODEL, TABLE])
@pytest.mark.parametrize(
    ("other", "level"),
    [
        (OTHER | READS, NOTE),
        (OTHER, WARNING),  # nobody reads any model here
        (OTHER | READS | {"sql/teams.sql": "SELECT 1 FROM raw.days JOIN raw.team_kinds USING (kind);\n"}, WARNING),
        (OTHER | READS | {"web/page.ts": "const kinds = rows('team_kinds')\n"}, WARNING),
    ],
)
def test_rows_left_out_of_a_model_that_nobody_reads_are_a_note(
    text: str, other: dict[str, str], level: list[object]
) -> None:
    assert levels({"sql/kinds.sql": text} | other) == level


MATERIALIZATION = """{% materialization from_stage, adapter='snowflake' -%}
{%- call statement('main') -%}
COPY INTO {{ target_relation }} FROM ({{ sql }}) ON_ERROR = CONTINUE
{% endcall %}
{%- endmaterialization %}
"""


@pytest.mark.parametrize(
    ("other", "level"),
    [
        ({}, NOTE),
        ({"models/box.sql": "{{ config(materialized='from_stage') }}\nSELECT $1\n"}, WARNING),
        ({"dbt_project.yml": "models:\n  raw:\n    +materialized: from_stage\n"}, WARNING),
        ({"models/box.sql": "{{ config(materialized='from_stage_too') }}\nSELECT $1\n"}, NOTE),
        ({"models/box.yml": "description: made from_stage\n"}, NOTE),
    ],
)
def test_a_materialization_that_no_model_names_is_a_note(other: dict[str, str], level: list[object]) -> None:
    assert levels({"macros/from_stage.sql": MATERIALIZATION} | other) == level
