"""Values that are not what they are taken for: hashes that change with each start, and data that nobody has measured."""

import ast
import re

from tipoff_audit.finding import Level
from tipoff_audit.reading.context import File
from tipoff_audit.reading.index import FUNCTIONS, Scope
from tipoff_audit.reading.names import constant, dotted, keyword, last_name, words
from tipoff_audit.reading.words import these

_SEEDS = these("seed RandomState default_rng Random manual_seed set_seed random_seed")
_KEYS = these("id ids key keys uuid sku code bucket shard partition slot variant group symbol")
_PASSING = these(  # asked within one run of the program, or of no weight
    """cache cached caches memo memoize jitter delay sleep backoff wait timeout color colour temp tmp lock stagger offset
    log logger logging debug info warning error print state eq lt cmp test mock demo sample fake dummy current prev
    previous last old new rotate archive backup rename"""
)
_INVENTED = re.compile(
    r"mock|fake|dummy|synth|simul|demo|sample|random|monte|bootstrap|generat|seed|noise|jitter|play|stub|paper|toy|(^|[._])test|example",
    re.IGNORECASE,
)
_ONCE = re.compile(r"time|now\b|today|uuid|isoformat|perf_counter|monotonic|getpid")
_THROUGH = these("abs int str hex round float")


def changing_hashes(file: File) -> None:
    """Report `hash()` of a text where its value outlives the program: as a key, a share or a seed."""
    for call in file.index.calls:
        func = call.func
        if not isinstance(func, ast.Name) or func.id != "hash" or len(call.args) != 1 or _is_stable(call.args[0]):
            continue
        if "hash" in file.index.imports or "hash" in file.index.module.bound:
            continue
        top, used = _used(file, call)
        if not used or used.startswith("__") or _ONCE.search(ast.unparse(top)):
            continue
        about = set(words(f"{used} {file.scope(call).name.rpartition('.')[2]}"))
        owner = file.scope(call).of_class
        about |= set(words(owner.name.rpartition(".")[2])) if owner is not None else set()
        if about & _PASSING or _INVENTED.search(f"{file.scope(call).name} {file.index.path}"):
            continue
        message = "`hash` of a text is another number at each start of Python"
        what = "this seed repeats nothing" if used == "seed" else f"`{used}` is never found again"
        file.say(
            "changing-hash", call, Level.NOTE, f"{message}: {what}; use hashlib, or the text itself", guards="work"
        )


def _is_stable(node: ast.expr) -> bool:
    """Whether the hash is that of a number, or is an object's own affair."""
    if isinstance(node, ast.Tuple | ast.Constant) or dotted(node) in {"self", "other"}:
        return True
    return isinstance(node, ast.Call) and last_name(node.func) in {"int", "float", "len", "id", "frozenset", "tuple"}


def _used(file: File, call: ast.Call) -> tuple[ast.AST, str]:
    """Return the whole expression and what it becomes: `seed`, the key that it is, or "" where it goes no further."""
    node: ast.AST = call
    is_part = False
    for above in file.index.parents(call):
        if isinstance(above, ast.Call):
            name = last_name(above.func)
            if name not in _THROUGH or node is above.func:
                return above, "seed" if name in _SEEDS else ""
        elif isinstance(above, ast.BinOp | ast.FormattedValue):
            is_part = True
        elif not isinstance(above, ast.JoinedStr | ast.Subscript | ast.BoolOp | ast.IfExp | ast.UnaryOp):
            return node, _key(_name_given(file, above, node), is_part=is_part)
        node = above
    return node, ""


def _name_given(file: File, above: ast.AST, node: ast.AST) -> str:
    """Return the name under which the value is kept or given back."""
    if isinstance(above, ast.Assign):
        target = above.targets[0]
        key = constant(target.slice) if isinstance(target, ast.Subscript) else None
        return key if isinstance(key, str) else last_name(target)
    if isinstance(above, ast.Dict):
        pairs = zip(above.keys, above.values, strict=True)
        return str(next((constant(one) for one, value in pairs if value is node), "") or "")
    if isinstance(above, ast.keyword):
        return above.arg or ""
    return f"{file.scope(above).name.rpartition('.')[2]}()" if isinstance(above, ast.Return) else ""


