"""What the code makes wrong by itself is an error; its good twin, which differs by a word, says nothing."""

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


def errors(text: str, rule: str, path: str = "jobs/a.py") -> list[Level]:
    return [one.level for one in audited({path: text}) if one.rule == rule and one.level is not Level.NOTE]


@pytest.mark.parametrize(
    ("bad", "good"),
    [
        ("frame.dropna(subset=['points'])", "frame.dropna(subset=['points'], inplace=True)"),
        ("frame.drop(columns=['points'])", "frame = frame.drop(columns=['points'])"),
        ("frame.drop(columns=['points'])", "frame.drop('points')"),  # a set's, or a table's
        ("frame.rename(columns={'a': 'b'})", "frame.rename('b')"),  # a file's
        ("text.replace('-', '')", "text = text.replace('-', '')"),
        ("text.strip()", "print(text.strip())"),
        ("frame.connection.commit", "frame.connection.commit()"),
        (
            "for _, row in frame.iterrows():\n        row['a'] = 1",
            "for n, row in frame.iterrows():\n        frame.at[n, 'a'] = row['b']",
        ),
        (
            "for _, row in frame.iterrows():\n        row['a'] = 1",
            "for _, row in frame.iterrows():\n        row['a'] = 1\n        text.append(row)",
        ),
        ("day = {'BOS': 1, 'NYK': 2, 'BOS': 3}", "day = {'BOS': 1, 'NYK': 2, 'BOS': 1}"),
        ("day = {'$ne': 1, '$ne': None}", "day = {'cat': text.get('cat', ''), 'cat': text.get('cat')}"),
    ],
)
def test_a_value_that_nobody_takes_is_an_error(bad: str, good: str) -> None:
    assert errors(PANDAS.format(bad), "value-dropped") == [Level.ERROR]
    assert errors(PANDAS.format(good), "value-dropped") == []


def test_a_cell_of_a_notebook_may_show_what_it_does_not_keep() -> None:
    text = "# %%\n" + PANDAS.format("frame.sort_values('points')")

    assert errors(text, "value-dropped") == []


@pytest.mark.parametrize(
    ("bad", "good"),
    [
        ("x != 'a' or x != 'b'", "x != 'a' and x != 'b'"),
        ("x == 'a' or 'b'", "x == 'a' or x == 'b'"),
        ("x == 1 and x == 2", "x == 1 and now == 2"),
        ("x == np.nan", "x != x"),
        ("x == float('nan')", "np.isnan(x)"),
    ],
)
def test_a_condition_that_cannot_be_otherwise_is_an_error(bad: str, good: str) -> None:
    assert errors(BODY.format(bad), "same-answer") == [Level.ERROR]
    assert errors(BODY.format(good), "same-answer") == []


@pytest.mark.parametrize(
    ("bad", "good"),
    [
        ("day = bool(os.getenv('LIVE', 'false'))", "day = os.getenv('LIVE', 'false').lower() == 'true'"),
        ("frame.add_argument('--write', type=bool)", "frame.add_argument('--write', type=int)"),
        ("frame.add_argument('--write', type=bool)", "frame.add_argument('--verbose', type=bool)"),
        ("day = 'SELECT a FROM t WHERE b = NULL'", "day = 'UPDATE t SET b = NULL WHERE c = 1'"),
        (
            "day = \"SELECT a FROM t WHERE b <> 'x' OR b <> 'y'\"",
            "day = \"SELECT a FROM t WHERE b <> 'x' AND b <> 'y'\"",
        ),
    ],
)
def test_settings_options_and_sql_have_conditions_too(bad: str, good: str) -> None:
    assert errors(PLAIN.format(bad), "same-answer") == [Level.ERROR]
    assert errors(PLAIN.format(good), "same-answer") == []


@pytest.mark.parametrize(
    ("bad", "good"),
    [
        ("at = Column(DateTime, default=datetime.utcnow())", "at = Column(DateTime, default=datetime.utcnow)"),
        ("at = Column(default=str(uuid4()))", "at = Column(default=lambda: str(uuid4()))"),
    ],
)
def test_a_default_that_is_made_at_the_start_is_an_error(bad: str, good: str) -> None:
    assert errors(MODEL.format(bad), "made-once") == [Level.ERROR]
    assert errors(MODEL.format(good), "made-once") == []


def test_a_schedule_that_begins_now_never_begins_unless_somebody_begins_it() -> None:
    assert errors(DAG.format("'@daily'", "datetime.now()"), "made-once") == [Level.ERROR]
    assert errors(DAG.format("'@daily'", "datetime(2030, 1, 1)"), "made-once") == []
    assert errors(DAG.format("None", "datetime.now()"), "made-once") == []


