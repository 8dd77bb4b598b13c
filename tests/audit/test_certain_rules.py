"""What the code makes wrong by itself, at the level that its kind has earned; a good twin, a word away, says nothing."""

import pytest
from tests.audit.reading import audited

from tipoff_audit.finding import Level

PANDAS = (
    "import pandas as pd\n\n\ndef rows(frame, text, day):\n    {}\n    return frame, text, day\n\n\nrows(None, '', 1)\n"
)
PLAIN = PANDAS.replace("pandas as pd", "os")
BODY = "import numpy as np\n\n\ndef act(self, x, now, name):\n    if {}:\n        x.go()\n\n\nact(None, 1, 2, 3)\n"
MODEL = "from datetime import datetime\nfrom uuid import uuid4\n\nfrom sqlalchemy import Column\n\n\nclass Odds(Base):\n    {}\n"
DAG = "from datetime import datetime\n\nfrom airflow import DAG\n\ndag = DAG('odds', schedule={}, start_date={})\n"


def levels(text: str, rule: str, path: str = "jobs/a.py") -> list[Level]:
    return [one.level for one in audited({path: text}) if one.rule == rule]


@pytest.mark.parametrize(
    ("bad", "good", "level"),
    [
        ("frame.dropna(subset=['points'])", "frame.dropna(subset=['points'], inplace=True)", Level.NOTE),
        ("frame.drop(columns=['points'])", "frame = frame.drop(columns=['points'])", Level.NOTE),
        ("frame.drop(columns=['points'])", "frame.drop('points')", Level.NOTE),  # a set's, or a table's
        ("frame.rename(columns={'a': 'b'})", "frame.rename('b')", Level.NOTE),  # a file's
        ("text.replace('-', '')", "text = text.replace('-', '')", Level.NOTE),
        ("text.strip()", "print(text.strip())", Level.NOTE),
        ("frame.connection.commit", "frame.connection.commit()", Level.WARNING),
        (
            "with open(day) as out:\n        out.write(text)\n        out.flush\n        os.replace(day, text)",
            "with open(day) as out:\n        out.write(text)\n        out.flush",
            Level.WARNING,
        ),  # the file's own end closes it, and writes all
        (
            "with Session() as out:\n        out.add(text)\n        out.flush",
            "with Session() as out:\n        out.add(text)\n        out.flush()",
            Level.WARNING,
        ),
        (
            "with open(day) as out:\n        frame.commit",
            "with open(day) as out:\n        frame.commit()",
            Level.WARNING,
        ),
        (
            "for _, row in frame.iterrows():\n        row['a'] = 1",
            "for n, row in frame.iterrows():\n        frame.at[n, 'a'] = row['b']",
            Level.WARNING,
        ),
        (
            "for _, row in frame.iterrows():\n        row['a'] = 1",
            "for _, row in frame.iterrows():\n        row['a'] = 1\n        text.append(row)",
            Level.WARNING,
        ),
        ("day = {'BOS': 1, 'NYK': 2, 'BOS': 3}", "day = {'BOS': 1, 'NYK': 2, 'BOS': 1}", Level.NOTE),
        ("day = {'$ne': 1, '$ne': None}", "day = {'cat': text.get('cat', ''), 'cat': text.get('cat')}", Level.NOTE),
    ],
)
def test_a_value_that_nobody_takes_is_told(bad: str, good: str, level: Level) -> None:
    assert levels(PANDAS.format(bad), "value-dropped") == [level]
    assert levels(PANDAS.format(good), "value-dropped") == []


def test_a_cell_of_a_notebook_may_show_what_it_does_not_keep() -> None:
    text = "# %%\n" + PANDAS.format("frame.sort_values('points')")

    assert levels(text, "value-dropped") == []


@pytest.mark.parametrize(
    ("bad", "good"),
    [
        ("x != 'a' or x != 'b'", "x != 'a' and x != 'b'"),
        ("x == 'a' or 'b'", "x == 'a' or x == 'b'"),
        ("x == 1 and x == 2", "x == 1 and now == 2"),
    ],
)
def test_a_condition_that_cannot_be_otherwise_weighs_by_what_it_lets_through(bad: str, good: str) -> None:
    def told(does: str) -> list[Level]:
        return levels(BODY.format(bad).replace("x.go()", does), "same-answer")

    assert told("return False") == told("raise ValueError(x)") == [Level.ERROR]
    assert told("x.execute('INSERT INTO games VALUES (1)')") == [Level.ERROR]
    assert told("x.go()") == [Level.WARNING]
    assert told("setattr(x, 'comment', '')") == [Level.NOTE]
    assert levels(BODY.format(good), "same-answer") == []


