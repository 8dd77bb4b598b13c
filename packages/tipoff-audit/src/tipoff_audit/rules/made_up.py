"""Values that are not what they are taken for: hashes that change with each start, and data that nobody has measured."""

import ast
import re

from tipoff_audit.finding import Level
from tipoff_audit.reading.context import File
from tipoff_audit.reading.names import constant, dotted, last_name, words
from tipoff_audit.reading.words import these

_SEEDS = these("seed RandomState default_rng Random manual_seed set_seed random_seed")
_KEYS = these("id ids key keys uuid sku code bucket shard partition slot variant group symbol")
_PASSING = these(  # asked within one run of the program, or of no weight
    """cache cached caches memo memoize jitter delay sleep backoff wait timeout color colour temp tmp lock stagger offset
    log logger logging debug info warning error print state eq lt cmp test mock demo sample fake dummy current prev
    previous last old new rotate archive backup rename"""
)
_INVENTED = re.compile(
    r"mock|fake|dummy|synth|simul|demo|sample|random|monte|bootstrap|generat|seed|noise|jitter|play|stub|paper|toy",
    re.IGNORECASE,
)
_ONCE = re.compile(r"time|now\b|today|uuid|isoformat|perf_counter|monotonic|getpid")
_IS_INVENTED = re.compile(r"mock|fake|dummy|simulat|synthetic|random walk|realistic|placeholder|demo", re.IGNORECASE)
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
        node = file.scope(call).node
        text = "\n".join(file.index.lines[getattr(node, "lineno", 1) - 1 : getattr(node, "end_lineno", 1)])
        level = Level.NOTE if used == "seed" and _IS_INVENTED.search(text) else Level.ERROR
        message = "`hash` of a text is another number at each start of Python"
        what = "this seed repeats nothing" if used == "seed" else f"`{used}` is never found again"
        file.say("changing-hash", call, level, f"{message}: {what}; use hashlib, or the text itself", guards="work")


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
    return file.scope(above).name.rpartition(".")[2] if isinstance(above, ast.Return) else ""


def _key(name: str, *, is_part: bool) -> str:
    return name if set(words(name)) & (_KEYS | {"seed"}) and (is_part or "seed" not in words(name)) else ""


_STANDS_IN = re.compile(r"(^|_)(mock|mocked|fake|dummy|synthetic|simulated|fabricated)(_|$)", re.IGNORECASE)
_MEASURED = re.compile(
    r"confidence|probab|accuracy|win_rate|sentiment|prediction|odds|(^|_)score$|price$|sharpe", re.IGNORECASE
)
_DICE = re.compile(r"^(random|np\.random|numpy\.random)\.(uniform|random|randint|gauss|normal|rand|randn|choice)$")
_MODES = re.compile(r"mock|demo|fake|sample|dry|simul|test|random|paper|synth|dummy|offline|stub", re.IGNORECASE)
_MAKES = these("mock fake dummy generate create get load make build fetch default fallback")
_TELLS = these("warning error exception critical warn")


def made_up(file: File) -> None:
    """Report what is invented where something was to be read, and measures that are thrown by dice."""
    for call in file.index.calls:
        if _STANDS_IN.search(last_name(call.func)) and set(words(last_name(call.func))) & _MAKES:
            _stands_in(file, call)
        elif _DICE.match(dotted(call.func)):
            _thrown(file, call)


def _stands_in(file: File, call: ast.Call) -> None:
    node: ast.AST = call
    if isinstance(file.index.up.get(node), ast.Await):
        node = file.index.up[node]
    taken = file.index.up.get(node)
    scope = file.scope(call)
    if not isinstance(taken, ast.Return | ast.Assign) or _MODES.search(f"{scope.name} {file.index.path}"):
        return
    above = file.index.up.get(taken)
    if isinstance(above, ast.ExceptHandler):
        if last_name(above.type or call) in {"ImportError", "ModuleNotFoundError"}:
            return
        why = "what could not be read"
    elif isinstance(above, ast.If) and taken in above.body and not _MODES.search(ast.unparse(above.test)):
        why = "what is not there"
    else:
        return
    told = any(
        isinstance(part, ast.Call) and last_name(part.func) in _TELLS for one in above.body for part in ast.walk(one)
    )
    level = Level.ERROR if isinstance(above, ast.ExceptHandler) and not told else Level.WARNING
    message = f"`{last_name(call.func)}` stands for {why}: whoever takes it cannot tell it from the truth"
    file.say("made-up-data", call, level, f"{message}; raise, or give back nothing", guards="read")


def _thrown(file: File, call: ast.Call) -> None:
    """Report a measure that is given a random number."""
    node: ast.AST = call
    for above in file.index.parents(call):
        if isinstance(above, ast.Call) and last_name(above.func) in {"round", "float", "int", "max", "min"}:
            node = above
            continue
        name = "" if isinstance(above, ast.Return) else _name_given(file, above, node)
        scope = file.scope(call)
        if _MEASURED.search(name) and not _INVENTED.search(f"{scope.name} {file.index.path} {name}"):
            message = f"`{name}` is thrown by `{dotted(call.func)}`: a measure that nobody has measured"
            file.say("made-up-data", call, Level.WARNING, f"{message}; compute it, or leave it out", guards="read")
        return
