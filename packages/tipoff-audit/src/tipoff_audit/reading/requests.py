"""Functions that answer requests, and sleeps."""

import ast
import re

from tipoff_audit.reading.context import File
from tipoff_audit.reading.index import FUNCTIONS, Function, Scope
from tipoff_audit.reading.names import constant, dotted, last_name, words
from tipoff_audit.reading.words import these

_ROUTES = re.compile(
    r"\.(route|get|post|put|patch|delete|api_route|websocket|http|cloud_event|view|errorhandler)$|^(http|cloud_event|api_view|require_http_methods|require_POST|require_GET|csrf_exempt|login_required|view_config)$"
)
_VIEWS = re.compile(
    r"(View|ViewSet|Resource|Handler|Endpoint|MethodView|HTTPEndpoint|APIView|RequestHandler|Controller)$"
)
_VERBS = these("get post put patch delete head options dispatch do_GET do_POST do_PUT do_DELETE")
_SLEEPS = these("time.sleep asyncio.sleep gevent.sleep eventlet.sleep trio.sleep anyio.sleep")


def sleeps(file: File, call: ast.Call) -> bool:
    """Whether the call sleeps, under whatever name."""
    return file.names.callee(call).full in _SLEEPS and not (call.args and constant(call.args[0]) == 0)


_ROUTERS = these("Route add_url_rule path re_path add_api_route add_route add_post add_get add_put url Mount")


def request_calls(file: File) -> list[str]:
    """Return the functions of other files that this file's request handlers call."""
    requests = request_functions(file)
    return sorted(
        {file.names.callee(call).full for scope in file.index.scopes if scope.name in requests for call in scope.calls}
    )


def sleeping_functions(file: File) -> list[list[object]]:
    """Return where functions that answer no request sleep: the function, and the place."""
    found: list[list[object]] = []
    for call in file.index.calls:
        scope = file.scope(call)
        if scope.kind == "function" and sleeps(file, call) and file.names.callee(call).full.startswith("time."):
            place = [call.lineno, call.col_offset + 1, call.end_lineno or call.lineno]
            found.append([scope.name, *place, file.index.line(call.lineno)])
    return found


def request_functions(file: File) -> set[str]:
    """Return the functions that answer requests, and those of this file that they call."""
    found = {
        file.names.origin(given, file.scope(call))
        for call in file.index.calls
        if last_name(call.func) in _ROUTERS
        for given in [*call.args[1:], *[one.value for one in call.keywords]]
        if isinstance(given, ast.Name | ast.Attribute)
    }
    for scope in file.index.scopes:
        if isinstance(scope.node, FUNCTIONS) and _answers_requests(scope, scope.node):
            found.add(scope.name)
    by_name = {scope.name: scope for scope in file.index.scopes}
    for name in list(found):
        for call in by_name[name].calls if name in by_name else []:
            full = file.names.callee(call).full
            if full in by_name:
                found.add(full)
    return found


def _answers_requests(scope: Scope, node: Function) -> bool:
    for decorator in node.decorator_list:
        text = dotted(decorator.func if isinstance(decorator, ast.Call) else decorator)
        if _ROUTES.search(text) and not re.search(r"property|mock|cache|pytest|click|cli\.", text):
            return True
    owner = scope.parent
    if owner is not None and isinstance(owner.node, ast.ClassDef):
        return any(_VIEWS.search(last_name(base)) for base in owner.node.bases) and node.name in _VERBS
    arguments = [argument.arg for argument in node.args.args[:1]]
    annotation = node.args.args[0].annotation if node.args.args else None
    return (
        arguments in (["request"], ["req"])
        and (annotation is None or last_name(annotation) in {"Request", "HttpRequest", "WSGIRequest"})
        and not {"hook", "fixture", "send"} & set(words(node.name))
    )