def test_a_list_that_is_made_once_and_given_back_is_an_error() -> None:
    text = "def pages(client, found={}):\n    found.append(client.next())\n    return found\n\n\npages(None)\n"

    assert errors(text.format("[]"), "made-once") == [Level.ERROR]
    assert errors(text.format("None"), "made-once") == []


@pytest.mark.parametrize(
    ("bad", "good"),
    [
        ("player_id = hash(name) % 1000", "player_id = hash((1, 2)) % 1000"),
        ("x = {'sku': f'{day}_{hash(name)}'}", "x = {'sku': f'{time.time()}_{hash(name)}'}"),
        (
            "x = {'uuid': hash(name) % 7}",
            "rng = np.random.default_rng(hash(name) % 7)",
        ),  # a note: what comes of it is invented
        ("x = {'game_id': hash(name)}", "bucket = (hash(name) % 100) / 100"),  # a note: it may be this run's own
    ],
)
def test_a_hash_of_a_text_is_no_key_and_no_seed(bad: str, good: str) -> None:
    text = "import time\n\nimport numpy as np\n\n\ndef act(day, name):\n    {}\n    return x\n\n\nact(1, 2)\n"

    assert errors(text.format(bad), "changing-hash") == [Level.ERROR]
    assert errors(text.format(good), "changing-hash") == []


def test_what_is_invented_weighs_by_whether_somebody_is_told() -> None:
    text = "def odds(it):\n    try:\n        return it.odds()\n    except Exception:\n        {}return mock_odds()\n\n\nodds(1)\n"

    assert errors(text.format(""), "made-up-data") == [Level.ERROR]
    assert errors(text.format("log.warning('made up')\n        "), "made-up-data") == [Level.WARNING]
    assert errors(text.format("").replace("def odds", "def mock_slate"), "made-up-data") == []


def test_a_measure_that_is_thrown_by_dice_is_an_error_where_nothing_says_so() -> None:
    text = "import random\n\n\ndef judge(it):\n    {}confidence = random.uniform(0.6, 0.9)\n    return confidence\n\n\njudge(1)\n"

    assert errors(text.format(""), "made-up-data") == [Level.ERROR]
    assert errors(text.format("# a placeholder\n    "), "made-up-data") == [Level.WARNING]
    assert errors(text.format("").replace("def judge", "def simulate_game"), "made-up-data") == []
    assert errors(text.format("").replace("confidence", "confidence_threshold"), "made-up-data") == []


@pytest.mark.parametrize(
    ("bad", "good"),
    [
        ("(now - name.at).seconds < 300", "(now - name.at).total_seconds() < 300"),
        ("300 > (now - name.at).seconds", "300 < (now - name.at).seconds"),
        ("(now - x).seconds / 60 <= 5", "(now - x).days <= 5"),
        ("now.strftime('%H:%m')", "now.strftime('%H:%M')"),
    ],
)
def test_an_age_has_days_and_an_hour_has_minutes(bad: str, good: str) -> None:
    assert errors(BODY.format(bad), "wrong-time") == [Level.ERROR]
    assert errors(BODY.format(good), "wrong-time") == []


def test_a_zone_of_pytz_is_no_tzinfo() -> None:
    text = "from datetime import datetime\n\nimport pytz\n\nAT = datetime(2030, 1, 1, tzinfo=pytz.timezone('{}'))\n"

    assert errors(text.format("America/New_York"), "wrong-time") == [Level.ERROR]
    assert errors(text.format("UTC"), "wrong-time") == []


@pytest.mark.parametrize(
    ("bad", "good"),
    [
        ("frame = pd.read_csv(text, on_bad_lines='skip')", "frame = pd.read_csv(text, on_bad_lines='warn')"),
        ("frame = pd.read_csv(text, on_bad_lines='skip')", "frame = pd.read_csv(text, nrows=5, on_bad_lines='skip')"),
    ],
)
def test_rows_that_a_reader_is_told_to_leave_out_are_an_error(bad: str, good: str) -> None:
    assert errors(PANDAS.format(bad), "rows-skipped") == [Level.ERROR]
    assert errors(PANDAS.format(good), "rows-skipped") == []


def test_a_load_that_goes_on_past_errors_leaves_rows_out() -> None:
    sql = "COPY INTO games FROM @stage ON_ERROR = '{}';\n"

    assert errors(sql.format("CONTINUE"), "rows-skipped", "load.sql") == [Level.ERROR]
    assert errors(sql.format("ABORT_STATEMENT"), "rows-skipped", "load.sql") == []


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
    assert errors(WAITS.format(bad), "ignored-result") == [Level.ERROR]
    assert errors(WAITS.format(good), "ignored-result") == []


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

    assert errors(LOGS.format(""), "handler-raises") == [Level.ERROR]
    assert errors(LOGS.format(other), "handler-raises") == []
