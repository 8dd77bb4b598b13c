"""Who may call whom, as facts of one file: what each of its functions names, what it imports, and why it may not load."""

import ast
import builtins
import re
from collections.abc import Iterable
from typing import Any

from tipoff_audit.reading.context import File
from tipoff_audit.reading.index import FUNCTIONS, Index, Scope
from tipoff_audit.reading.names import constant, dotted, last_name, names_in
from tipoff_audit.reading.words import these

ENTRIES = these("main run cli handler lambda_handler app start execute")  # by convention called from outside
_WRAPS = these(  # decorators after which a function is called as before; any other may register it
    """staticmethod classmethod property cached_property lru_cache cache wraps abstractmethod abstractproperty override
    overload contextmanager asynccontextmanager retry retrying on_exception timed timer timeit measure_time deprecated
    jit njit no_grad inference_mode final setter getter deleter total_ordering synchronized validate_call log_execution_time
    log_execution handle_errors singleton dataclass"""
)
_LOOKS_UP = these("getattr globals locals vars getmembers exec eval")
_LOADS = these("import_module __import__ exec iter_modules walk_packages spec_from_file_location run_path load_module")
_OLD = these(
    "unicode xrange raw_input basestring long reload file cmp execfile unichr reduce buffer intern apply coerce"
)
_GIVEN = these(  # names that somebody puts into a file's module before it runs: notebooks, builds, other programs
    """spark dbutils display sc sqlContext get_ipython get_config c snakemake Import Export Env Return plpy hou iface exit quit
    copyright credits license reveal_type WindowsError In Out SCRIPT_DIR udf_context session"""
)
_KNOWN = (
    frozenset(dir(builtins))
    | _OLD
    | _GIVEN
    | these(
        """__file__ __name__ __doc__ __package__ __spec__ __path__ __loader__ __builtins__ __qualname__ __module__
        __annotations__ _"""
    )
)
_STRAIGHT = (ast.Expr, ast.Assign, ast.AnnAssign, ast.AugAssign, ast.ClassDef, *FUNCTIONS, ast.Assert)


def reach(file: File) -> list[str]:
    """Return a line for each function, class and the module: its name within the file, its marks, and the names that it uses.

    Marks: `m` module, `c` class, `f` function; `e` one that somebody calls whom the code does not name, `d` one that looks up
    names that are put together, `i` one that loads modules so. What only imports a name does not use it.
    """
    index = file.index
    texts = _texts(file)
    unmet = _unmet(file)
    head = len(index.module.name) + 1
    found = []
    for scope in index.scopes:
        named = set(scope.named)
        for inner in scope.members.values():
            for mark in getattr(inner.node, "decorator_list", ()):
                named |= names_in(mark)
        if scope.kind == "function":
            named -= scope.bound.keys() - index.imports.keys() - scope.members.keys()
        used = (named | scope.looked | texts.get(scope, set())) - unmet.get(scope, set())
        origins = {index.imports[name].rpartition(".")[2] for name in used & index.imports.keys()}
        asked = {last_name(call.func) for call in scope.calls if not _is_plain(call)}
        used = (used | origins) - _COMMON
        marks = scope.kind[0] + ("e" if _is_registered(scope) else "")
        marks += ("d" if asked & _LOOKS_UP else "") + ("i" if asked & _LOADS else "")
        found.append("\t".join([scope.name[head:], marks, " ".join(sorted(used))]))
    return found


def dead(file: File) -> list[list[Any]]:
    """Return the lines to which nothing comes, and why: (first, last, why)."""
    found: list[list[Any]] = [
        [one.lineno, one.end_lineno or one.lineno, "what stands before it always leaves"] for one in file.index.dead
    ]
    first: dict[tuple[str, ...], int] = {}
    functions = [scope.node for scope in file.index.scopes if isinstance(scope.node, FUNCTIONS)]
    routes = [(one, _route(file, mark)) for one in functions for mark in one.decorator_list]
    for node, route in routes:
        if route and first.setdefault(route, node.lineno) != node.lineno:
            why = f"line {first[route]} answers for the same path, and is asked first"
            found.append([node.lineno, node.end_lineno, why])
    return found


_ROUTES = these("get post put patch delete route")


def _route(file: File, mark: ast.expr) -> tuple[str, ...]:
    """Return by whom, how and for which path a function is asked; nothing where nobody knows."""
    if not isinstance(mark, ast.Call) or not isinstance(mark.func, ast.Attribute) or not mark.args:
        return ()
    owner, path = dotted(mark.func.value), constant(mark.args[0])
    if mark.func.attr not in _ROUTES or not isinstance(path, str) or len(file.index.module.bound.get(owner, ())) != 1:
        return ()
    methods = [ast.unparse(one.value) for one in mark.keywords if one.arg == "methods"]
    return (owner, mark.func.attr, path, *methods)