def test_a_setting_whose_word_for_no_is_a_yes_is_a_note_where_nobody_reads_its_entry() -> None:
    text = (
        "import os\n\n\ndef given(rows):\n    return {'rows': rows, 'again': bool(os.environ.get('AGAIN', 'False'))}\n"
    )
    read = "\n\nif given([])['again']:\n    print(1)\n"

    assert levels(text, "same-answer") == [Level.NOTE]
    assert levels(text + read, "same-answer") == [Level.WARNING]


@pytest.mark.parametrize(("bad", "good"), [("x == np.nan", "x != x"), ("x == float('nan')", "np.isnan(x)")])
def test_a_comparison_with_what_equals_nothing_is_a_note(bad: str, good: str) -> None:
    assert levels(BODY.format(bad), "same-answer") == [Level.NOTE]
    assert levels(BODY.format(good), "same-answer") == []


@pytest.mark.parametrize(
    ("bad", "good", "level"),
    [
        ("day = bool(os.getenv('LIVE', 'false'))", "day = os.getenv('LIVE', 'false').lower() == 'true'", Level.WARNING),
        ("frame.add_argument('--write', type=bool)", "frame.add_argument('--write', type=int)", Level.NOTE),
        ("frame.add_argument('--write', type=bool)", "frame.add_argument('--verbose', type=bool)", Level.NOTE),
        (
            "frame.add_argument('--write', type=bool, default=True)",
            "frame.add_argument('--write', type=int, default=True)",
            Level.NOTE,
        ),
        (
            "frame.add_argument('--write', type=bool, required=True)",
            "frame.add_argument('--write', action=BooleanOptionalAction)",
            Level.NOTE,
        ),
        ("frame.add_argument('live', type=bool)", "frame.add_argument('live', type=yes)", Level.NOTE),
        (
            "frame.add_argument('live', type=bool)\n    day = frame.parse_args()['live']",
            "frame.add_argument('refresh', type=bool)\n    day = frame.parse_args()['refresh']",
            Level.WARNING,
        ),
        ("day = 'SELECT a FROM t WHERE b = NULL'", "day = 'UPDATE t SET b = NULL WHERE c = 1'", Level.NOTE),
        (
            "day = \"SELECT a FROM t WHERE b <> 'x' OR b <> 'y'\"",
            "day = \"SELECT a FROM t WHERE b <> 'x' AND b <> 'y'\"",
            Level.WARNING,
        ),
    ],
)
def test_settings_options_and_sql_have_conditions_too(bad: str, good: str, level: Level) -> None:
    assert levels(PLAIN.format(bad), "same-answer") == [level]
    assert levels(PLAIN.format(good), "same-answer") == []


@pytest.mark.parametrize(
    ("bad", "good"),
    [
        ("at = Column(DateTime, default=datetime.utcnow())", "at = Column(DateTime, default=datetime.utcnow)"),
        ("at = Column(default=str(uuid4()))", "at = Column(default=lambda: str(uuid4()))"),
    ],
)
def test_a_default_that_is_made_at_the_start_is_a_note(bad: str, good: str) -> None:
    assert levels(MODEL.format(bad), "made-once") == [Level.NOTE]
    assert levels(MODEL.format(good), "made-once") == []


def test_a_schedule_that_begins_now_never_begins_unless_somebody_begins_it() -> None:
    assert levels(DAG.format("'@daily'", "datetime.now()"), "made-once") == [Level.NOTE]
    assert levels(DAG.format("'@daily'", "datetime(2030, 1, 1)"), "made-once") == []
    assert levels(DAG.format("None", "datetime.now()"), "made-once") == []


def test_a_list_that_is_made_once_and_filled_is_a_note() -> None:
    text = "def pages(client, found={}):\n    found.append(client.next())\n    return found\n\n\npages(None)\n"

    assert levels(text.format("[]"), "made-once") == [Level.NOTE]
    assert levels(text.format("None"), "made-once") == []