def _key(name: str, *, is_part: bool) -> str:
    return name if set(words(name)) & (_KEYS | {"seed"}) and (is_part or "seed" not in words(name)) else ""


_STANDS_IN = re.compile(r"(^|_)(mock|mocked|fake|dummy|synthetic|simulated|fabricated)(_|$)", re.IGNORECASE)
_MEASURED = re.compile(
    r"confidence|probab|accuracy|win_rate|sentiment|prediction|sharpe|recall|f1|auc(_|$)|(^|_)(score|precision|odds)$|price$",
    re.IGNORECASE,
)
_SEARCHES = re.compile(
    r"optimi|search|mutat|cross|evol|explor|init|reset|perturb|augment|shuffle|trial|propose|suggest|popul|individual|genom"
    r"|threshold|(^|_)(min|max|weight|param|limit|init|target|range|bound|step|factor)",
    re.IGNORECASE,
)
_SAYS_SO = re.compile(
    r"mock|fake|dummy|simul|synthetic|random walk|realistic|placeholder|demo|stub|for now|in production|in a real|real impl"
    r"|would be|example|todo|sample|test|paper|fabricat|randomly|random (data|value|signal|price|score)|educational|for fun"
    r"|демо|симул|заглушк|[иі]мітац|имитац|模拟|占位|示例|随机|模擬|隨機|モック|ダミー|ejemplo|exemplo|simulad",
    re.IGNORECASE,
)
_TAUGHT = re.compile(
    r"(^|[/_-])(course|exercises?|lessons?|workshops?|labs?|solutions?|starter|template|training-labs|bootcamp|homework|assignments?|module-?\d+)([/_-]|$)",
    re.IGNORECASE,
)
_DICE = re.compile(r"^(random|np\.random|numpy\.random)\.(uniform|random|randint|gauss|normal|rand|randn|choice)$")
_MODES = re.compile(r"mock|demo|fake|sample|dry|simul|test|random|paper|synth|dummy|offline|stub", re.IGNORECASE)
_MAKES = these("mock fake dummy generate create get load make build fetch default fallback")
_ASKS_FOR_IT = re.compile(r"[=(]\s*[\"'](mock|fake|dummy|demo)[\"']")


def made_up(file: File) -> None:
    """Report what is invented where something was to be read, and measures that are thrown by dice: once a function."""
    thrown: dict[Scope, list[tuple[ast.Call, str]]] = {}
    for call in file.index.calls:
        is_class = last_name(call.func).strip("_")[:1].isupper()
        if not is_class and _STANDS_IN.search(last_name(call.func)) and set(words(last_name(call.func))) & _MAKES:
            _stands_in(file, call)
        elif _DICE.match(dotted(call.func)) and not _is_matrix(call) and (name := _measure(file, call)):
            thrown.setdefault(file.scope(call), []).append((call, name))
    for scope, found in thrown.items():
        _thrown(file, scope, found)


def _stands_in(file: File, call: ast.Call) -> None:
    node: ast.AST = call
    if isinstance(file.index.up.get(node), ast.Await):
        node = file.index.up[node]
    taken = file.index.up.get(node)
    scope = file.scope(call)
    if not isinstance(taken, ast.Return | ast.Assign) or _MODES.search(f"{scope.name} {file.index.path}"):
        return
    above = file.index.up.get(taken)
    asked = [ast.unparse(one.test) for one in file.index.parents(taken) if isinstance(one, ast.If)]
    is_read = isinstance(above, ast.ExceptHandler)
    if not isinstance(above, ast.ExceptHandler) and not (isinstance(above, ast.If) and taken in above.body):
        return
    if any(map(_MODES.search, asked)) or _ASKS_FOR_IT.search(_text(file, scope)):
        return
    if isinstance(above, ast.ExceptHandler) and last_name(above.type or call) in {"ImportError", "ModuleNotFoundError"}:
        return
    why = "what could not be read" if is_read else "what is not there"
    message = f"`{last_name(call.func)}` stands for {why}: whoever takes it cannot tell it from the truth"
    file.say("made-up-data", call, Level.NOTE, f"{message}; raise, or give back nothing", guards="read")