def _unmet(file: File) -> dict[Scope, set[str]]:
    """Return the names that a scope uses only where nothing comes, by scope."""
    found: dict[Scope, set[str]] = {}
    dead = {id(one) for one in file.index.dead}
    for scope in {file.scope(file.index.up[one]) for one in file.index.dead}:
        waiting: list[ast.AST] = [scope.node]
        met: set[str] = set()
        while waiting:
            node = waiting.pop()
            if id(node) not in dead:
                met |= {last_name(node)} if isinstance(node, ast.Name | ast.Attribute) else set()
                waiting.extend(ast.iter_child_nodes(node))
        found[scope] = {
            last_name(node)
            for one in file.index.dead
            if file.scope(file.index.up[one]) is scope
            for node in ast.walk(one)
            if isinstance(node, ast.Name | ast.Attribute)
        } - met
    return found


_COMMON = frozenset(  # of the built-in types: so many are called by these names that they say nothing
    name for kind in (str, bytes, list, dict, set, int, float) for name in dir(kind) if not name.startswith("_")
) | these("info debug warning error exception print len str int float self cls range isinstance None True False")


def is_common(name: str) -> bool:
    """Whether a name is that of a method of the built-in types, of which nobody knows whose it is."""
    return name in _COMMON


def _texts(file: File) -> dict[Scope, set[str]]:
    """Return the names in strings, by scope: who is given one may look it up; what a module says that it offers is apart."""
    offered = file.index.module.values.get("__all__")
    apart = {id(node) for node in ast.walk(offered)} if offered is not None else set()
    found: dict[Scope, set[str]] = {}
    for node in file.index.strings:
        if isinstance(node.value, str) and node.value.isidentifier() and id(node) not in apart:
            found.setdefault(file.scope(node), set()).add(node.value)
    return found


def _is_registered(scope: Scope) -> bool:
    marks = getattr(scope.node, "decorator_list", [])
    if any(last_name(mark) not in _WRAPS for mark in marks):
        return True
    name = scope.name.rpartition(".")[2]
    if scope.kind != "function":
        return False
    is_own = scope.parent is not None and scope.parent.kind == "module"
    return (name.startswith("__") and name.endswith("__")) or (is_own and name in ENTRIES)


def _is_plain(call: ast.Call) -> bool:
    """Whether what is looked up is named in the call itself."""
    if isinstance(call.func, ast.Call):
        return True  # what it gave back is called
    place = 1 if last_name(call.func) == "getattr" else 0
    return len(call.args) > place and constant(call.args[place]) is not None


def offers(file: File) -> list[str]:
    """Return the names that a module offers to others: those of its `__all__`, and what a package's own file imports."""
    offered = file.index.module.values.get("__all__")
    names = (
        {node.value for node in ast.walk(offered) if isinstance(node, ast.Constant)} if offered is not None else set()
    )
    if file.index.path.endswith("__init__.py"):
        names |= {origin.rpartition(".")[2] for origin in file.index.imports.values()}
    return sorted(name for name in names if isinstance(name, str))


def imports(file: File, started: Iterable[str]) -> list[list[Any]]:
    """Return what the file imports: (steps up from its folder, -1 for a full name; the module; the names; whether always).

    `started`: the modules that it starts by their file's name; those are among them.
    """
    found: list[list[Any]] = []
    for node, _ in file.index.modules:
        above = file.index.up.get(node)
        always = isinstance(above, ast.Module)
        if isinstance(node, ast.Import):
            found += [[-1, alias.name, [], always] for alias in node.names]
        else:
            found.append([node.level - 1, node.module or "", [alias.name for alias in node.names], always])
    texts = (node.value for node in file.index.strings if isinstance(node.value, str) and len(node.value) < _LONGEST)
    named = {text.replace(":", ".") for text in texts if _A_MODULE.fullmatch(text)}
    return found + [[-1, name, [], False] for name in sorted(named | {*started})]


_A_PATH = re.compile(r"[\w.-]+(?:/[\w.-]+)*\.py\b")


def paths(texts: Iterable[str]) -> list[str]:
    """Return the Python files that texts name, by at most their folder and their name."""
    found = (one[0] for text in texts if ".py" in text for one in _A_PATH.finditer(text))
    return sorted({"/".join(one.split("/")[-2:]) for one in found})


_SERVES = these(
    """serve serve_forever run_forever run_polling start_polling infinity_polling run_app run_pending start_server launch
    run_until_disconnected start_consuming start_scheduler mainloop"""
)
_SERVED = these("uvicorn gunicorn hypercorn waitress app application server bot mcp socketio scheduler client web demo")