@pytest.mark.parametrize(
    ("bad", "good"),
    [
        ("player_id = hash(name) % 1000", "player_id = hash((1, 2)) % 1000"),
        ("x = {'sku': f'{day}_{hash(name)}'}", "x = {'sku': f'{time.time()}_{hash(name)}'}"),
        ("x = {'uuid': hash(name) % 7}", "x = {'print': hash(name) % 7}"),
        ("rng = np.random.default_rng(hash(name) % 7)", "delay = hash(name) % 7"),
    ],
)
def test_a_hash_of_a_text_is_no_key_and_no_seed(bad: str, good: str) -> None:
    text = "import time\n\nimport numpy as np\n\n\ndef act(day, name):\n    {}\n    return x\n\n\nact(1, 2)\n"

    assert levels(text.format(bad), "changing-hash") == [Level.NOTE]
    assert levels(text.format(good), "changing-hash") == []


def test_what_is_invented_in_place_of_what_cannot_be_read_is_a_note() -> None:
    text = "def odds(it):\n    try:\n        return it.odds()\n    except Exception:\n        {}return mock_odds()\n\n\nodds(1)\n"

    assert levels(text.format(""), "made-up-data") == [Level.NOTE]
    assert levels(text.format("log.warning('made up')\n        "), "made-up-data") == [Level.NOTE]
    assert levels(text.format("").replace("def odds", "def mock_slate"), "made-up-data") == []


def test_two_readings_of_what_moves_on_are_two_values() -> None:
    text = "def ends(file):\n    return {} != 'a' or {} != 'b'\n\n\nends(1)\n"

    assert levels(text.replace("{}", "file.read(1)"), "same-answer") == []
    assert levels(text.replace("{}", "file.name"), "same-answer") == [Level.ERROR]


def test_a_measure_that_is_thrown_by_dice_is_a_warning_where_nothing_says_so() -> None:
    text = "import random\n\n\ndef judge(it):\n    {}confidence = random.uniform(0.6, 0.9)\n    return confidence\n\n\njudge(1)\n"

    assert levels(text.format(""), "made-up-data") == [Level.WARNING]
    assert levels(text.format("# a placeholder\n    "), "made-up-data") == [Level.NOTE]
    assert levels('"""A demonstration."""\n' + text.format(""), "made-up-data") == [Level.NOTE]
    assert levels(text.format("").replace("def judge", "def simulate_game"), "made-up-data") == []
    assert levels(text.format("").replace("confidence", "confidence_threshold"), "made-up-data") == []
    assert levels(text.format("").replace("random.uniform(0.6, 0.9)", "np.random.rand(8, 8)"), "made-up-data") == []


def test_a_coroutine_that_whoever_makes_the_object_awaits_is_a_note() -> None:
    text = (
        "class Feed:\n    def __init__(self):\n        self.begin_feed()\n\n    async def begin_feed(self):\n        pass\n\n\n"
        "async def make():\n    feed = Feed()\n    {}\n    return feed\n\n\nmake()\n"
    )

    assert Level.WARNING in levels(text.format("pass"), "ignored-result")
    found = [one for one in audited({"jobs/a.py": text.format("await feed.begin_feed()")}) if one.line == 3]
    assert [(one.rule, one.level) for one in found] == [("ignored-result", Level.NOTE)]


def test_what_lies_between_two_that_follow_each_other_is_no_age() -> None:
    text = "def pace(seen):\n    if (seen[-1].at - {}).seconds > 0:\n        return 1\n    return 0\n\n\npace([])\n"

    assert levels(text.format("seen[-2].at"), "wrong-time") == []
    assert levels(text.format("begun"), "wrong-time") == [Level.NOTE]


@pytest.mark.parametrize(
    ("bad", "good"),
    [
        ("(now - name.at).seconds < 300", "(now - name.at).total_seconds() < 300"),
        ("300 > (now - name.at).seconds", "300 > (now - name.at).total_seconds()"),
        ("(now - name.at).seconds > 300", "(now - name.last_cleanup).days > 3"),
        ("(now - x).seconds / 60 <= 5", "(now - x).days <= 5"),
        ("now.strftime('%H:%m')", "now.strftime('%H:%M')"),
    ],
)
def test_an_age_has_days_and_an_hour_has_minutes(bad: str, good: str) -> None:
    assert levels(BODY.format(bad), "wrong-time") == [Level.NOTE]
    assert levels(BODY.format(good), "wrong-time") == []


