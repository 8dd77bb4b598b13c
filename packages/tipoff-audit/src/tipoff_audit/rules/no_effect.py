"""What has no effect, or another than it reads: errors that are made and not raised, loops that shorten their own list."""

import ast
import builtins

from tipoff_audit.finding import Level
from tipoff_audit.reading.context import File
from tipoff_audit.reading.index import FUNCTIONS, Scope
from tipoff_audit.reading.names import dotted, last_name, names_in

_ERRORS = frozenset(
    name
    for name, one in vars(builtins).items()
    if isinstance(one, type) and issubclass(one, Exception) and not issubclass(one, Warning)
)
_LEAVES = ast.Break | ast.Return | ast.Raise
_MAKES = frozenset({"list", "sorted", "split", "tolist", "to_list", "readlines", "findall", "listdir", "glob"})


def made_and_not_raised(file: File) -> None:
    """Report errors that stand as a statement of their own: nothing raises them, and what they were to stop goes on."""
    for call in file.index.calls:
        name = call.func.id if isinstance(call.func, ast.Name) else ""
        if not isinstance(file.index.up.get(call), ast.Expr) or not _is_error(file, name):
            continue
        message = f"`{name}` is made and not raised: nothing is stopped, and nobody is told"
        level = Level.NOTE if _fails_anyway(file, call) or _does_more(file, name) else Level.ERROR
        file.say("value-dropped", call, level, f"{message}; write `raise {name}(…)`", guards="gate")


def _is_error(file: File, name: str) -> bool:
    if name in _ERRORS:
        return name not in file.index.imports and name not in file.index.module.members
    own = file.index.module.members.get(name)
    node = own.node if own is not None else None
    return isinstance(node, ast.ClassDef) and any(last_name(base) in _ERRORS for base in node.bases)


def _does_more(file: File, name: str) -> bool:
    """Whether to make the error does something by itself: it logs, tells or counts."""
    own = file.index.module.members.get(name)
    begins = own.members.get("__init__") if own is not None else None
    calls = begins.calls if begins is not None else []
    return any(not dotted(call.func).startswith("super") for call in calls)


def _fails_anyway(file: File, call: ast.Call) -> bool:
    """Whether the next thing that is asked of what is not there raises, or a raise or an exit stands beside it."""
    asked: set[str] = set()
    child: ast.AST = call
    for parent in file.index.parents(call):
        blocks = [getattr(parent, name, None) for name in ("body", "orelse", "finalbody")]
        beside = next((block for block in blocks if isinstance(block, list) and child in block), [])
        if any(isinstance(one, ast.Raise) or (isinstance(one, ast.Expr) and _exits(one.value)) for one in beside):
            return True
        if isinstance(parent, ast.If):
            asked |= names_in(parent.test)
        if isinstance(parent, FUNCTIONS):
            break
        child = parent
    later = (one for name in asked for one in file.index.loads(file.scope(call), name) if one.lineno > call.lineno)
    return any(
        isinstance(above := file.index.up.get(one), ast.Attribute | ast.Subscript) and above.value is one
        for one in later
    )


def _exits(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and dotted(node.func) in {"sys.exit", "exit", "quit", "os._exit", "os.abort"}


def shortened(file: File) -> None:
    """Report loops that take their item out of the list that they go through: the next one is passed over."""
    for call in file.index.calls:
        if last_name(call.func) != "remove" or len(call.args) != 1 or not isinstance(call.func, ast.Attribute):
            continue
        loop = _own_loop(file, call)
        if loop is None or _is_last(file, call, loop):
            continue
        name, scope = dotted(loop.iter), file.scope(call)
        message = (
            f"`{dotted(call.func)}` shortens the list that the loop goes through, and the next item is passed over"
        )
        level = Level.WARNING if _is_read(file, loop, scope) and _is_list(scope, name) else Level.NOTE
        file.say("rows-skipped", call, level, f"{message}; go through a copy, or build the list anew", guards="work")


def _own_loop(file: File, call: ast.Call) -> ast.For | None:
    """Return the loop around, where it is the loop's own list and item; None where it is not, or a loop around begins anew."""
    assert isinstance(call.func, ast.Attribute)  # noqa: S101 -- asked before
    name, item = dotted(call.func.value), dotted(call.args[0])
    found: ast.For | None = None
    for parent in file.index.parents(call):
        if isinstance(parent, FUNCTIONS):
            break
        if isinstance(parent, ast.While):
            return None  # what was passed over has its turn in the next round
        if isinstance(parent, ast.For) and dotted(parent.iter) == name and dotted(parent.target) == item != "":
            found = parent
    return found


def _is_last(file: File, call: ast.Call, loop: ast.For) -> bool:
    """Whether the loop is left after the item was taken out."""
    child: ast.AST = call
    for parent in file.index.parents(call):
        for field in ("body", "orelse", "finalbody"):
            block = getattr(parent, field, None)
            if isinstance(block, list) and child in block:
                after = block[block.index(child) + 1 :]
                if any(isinstance(one, _LEAVES) for one in after):
                    return True
        if parent is loop:
            return False
        child = parent
    return False


def _is_read(file: File, loop: ast.For, scope: Scope) -> bool:
    """Whether what is left in the list is read after the loop."""
    name, end = dotted(loop.iter), loop.end_lineno or loop.lineno
    return any(one.lineno > end for one in file.index.loads(scope, name.partition(".")[0]))


def _is_list(scope: Scope, name: str) -> bool:
    """Whether it is known for a list: a set raises when it is shortened in its own loop."""
    made = scope.values.get(name)
    noted = scope.notes.get(name)
    if noted is not None and ast.unparse(noted).lower().startswith(("list", "typing.list")):
        return True
    if isinstance(made, ast.Call):
        return last_name(made.func) in _MAKES
    return isinstance(made, ast.List | ast.ListComp)
