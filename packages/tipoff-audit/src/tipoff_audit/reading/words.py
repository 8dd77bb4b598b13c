"""The words by which calls are known: what writes, decides, reads, tells and clears up, in libraries and in people's names."""

import re


def these(text: str) -> frozenset[str]:
    """Return the words of a text, as a set."""
    return frozenset(text.split())


# Calls that write, whoever they are called on.
WRITES = these(
    """load_table_from_json load_table_from_dataframe load_table_from_file load_table_from_uri insert_rows_json
    insert_rows_from_dataframe insertAll to_gbq to_sql to_parquet to_feather to_hdf to_pickle to_excel write_text
    write_bytes put_object upload_file upload_fileobj upload_from_string upload_from_filename upload_from_file upload_blob
    put_item batch_write_item executemany bulk_create bulk_update bulk_save_objects bulk_insert_mappings insert_one
    insert_many update_one update_many replace_one delete_many delete_one bulk_write basic_publish send_and_wait produce
    copy_expert copy_from copy_records_to_table writestr write_pandas append_rows write_dataframe save_model log_model
    put_record put_records writerow writerows write_table create_task publish_message write_deltalake saveAsTable
    insertInto"""
)
# Names of methods that write when the thing they are called on is a store.
STORE_METHODS = these(
    """save store insert insert_rows upsert merge put post patch replace add_all set set_many update delete push publish send
    write flush commit record persist upload enqueue bulk write_rows add_document copy_from xadd rpush lpush sadd hset
    zadd hmset setex"""
)
STORES = these(
    """db conn connection cursor cur session engine transaction txn tx client warehouse bq bigquery storage repo repository
    dao ledger bucket blob collection table s3 gcs dynamodb redis mongo firestore doc document ref publisher producer topic
    queue sink writer outbox archive database es elasticsearch kafka sqs uploader store snowflake postgres duckdb sqlite
    bqclient"""
)
NO_STORES = these("self cls super log logger dict headers params config options kwargs cache re os path")
KEY_STORES = these("redis firestore doc document ref bucket memcache memcached kv dynamodb etcd")
ONLY_READ = these(
    "read get fetch list show find lookup query describe load count is has can should parse render format"
)
WRITE_VERBS = these(
    """save write persist store upsert insert publish upload flush commit archive checkpoint overwrite enqueue"""
)
WRITE_OBJECTS = these(
    """row rows record records result results prediction predictions data table tables db database bigquery bq warehouse gcs
    s3 file files state status progress batch batches buffer event events message messages feature features score scores
    stats metrics run runs log ledger cursor offset watermark game games boxscore boxscores grade grades line lines pick
    picks model artifact report history entry entries order orders payload"""
)
MAYBE_WRITES = these(
    """append add replace put post push send load sync mark set update create record export emit log track"""
)
GATES = these(
    """check validate verify ensure assert enforce require guard gate confirm authorize authorise preflight"""
)
PREDICATES = these("is can should has may must are allow allows")
GATED = these(
    """ready complete completed publish run allowed valid permitted halted fresh healthy available covered blocked eligible
    enabled final finished approved safe passed passes quality coverage gate stale due authorized halt skip duplicate
    duplicates process proceed trade paused frozen quota budget sufficient enough sane data"""
)
GATE_HOLDERS = these("gate gates validator checker guard preflight gatekeeper verifier breaker")
GATE_ACTS = these("""evaluate run check decide passes validate allow allows verify call __call__ test assert_ok""")
NO_GATES = these(
    """check_output check_call check_returncode is_dir is_file is_absolute is_alive is_symlink is_set is_running is_closing
    has_key check_random_state check_pickle validate_call"""
)
NEGATIVE = these(
    """halt halted block blocked skip locked paused duplicate duplicates stale missing conflict conflicts exceeded over
    disabled banned stop stopped frozen excluded bad broken failed failing invalid expired suspended quarantined empty
    seen already processed drifted drift anomalous outdated corrupt corrupted"""
)
NOTICES = these(
    """alert alerts alerter notify notification notifications notifier slack pagerduty sms email mail smtp sentry opsgenie
    telegram discord webhook heartbeat pager mailer"""
)
NOTICE_CALLS = these(
    """sendmail send_mail chat_postMessage send_email send_alert notify alert send_message_to_slack page_oncall"""
)
TELLS = these("""send post notify alert push emit page deliver trigger ping raise publish fire report call dispatch""")
READS = these(
    """read_gbq read_sql read_sql_query read_sql_table read_csv read_parquet read_json fetchall fetchone fetchmany fetch_all
    fetch_one to_dataframe list_rows get_table read_text read_bytes list_blobs download_as_string download_as_text
    download_as_bytes urlopen get_object get_item scalar scalars iterrows fetchval fetchrow to_arrow"""
)
READ_VERBS = these("""read fetch load query select lookup retrieve download pull search scan find count list get""")
READ_OBJECTS = WRITE_OBJECTS | these(
    """config settings coverage schedule odds injuries threshold latest last quota limit active players player pending status
    count counts stats price prices team teams completeness offset token expected required df frame dataframe dataset"""
)
READ_HOLDERS = STORES | these("requests httpx api http reader source provider scraper loader catalog registry")
WORK_VERBS = these(
    """process run execute compute train grade export sync refresh rebuild ingest scrape transform backfill predict generate
    build trigger calculate aggregate reprocess dispatch submit migrate deploy complete finalize finalise reconcile import
    update load handle apply collect fit retrain rerun resolve replay schedule invoke simulate forecast infer render
    extract score clean merge evaluate consume analyze analyse enrich settle perform
    recompute"""
)
CLEAN_UPS = these(
    """close cleanup clean_up shutdown terminate kill disconnect unlink rmdir rollback cancel release stop dispose teardown
    quit abort rmtree unregister detach join aclose remove removedirs killpg send_signal clear_session terminate_job
    unlock logout"""
)
PURE = these(
    """int float str bool len list dict set tuple sorted min max sum abs round any all zip map filter enumerate range repr
    isinstance hasattr getattr setattr type iter next format split strip lower upper join startswith endswith encode
    decode items keys values get pop copy append extend add update discard loads dumps fromisoformat strptime strftime
    isoformat now utcnow today date group groups match search sub findall fullmatch Path Decimal datetime timedelta
    timezone ZoneInfo setdefault insert index count rstrip lstrip replace total_seconds"""
)
RESPONSES = these(
    "jsonify JSONResponse Response make_response HttpResponse JsonResponse json_response PlainTextResponse dict"
)
LOG_METHODS = these("debug info warning warn error exception critical fatal log msg trace success print")
LOGGERS = re.compile(r"log(ger|ging|s)?(?![a-z])|console|^LOG|_log$|print", re.IGNORECASE)
LOG_CALLS = these(
    """print logging.debug logging.info logging.warning logging.warn logging.error logging.exception logging.critical
    warnings.warn traceback.print_exc traceback.print_exception traceback.print_stack click.echo click.secho
    sys.stderr.write sys.stdout.write pprint.pprint rich.print typer.echo"""
)
# What tells of a failure to somebody who will look: a state, a queue of failures, a counter, a list that is returned.
RECORDS = these(
    """fail failed failure failures error errors errored dead quarantine quarantined reject rejected retry requeue park
    parked capture unhealthy invalid problems problem issues exceptions incident incidents alert notify nack fault abort"""
)
FULL_WRITES = re.compile(
    r"^(requests|httpx|session|aiohttp)\.(post|put|patch|delete)$"
    r"|^shutil\.(copy\w*|move)$|^os\.(replace|rename|renames)$|^(json|pickle|joblib|marshal|cloudpickle)\.dump$"
    r"|^(numpy|np)\.(save|savez\w*|savetxt)$|^torch\.save$|^pandas_gbq\.to_gbq$"
    r"|\.(Session|Client|AsyncClient|ClientSession)\.(post|put|patch)$"
)
FULL_CLEAN_UPS = re.compile(r"^os\.(remove|unlink|rmdir|close|kill|killpg|removedirs)$|^shutil\.rmtree$")
FULL_READS = re.compile(
    r"^(requests|httpx)\.(get|head|request)$|^(json|pickle|joblib|tomllib|marshal)\.load$|^urllib\.request\.urlopen$|^yaml\.(safe_)?load$"
    r"|\.(Session|Client|AsyncClient)\.(get|query|request)$|^open$|^os\.listdir$"
)
SQL_CALLS = these(
    """execute executemany query query_and_wait sql executescript run_query execute_query exec_driver_sql read_sql run_sql
    execute_sql raw fetch fetch_all fetchrow fetchval exec run do_query run_dml mogrify execute_async scalar submit"""
)
BIGQUERY = re.compile(r"bigquery|(^|[._])bq(_|$|[a-z]*client)", re.IGNORECASE)
BIGQUERY_CLIENT = re.compile(
    r"google\.cloud\.bigquery|bigquery\.Client|(^|[\s.])_?(bq|bigquery)(_?client)?(\s|$)", re.IGNORECASE
)
ROOTS = these(
    """RequestException GoogleAPIError GoogleAPICallError GoogleCloudError SQLAlchemyError DBAPIError DatabaseError
    ClientError BotoCoreError HttpError PyMongoError RedisError KafkaError KafkaException"""
)


def is_bigquery(origin: str, receiver: str) -> bool:
    """Whether a call goes to Google's client; a client of the project's own making waits or not as it likes."""
    own = origin.count(".") > 1 and not origin.startswith(("google.", "bigquery"))
    return not own and BIGQUERY_CLIENT.search(f"{origin} {receiver}") is not None