def test_a_condition_that_is_always_true_is_a_note_in_a_report_that_a_person_reads() -> None:
    sql = "SELECT team FROM games WHERE team <> 'x' OR team <> 'y'\n"

    assert levels(sql, "same-answer", "models/games.sql") == [Level.WARNING]
    assert levels(sql, "same-answer", "models/games_exceptions.sql") == [Level.NOTE]
    assert levels(sql, "same-answer", "models/rpt_games.sql") == [Level.NOTE]


def test_what_an_error_does_not_have_is_a_note() -> None:
    text = "def keep(frame):\n    try:\n        frame.save()\n    except ValueError as error:\n        log({})\n\n\nkeep(None)\n"

    assert levels(text.format("error.message"), "handler-raises") == [Level.NOTE]
    assert levels(text.format("error.args"), "handler-raises") == []


def test_an_age_has_no_days_where_what_is_old_was_taken_out_before() -> None:
    text = (
        "def recent(rows, now, since):\n    {}new = [row for row in rows if (now - row['at']).seconds < 300]\n"
        "    return new\n\n\nrecent([], 1, 2)\n"
    )

    assert levels(text.format(""), "wrong-time") == [Level.NOTE]
    assert levels(text.format("rows = [row for row in rows if row['at'] > since]\n    "), "wrong-time") == []


@pytest.mark.parametrize(
    ("rest", "level"),
    [
        ("return age.seconds < 300", [Level.NOTE]),
        ("if age.seconds < 300:\n        return 'too recent'\n    return ''", [Level.NOTE]),
        ("return age.days == 0 and age.seconds < 300", []),
        ("return age.total_seconds() < 300", []),
    ],
)
def test_an_age_that_has_a_name_is_an_age(rest: str, level: list[Level]) -> None:
    text = f"def is_new(now, row):\n    age = now - row.at\n    {rest}\n\n\nis_new(1, 2)\n"

    assert levels(text, "wrong-time") == level


def test_minutes_are_small_letters_where_the_hour_has_no_number() -> None:
    sql = "SELECT TO_TIMESTAMP(at, '{}') FROM t;\n"

    assert levels(sql.format("yyyy-MM-dd HH:mm:ss"), "wrong-time", "a.sql") == []
    assert levels(sql.format("YYYY-MM-DD HH24:mm:SS"), "wrong-time", "a.sql") == [Level.NOTE]


def test_a_zone_of_pytz_is_no_tzinfo() -> None:
    text = "from datetime import datetime\n\nimport pytz\n\nAT = datetime(2030, 1, 1, tzinfo=pytz.timezone('{}'))\n"

    assert levels(text.format("America/New_York"), "wrong-time") == [Level.NOTE]
    assert levels(text.format("UTC"), "wrong-time") == []


@pytest.mark.parametrize(
    ("bad", "good"),
    [
        ("frame = pd.read_csv(url, on_bad_lines='skip')", "frame = pd.read_csv(url, on_bad_lines='warn')"),
        ("frame = pd.read_csv(url, on_bad_lines='skip')", "frame = pd.read_csv(url, nrows=5, on_bad_lines='skip')"),
        ("frame = pd.read_csv(url, on_bad_lines='skip')", "frame = pd.read_fwf(url, on_bad_lines='skip')"),
    ],
)
def test_rows_that_a_reader_is_told_to_leave_out_are_a_warning(bad: str, good: str) -> None:
    assert levels(PANDAS.format(bad), "rows-skipped") == [Level.WARNING]
    assert levels(PANDAS.format(good), "rows-skipped") == []


@pytest.mark.parametrize("more", [", dtype=str", "  # skip malformed lines"])
def test_rows_that_are_texts_or_are_said_to_be_left_out_are_a_note(more: str) -> None:
    comment = "" if more.startswith(",") else more
    call = f"frame = pd.read_csv(url, on_bad_lines='skip'{more if not comment else ''}){comment}"

    assert levels(PANDAS.format(call), "rows-skipped") == [Level.NOTE]