def guarded(file: File) -> list[str]:
    """Return the names that only the part under `__main__` reads or looks up; none where the program serves, or has no end."""
    body = file.index.module.node.body if file.index.is_script else []
    parts = [one for one in body if isinstance(one, ast.If) and "__main__" in ast.unparse(one.test)]
    if not parts or any(map(_stays, file.index.calls)):
        return []
    if any(isinstance(one, ast.While) and constant(one.test) for one in file.index.loops):
        return []
    inside = {id(node) for part in parts for node in ast.walk(part)}
    named = [node for node in ast.walk(file.index.module.node) if isinstance(node, ast.Name | ast.Attribute)]
    within = {last_name(node) for node in named if id(node) in inside}
    outside = {last_name(node) for node in named if id(node) not in inside and file.scope(node) is file.index.module}
    return sorted(within - outside)


def _stays(call: ast.Call) -> bool:
    owner = last_name(call.func.value) if isinstance(call.func, ast.Attribute) else ""
    name = last_name(call.func)
    return name in _SERVES or (name in {"run", "start"} and owner in _SERVED)


_LONGEST = 120
_A_MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+(:\w+)?")  # a full name that a string holds may be loaded by it


def runs(file: File) -> list[str]:
    """Return what loading the file does but define: `application` where it makes one, `work` where it does something else."""
    body = file.index.module.node.body
    made = [node.value for node in body if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)]
    found = ["application"] if any(last_name(one.func) in _APPLICATIONS for one in made) else []
    defines = any(isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) for node in body)
    # what only imports, is for that
    does = any(map(_does, body)) or file.index.source.text.startswith("#!") or not defines
    return found + (["work"] if does else [])


def _does(node: ast.stmt) -> bool:
    if isinstance(node, ast.Expr):
        done = node.value.value if isinstance(node.value, ast.Await) else node.value
        return isinstance(done, ast.Call) and last_name(done.func) not in _QUIET
    if isinstance(node, ast.If):
        return "TYPE_CHECKING" not in ast.unparse(node.test) and any(map(_does, node.body))
    return isinstance(node, ast.For | ast.While | ast.With | ast.AsyncFor | ast.Delete)


_QUIET = these(
    """basicConfig filterwarnings simplefilter load_dotenv getLogger addHandler insert append setLevel use disable_warnings
    set_page_config setdefault update register set_option"""
)
_APPLICATIONS = these(
    "FastAPI Flask Typer DAG Celery Definitions Sanic Starlette Dash Bot Client Quart Bottle App Application APIRouter Blueprint"
)


def broken(file: File) -> str:
    """Return why the file cannot be loaded, "" where nothing says so: it reads a name, always, that nothing has made by then."""
    index = file.index
    statements = index.module.node.body
    if any(
        isinstance(node, ast.ImportFrom) and any(one.name == "*" for one in node.names) for node, _ in index.modules
    ):
        return ""
    made_otherwise = {last_name(call.func) for call in index.module.calls} & {"exec", "locals", "vars"}
    if made_otherwise or "globals" in index.loaded or any(isinstance(node, ast.Match) for node in statements):
        return ""
    unmade = [
        name
        for statement in statements
        if isinstance(statement, _STRAIGHT) and not getattr(statement, "type_params", None)
        for name in _at_once(index, statement)
        if not any(line <= name.lineno for line in index.module.bound.get(name.id, ()))
    ]
    if not unmade:
        return ""
    shared = {name for node in index.inner(index.module) if isinstance(node, ast.Global) for name in node.names}
    for name in unmade:
        if name.id not in shared:
            when = "before it is made" if name.id in index.module.bound else "that nothing makes"
            return f"line {name.lineno} reads `{name.id}` {when}"
    return ""


def _at_once(index: Index, statement: ast.stmt) -> list[ast.Name]:
    """Return the names that are read when the statement is met, and that it cannot have made itself."""
    found: list[ast.Name] = []
    waiting: list[ast.AST] = [statement]
    own: set[str] = set()
    while waiting:
        node = waiting.pop()
        if isinstance(node, FUNCTIONS):
            waiting += [
                *node.decorator_list,
                *node.args.defaults,
                *(one for one in node.args.kw_defaults if one is not None),
            ]
            own.add(node.name)
        elif isinstance(node, ast.Lambda):
            waiting += [*node.args.defaults, *(one for one in node.args.kw_defaults if one is not None)]
        elif isinstance(node, ast.AnnAssign):
            waiting += [node.target, *([node.value] if node.value is not None else [])]
        elif isinstance(node, ast.ClassDef):
            waiting += [*node.decorator_list, *node.bases, *(given.value for given in node.keywords)]
            own |= index.scope_of[node].bound.keys() if node in index.scope_of else set()
            waiting += [part for part in node.body if isinstance(part, _STRAIGHT)]
        elif isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Load):
                found.append(node)
            else:
                own.add(node.id)
        elif isinstance(node, ast.BoolOp | ast.IfExp):
            waiting.append(node.values[0] if isinstance(node, ast.BoolOp) else node.test)
        else:
            waiting.extend(ast.iter_child_nodes(node))
    found = [name for name in found if name.id not in own and name.id not in _KNOWN]
    return sorted(found, key=lambda name: (name.lineno, name.col_offset))