def _is_matrix(call: ast.Call) -> bool:
    """Whether a table of numbers is thrown: weights with which something begins."""
    size = keyword(call, "size")
    return (len(call.args) > 1 and last_name(call.func) in {"rand", "randn"}) or isinstance(size, ast.Tuple)


def _measure(file: File, call: ast.Call) -> str:
    """Return the measure that is given a random number, "" where the number is what it is said to be."""
    node: ast.AST = call
    for above in file.index.parents(call):
        if isinstance(above, ast.Call) and last_name(above.func) in {"round", "float", "int", "max", "min"}:
            node = above
            continue
        name = "" if isinstance(above, ast.Return) else _name_given(file, above, node)
        scope = file.scope(call)
        owner = scope.of_class.name.rpartition(".")[2] if scope.of_class is not None else ""
        if not _MEASURED.search(name) or not isinstance(scope.node, FUNCTIONS) or _is_of_a_table(file, above):
            return ""
        is_invented = _INVENTED.search(f"{owner} {scope.name} {file.index.path} {name}")
        return "" if is_invented or _SEARCHES.search(f"{owner} {scope.node.name} {name}") else name
    return ""


def _thrown(file: File, scope: Scope, found: list[tuple[ast.Call, str]]) -> None:
    call, name = found[0]
    level = Level.WARNING
    if _SAYS_SO.search(f"{_text(file, scope)}\n{_told_above(file, scope)}") or _TAUGHT.search(file.index.path):
        level = Level.NOTE
    others = f", and {len(found) - 1} others," if len(found) > 1 else ""
    message = f"`{name}`{others} is thrown by `{dotted(call.func)}`: a measure that nobody has measured"
    file.say("made-up-data", call, level, f"{message}; compute it, or leave it out", guards="read")


def _told_above(file: File, scope: Scope) -> str:
    """Return what the file and the class say of themselves, and the lines right above the function."""
    nodes = [file.index.module.node, *([scope.of_class.node] if scope.of_class is not None else [])]
    told = [ast.get_docstring(node, clean=False) or "" for node in nodes if not isinstance(node, FUNCTIONS)]
    first = getattr(scope.node, "lineno", 1) - 1
    return "\n".join([*told, *file.index.lines[max(0, first - 3) : first]])


def _text(file: File, scope: Scope) -> str:
    """Return the text of a function, "" for a module."""
    if not isinstance(scope.node, FUNCTIONS):
        return ""
    return "\n".join(file.index.lines[scope.node.lineno - 1 : scope.node.end_lineno])


def _is_of_a_table(file: File, above: ast.AST) -> bool:
    """Whether it is a column of a frame that is made on the spot."""
    call = file.index.up.get(above) if isinstance(above, ast.Dict) else None
    return isinstance(call, ast.Call) and last_name(call.func) == "DataFrame"


_READS_NOTHING = these(  # what such a module imports brings nothing in from outside
    """__future__ random numpy os sys json time datetime math typing typing_extensions logging uuid dataclasses enum collections
    pathlib argparse abc functools itertools re warnings traceback threading asyncio string hashlib copy statistics decimal
    fastapi flask flask_cors uvicorn pydantic starlette dash plotly streamlit"""
)
_READS = these(
    "read read_text read_bytes read_csv read_json read_parquet load loads readlines getenv environ input stdin"
)


def is_canned(file: File) -> bool:
    """Whether the file can know nothing of the world: it imports nothing by which anything is read, and opens nothing."""
    if not any(one.rule == "made-up-data" and one.level > Level.NOTE for one in file.findings):
        return False
    opened = [call for call in file.index.calls if last_name(call.func) == "open"]
    is_read = any(not _writes(call) for call in opened) or file.index.attributes & _READS
    return not is_read and all(origin.partition(".")[0] in _READS_NOTHING for origin in file.index.imports.values())


def _writes(call: ast.Call) -> bool:
    mode = constant(call.args[1]) if len(call.args) > 1 else constant(keyword(call, "mode"))
    return isinstance(mode, str) and not set(mode) & {"r", "+"}