@pytest.mark.parametrize(
    ("after", "level"),
    [
        ("frame.to_sql('games', text)", Level.ERROR),
        ("day.execute('INSERT INTO games VALUES (?)', frame)", Level.ERROR),
        ("day.add(frame)\n    day.commit()", Level.ERROR),
        ("frame.describe()", Level.WARNING),
        ("frame.to_csv(day)", Level.WARNING),
        ("frame.to_csv(url)", Level.NOTE),
    ],
)
def test_rows_that_are_left_out_weigh_by_where_the_others_go(after: str, level: Level) -> None:
    call = f"frame = pd.read_csv(url, on_bad_lines='{{}}')\n    {after}"

    assert levels(PANDAS.format(call.format("skip")), "rows-skipped") == [level]
    assert levels(PANDAS.format(call.format("error")), "rows-skipped") == []


def test_rows_that_are_left_out_are_missing_where_a_caller_loads_them() -> None:
    call = PANDAS.format("frame = pd.read_csv(url, on_bad_lines='skip')").replace("rows(None, '', 1)\n", "")
    loads = "def load(connection):\n    connection.execute('INSERT INTO games VALUES (?)', {})\n\n\nload(None)\n"

    assert levels(f"{call}{loads.format('rows(1, 2, 3)')}", "rows-skipped") == [Level.ERROR]
    assert levels(f"{call}{loads.format('[]')}", "rows-skipped") == [Level.WARNING]


def test_a_load_that_goes_on_past_errors_leaves_rows_out() -> None:
    sql = "COPY INTO games FROM @stage ON_ERROR = '{}';\n"

    assert levels(sql.format("CONTINUE"), "rows-skipped", "load.sql") == [Level.WARNING]
    assert levels(sql.format("ABORT_STATEMENT"), "rows-skipped", "load.sql") == []


WAREHOUSE = """
from google.cloud import bigquery


def load(frame, rows, client, table):
    {}


load(None, [], None, "")
"""
TO_A_FRAME = "client.load_table_from_dataframe(frame, table, job_config=config).result()"


@pytest.mark.parametrize(
    ("given", "after", "level"),
    [
        ("", TO_A_FRAME, []),
        ("", "client.load_table_from_json(rows, table, job_config=config).result()", [Level.WARNING]),
        ("", "client.load_table_from_uri(rows, table, job_config=config).result()", [Level.WARNING]),
        (", source_format=bigquery.SourceFormat.CSV", TO_A_FRAME, [Level.ERROR]),
        (", source_format='PARQUET'", "client.load_table_from_uri(rows, table, job_config=config).result()", []),
        (", source_format=bigquery.SourceFormat.AVRO", "return config", []),
        (", source_format=bigquery.SourceFormat.NEWLINE_DELIMITED_JSON", "return config", [Level.WARNING]),
        ("", "config.source_format = bigquery.SourceFormat.ORC\n    return config", []),
        ("", f"config.source_format = bigquery.SourceFormat.CSV\n    {TO_A_FRAME}", [Level.ERROR]),
        ("", "return config", [Level.WARNING]),
    ],
)
def test_an_allowance_of_bad_rows_counts_where_bigquery_heeds_it(given: str, after: str, level: list[Level]) -> None:
    config = f"config = bigquery.LoadJobConfig(max_bad_records=5{given})\n    {after}"

    assert levels(WAREHOUSE.format(config), "rows-skipped") == level


def test_an_allowance_that_is_given_with_the_frame_itself_is_not_heeded() -> None:
    call = "client.load_table_from_{}({}, table, job_config=bigquery.LoadJobConfig(max_bad_records=5)).result()"

    assert levels(WAREHOUSE.format(call.format("dataframe", "frame")), "rows-skipped") == []
    assert levels(WAREHOUSE.format(call.format("json", "rows")), "rows-skipped") == [Level.WARNING]


STORE = """{}

class Store{}:
    {}
    def commit(self):
        self.connection.commit()


class Games(Store):
    def keep(self, rows):
        self.connection.executemany('INSERT INTO games VALUES (?)', rows)
        self.commit


Games().keep([])
"""


@pytest.mark.parametrize(("mark", "level"), [("@property", []), ("", [Level.WARNING]), ("@retried", [Level.WARNING])])
def test_a_property_that_is_named_is_called(mark: str, level: list[Level]) -> None:
    one = STORE.format("", "", mark)
    own = (
        one.replace("class Games(Store):\n", "")
        .replace("\n\n    def keep", "\n    def keep")
        .replace("Games()", "Store()")
    )

    assert levels(one, "value-dropped") == level
    assert levels(own, "value-dropped") == level


@pytest.mark.parametrize(("mark", "level"), [("@property", []), ("", [Level.WARNING])])
def test_a_property_of_a_base_in_another_file_is_called(mark: str, level: list[Level]) -> None:
    base, _, own = STORE.format("", "", mark).partition("\n\n\nclass Games")
    files = {"core/store.py": base, "core/games.py": f"from core.store import Store\n\n\nclass Games{own}"}

    assert [one.level for one in audited(files) if one.rule == "value-dropped"] == level


WAITS = """
class Base:
    async def put(self, row):
        self.row = row


class Stage(Base):
    async def run(self):
        {}


print(Stage)
"""


@pytest.mark.parametrize(
    ("bad", "good"),
    [
        ("self.put(1)", "await self.put(1)"),
        (
            "there = sync_to_async(len)([])\n        if there:\n            return",
            "there = await sync_to_async(len)([])\n        if there:\n            return",
        ),
    ],
)
def test_a_coroutine_of_a_class_above_or_kept_under_a_name_is_not_awaited(bad: str, good: str) -> None:
    assert levels(WAITS.format(bad), "ignored-result") == [Level.WARNING]
    assert levels(WAITS.format(good), "ignored-result") == []


def test_a_function_may_import_another_of_the_name_of_a_coroutine() -> None:
    text = "async def main():\n    return 1\n\n\ndef watch():\n    {}\n    main()\n\n\nprint(watch)\n"

    assert levels(text.format("from others import main"), "ignored-result") == []
    assert levels(text.format("from others import watch_all"), "ignored-result") == [Level.WARNING]


def test_a_coroutine_that_a_timer_begins_later_is_a_note() -> None:
    text = WAITS.format("timer.every(15, self.put)\n        self.put(1)")

    assert levels(text, "ignored-result") == [Level.NOTE]


@pytest.mark.parametrize(
    ("does", "level"),
    [
        ("self.connection.execute('INSERT INTO games VALUES (?)', row)", Level.ERROR),
        ("self.save_all(row)", Level.WARNING),
        ("logger.info(row)", Level.NOTE),
    ],
)
def test_a_coroutine_that_is_not_awaited_weighs_by_what_it_would_have_done(does: str, level: Level) -> None:
    text = WAITS.replace("self.row = row", does)

    assert levels(text.format("self.put(1)"), "ignored-result") == [level]
    assert levels(text.format("await self.put(1)"), "ignored-result") == []


def test_a_coroutine_that_only_ends_something_is_a_note() -> None:
    text = (
        "class Feed:\n    async def close(self):\n        self.rows = 1\n\n    async def run(self):\n        self.close()\n\n\n"
        "print(Feed().run())\n"
    )

    assert levels(text, "ignored-result") == [Level.NOTE]


def test_a_method_that_the_file_awaits_elsewhere_is_a_place_to_look_at() -> None:
    text = "async def a(ctx):\n    await ctx.send(1)\n\n\nasync def b(ctx):\n    {}ctx.send(2)\n\n\nprint(a, b)\n"
    found = [one for one in audited({"jobs/a.py": text.format("")}) if one.rule == "ignored-result"]

    assert [(one.level, one.line) for one in found] == [(Level.NOTE, 6)]
    assert [one for one in audited({"jobs/a.py": text.format("await ")}) if one.rule == "ignored-result"] == []


LOGS = """
import logging

{}logger = logging.getLogger(__name__)


def keep(store, rows):
    try:
        store.put(rows)
    except Exception as error:
        logger.error("failed", error=str(error))
    try:
        store.end()
    except Exception as error:
        logger.error("failed", error=str(error))


keep(None, [])
"""


def test_words_that_the_librarys_logger_does_not_take_are_told_once_a_file() -> None:
    other = "logger = structlog.get_logger()\n"

    assert levels(LOGS.format(""), "handler-raises") == [Level.NOTE]
    assert levels(LOGS.format(other), "handler-raises") == []
