"""What somebody reaches: which modules are loaded, which functions are called by what is reached, and why the others are not."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from tipoff_audit.project.texts import Texts
from tipoff_audit.reading.context import ARCHIVED, TESTS
from tipoff_audit.reading.facts import FileFacts
from tipoff_audit.reading.names import words
from tipoff_audit.reading.reach import ENTRIES, is_common
from tipoff_audit.reading.words import these

_SHOWN = re.compile(r"(^|/)(demos?|tutorials?)(/|_[^/]*\.py$|\.py$)|_demo\.py$")  # nobody's work rests on them
_LOADED = re.compile(  # by a program that looks for files there, or for files of that name
    r"(^|/)(dags?|flows?|plugins?|migrations|versions|commands|pages|spiders|custom_components|hooks|lambdas?|functions?"
    r"|components|extensions|addons|cogs|handlers?|modules|library|models|tasks|jobs|assets|sensors|recipes)/"
    r"|(^|/)(settings?|config\w*|urls|views|models|admin|apps|tasks|signals|wsgi|asgi|manage|setup|main|app|server|__main__"
    r"|__init__|lambda_function|handlers?|flows?|dags?|definitions|function_app|gunicorn\w*|celery\w*|noxfile|fabfile"
    r"|sitecustomize|streamlit_app|worker|bot|run|start|index|cli)\.py$"
)
_CALLED = re.compile(  # and calls what they define by names that it has agreed on
    r"(^|/)(dags?|plugins?|migrations|versions|commands|spiders|custom_components|hooks|lambdas?|cogs|library|recipes)/"
    r"|(^|/)(gunicorn\w*|celery\w*|noxfile|fabfile|sitecustomize|conftest|lambda_function|function_app)\.py$"
)
_MADE_LATER = re.compile(
    r"_pb2(_grpc)?$|version|generated|secret|local|credential|private|_ext$|^_\w*$|config|^(models?|data|lib|build|dist|logs?|env|output)$"
)  # or kept out of git
_CLOSED = these(  # bases that call no method that they have not
    """object ABC Generic Protocol Enum IntEnum StrEnum Exception RuntimeError ValueError BaseModel NamedTuple TypedDict
    dict list str int type Base SQLModel BaseSettings"""
)
_OVERRIDES = these(  # the first words of methods that a class of somebody else's may call
    """on handle get set do process visit action watch compute validate render before after pre post perform check is has
    parse to from create make build load dump clean run start stop setup teardown send receive update save delete add remove
    write read open close emit format filter log execute call apply fit predict transform forward train test configure init
    prepare generate fetch list"""
)
_OF_OTHERS = these(  # packages that are installed, whose names folders bear as well
    """airflow dagster prefect django celery google docker kafka redis telegram binance alembic flask fastapi dbt luigi
    scrapy spark pyspark mlflow ray discord slack stripe twilio openai anthropic langchain streamlit homeassistant kubernetes
    azure aws tests"""
)
_LONG = 3  # words: shorter names are those of frameworks, too


def _none(_asked: AbstractSet[str]) -> AbstractSet[str]:
    return set()


def _no_paths(_name: str) -> AbstractSet[str]:
    return set()


def _is_nowhere(_name: str) -> bool:
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What is known beside the files that were examined.

    `words`: those that settings, build files and scripts hold, of the words that are asked for. `distributions`: the folders that
    are made into packages which others may import. `paths`: those by which these files name a file.
    `is_whole`: all of the tree was read. `is_there`: whether there is a file, or
    a folder, of a name relative to the root, whatever its suffix. `texts`: the files that hold a word; None where nobody can say.
    """

    words: Callable[[AbstractSet[str]], AbstractSet[str]] = _none
    distributions: tuple[str, ...] = ()
    paths: Callable[[str], AbstractSet[str]] = _no_paths
    is_whole: bool = True
    texts: Texts | None = None
    is_there: Callable[[str], bool] = _is_nowhere


@dataclass(slots=True, eq=False)
class _Scope:
    module: "Module"
    name: str
    marks: str
    uses: tuple[str, ...]
    inner: list["_Scope"] = field(default_factory=list)
    outer: "_Scope | None" = None
    is_reached: bool = False

    @property
    def last(self) -> str:
        return _last(self.name)


@dataclass(slots=True, eq=False)
class Module:
    """A file: who uses it, and why it may not be loaded."""

    path: str
    facts: FileFacts
    scopes: list[_Scope] = field(default_factory=list)
    is_live: bool = False
    importers: set[str] = field(default_factory=set)  # of those that somebody loads
    is_named: bool = False  # by a script or a setting
    is_offered: bool = False  # in a distribution
    is_called: bool = False  # by a program that has agreed on names with it
    broken: str = ""

    @property
    def is_imported(self) -> bool:
        """Whether another that somebody loads imports it."""
        return bool(self.importers)

    @property
    def is_alone(self) -> bool:
        """Whether nothing else in the project uses it: it is run by whoever wants to, if at all."""
        return not self.is_imported and not self.is_named

    @property
    def stem(self) -> str:
        """The name by which it is imported."""
        return _stem(self.path)


def _stem(path: str) -> str:
    """Return the name by which a file is imported: its own, or its folder's."""
    parts = path.removesuffix(".py").split("/")
    return parts[-2] if parts[-1] in {"__init__", "__main__"} and len(parts) > 1 else parts[-1]


@dataclass(slots=True)
class Reach:
    """The project's code as its own entry points reach it."""

    modules: dict[str, Module]
    around: Surroundings
    unrun: AbstractSet[str] = frozenset()  # files of whose `__main__` nothing is reached
    _by_last: dict[str, list[_Scope]] = field(default_factory=lambda: defaultdict(list))
    _by_place: dict[tuple[str, str], list[Module]] = field(default_factory=lambda: defaultdict(list))
    _by_folder: dict[str, list[Module]] = field(default_factory=lambda: defaultdict(list))
    _bases: dict[tuple[str, str], list[str]] = field(default_factory=dict)  # by path and name
    _derived: set[str] = field(default_factory=set)  # classes from which others are derived, by last name
    _alike: dict[str, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))  # classes, by last name
    _there: set[str] = field(default_factory=set)  # files and folders
    _finds_classes: bool = False  # by what they are derived from
    _used: set[str] = field(default_factory=set)
    _used_in: set[tuple[str, str]] = field(default_factory=set)  # names, and where: the file's own are apart
    _tested: set[str] = field(default_factory=set)
    _put_away: set[str] = field(default_factory=set)  # names that archived files use
    _built: set[tuple[str, str]] = field(default_factory=set)
    _waiting: list[_Scope] = field(default_factory=list)

    def why_not(self, path: str, symbol: str) -> str:
        """Return why nobody reaches the function (its full name), "" where somebody may."""
        module = self.modules.get(path)
        if module is None:
            return ""
        if module.broken:
            return f"nobody runs it: the module cannot be loaded, {module.broken}"
        if not module.is_live:
            return "nobody runs it: nothing imports, starts or names its module"
        scope = max(
            (one for one in module.scopes if one.name and f".{symbol}".endswith(f".{one.name}")),
            key=lambda one: len(one.name),
            default=None,
        )
        if scope is None or scope.is_reached:
            return ""
        while scope.outer is not None and not scope.outer.is_reached:
            scope = scope.outer
        return f"nobody runs it: {self._callers(scope)}"

    def is_example(self, module: Module) -> bool:
        """Whether nobody but who starts it by hand runs what stands under its `__main__`."""
        guarded = set(module.facts.shared.get("guarded", ()))
        if (
            not guarded
            or module.is_named
            or "application" in module.facts.shared.get("runs", ())
            or _LOADED.search(module.path.rpartition("/")[2])
        ):
            return False
        taken_from = [row for path in module.importers for row in self.modules[path].facts.shared["imports"]]
        return not any(
            module.stem in taken or (_last(name) == module.stem and (not taken or guarded & set(taken)))
            for _, name, taken, _ in taken_from
        )

    def _callers(self, scope: _Scope) -> str:
        """Return who calls it, of those that nobody calls."""
        callers = {
            one.last
            for module in self.modules.values()
            for one in module.scopes
            if scope.last in one.uses and one.marks[0] == "f" and one.last != scope.last and not one.is_reached
        }
        called = "makes" if scope.marks[0] == "c" else "calls"
        if callers:
            first = min(callers)
            return f"`{first}`, which nothing that runs calls, alone {called} `{scope.last}`"
        if scope.last in self._put_away - self._tested:
            return f"what is put away alone {called} `{scope.last}`"
        if scope.last in self._tested:
            return f"tests and demonstrations alone {called.removesuffix('s')} `{scope.last}`"
        return f"nothing {called} `{scope.last}`"

    def find(self, importer: str, steps: int, name: str) -> list[Module]:
        """Return the modules that an import may mean: of a full name all whose path ends like it."""
        if steps >= 0:
            folder = importer.split("/")[:-1]
            folder = folder[: len(folder) - steps] if steps else folder
            place = "/".join([*folder, *filter(None, name.split("."))])
            return [self.modules[one] for one in (f"{place}.py", f"{place}/__init__.py") if one in self.modules]
        parts = name.split(".")
        return self._by_place.get((parts[-2] if len(parts) > 1 else "", parts[-1]), [])

    def note(self, file: FileFacts, known: Mapping[str, str]) -> None:
        """Take in where a file stands, and what is called there if it is a test."""
        self._there.add(file.path)
        folder = file.path.rpartition("/")[0]
        while folder and folder not in self._there:
            self._there.add(folder)
            folder = folder.rpartition("/")[0]
        if file.path not in self.modules:
            users = self._put_away if ARCHIVED.search(file.path) else self._tested
            for row in file.shared["reach"]:
                users.update(known.keys() & row.rpartition("\t")[2].split(" "))

    def enter(self, module: Module) -> None:
        """Take in what a module defines."""
        for scope in module.scopes:
            self._by_last[scope.last].append(scope)
        parts = module.path.removesuffix(".py").removesuffix("/__init__").split("/")
        self._by_place["", parts[-1]].append(module)
        if len(parts) > 1:
            self._by_place[parts[-2], parts[-1]].append(module)
        self._by_folder[module.path.rpartition("/")[0]].append(module)
        module.is_offered = self._is_offered(module.path)
        module.is_called = _CALLED.search(module.path) is not None
        shared = module.facts.shared
        classes = {one.name: one for one in module.scopes if one.marks[0] == "c"}
        for name, bases, *_ in shared.get("classes", ()):
            own = next((one for one in classes if f".{name}".endswith(f".{one}")), name)
            self._bases[module.path, own] = bases
            self._derived.update(map(_last, bases))
            self._alike[_last(name)].append((module.path, own))
        self._built |= {(head, tail) for head, tail in shared.get("dispatched", ()) if head or tail}
        used = shared.get("uses", ())
        self._finds_classes |= "__subclasses__" in used or "__init_subclass__" in classes

    def _is_offered(self, path: str) -> bool:
        """Whether the module lies in a package of a distribution."""
        for folder in self.around.distributions:
            inside = path.removeprefix(f"{folder}/" if folder else "").removeprefix("src/")
            top = path[: len(path) - len(inside)] + inside.partition("/")[0]
            if (not folder or path.startswith(f"{folder}/")) and f"{top}/__init__.py" in self.modules:
                return True
        return False

    def run(self, names: AbstractSet[str], stems: AbstractSet[str], started: AbstractSet[str]) -> None:
        """Follow what is reached from what somebody starts; `started`: modules that scripts start."""
        for module in self.modules.values():
            if not module.broken:
                module.broken = self._missing(module)
        told = self.around.words(names | stems)
        self._use(told & names)
        for module in self.modules.values():
            module.is_named = module.stem in told or module.stem in started
            if module.is_named or self._is_root(module):
                self._load(module)
        while self._waiting:
            scope = self._waiting.pop()
            if not scope.is_reached and self._is_called(scope):
                self._reach(scope)

    def _is_root(self, module: Module) -> bool:
        shared = module.facts.shared
        if not self.around.is_whole or module.is_offered:
            return True
        if _LOADED.search(module.path) or shared.get("runs") or any(shared.get("by_hand", ())):
            return True
        return any("e" in one.marks and "." not in one.name and one.name for one in module.scopes)

    def _load(self, module: Module) -> None:
        waiting = [module]
        while waiting:
            one = waiting.pop()
            if one.is_live or one.broken:
                continue
            one.is_live = True
            for scope in one.scopes:
                if self._is_called(scope):
                    self._waiting.append(scope)
            if one.is_offered:
                self._use(one.facts.shared.get("offers", ()))
            for other in self._imported(one):
                if other is not one:
                    other.importers.add(one.path)
                waiting.append(other)
            waiting += [self.modules[above] for above in _packages(one.path) if above in self.modules]

    def _imported(self, module: Module) -> Iterator[Module]:
        for steps, name, taken, _ in module.facts.shared.get("imports", ()):
            yield from self.find(module.path, steps, name)
            if steps < 0 and "." in name:
                yield from self.find(module.path, steps, name.rpartition(".")[0])
            for part in taken:
                yield from self.find(module.path, steps, f"{name}.{part}" if name else part)

    def _missing(self, module: Module) -> str:
        """Return why it cannot be loaded: it always imports from its own package what is not there."""
        for steps, name, _, always in module.facts.shared.get("imports", ()):
            place = _place(module.path, steps, name, self.modules.keys()) if always else ""
            is_there = not place or f"{place}.py" in self._there or place in self._there
            if not is_there and not self.around.is_there(place):
                return f"it imports `{name}`, which is not there"
        return ""

    def _use(self, names: Iterable[str], path: str = "") -> None:
        for name in names:
            place = (name, path if _is_own(name) else "")
            if place not in self._used_in:
                self._used_in.add(place)
                self._used.add(name)
                self._waiting += [one for one in self._by_last.get(name, ()) if self._is_called(one)]

    def _is_called(self, scope: _Scope) -> bool:
        """Whether somebody calls it, by what is known so far."""
        outer = scope.outer
        if not scope.module.is_live or scope.is_reached:
            return False
        if scope.module.path in self.unrun and scope.name in ENTRIES:
            return False
        if not scope.name or (outer is not None and outer.marks[0] == "f"):
            return outer is None or outer.is_reached
        last = scope.last
        is_named = (
            (last in self._used and self._is_meant(scope))
            or is_common(last)
            or "e" in scope.marks
            or self._is_built(last)
        )
        if scope.marks[0] == "c":
            return is_named or self._is_open(scope)
        if outer is None or ("e" in scope.marks and not last.startswith("__")):
            return is_named or scope.module.is_called
        return outer.is_reached and (is_named or self._overrides(scope))

    def _is_meant(self, scope: _Scope) -> bool:
        """Whether a name that is used may mean this one: a `_method` of a class that stands alone only importers mean."""
        if scope.outer is None or scope.outer.marks[0] != "c" or not _is_own(scope.last):
            return True
        place = (scope.module.path, scope.outer.name)
        if set(self._bases.get(place, ())) - _CLOSED or scope.outer.last in self._derived:
            return True
        users = ("", scope.module.path, *scope.module.importers)
        return any((scope.last, user) in self._used_in for user in users)

    def _is_built(self, last: str) -> bool:
        return any(last.startswith(head) and last.endswith(tail) for head, tail in self._built)

    def _is_open(self, scope: _Scope) -> bool:
        """Whether a class may be found without its name: by somebody else's from which it is derived, or by the project's."""
        place = (scope.module.path, scope.name)
        return self._is_derived(place, set()) or (self._finds_classes and bool(self._bases.get(place)))

    def _overrides(self, scope: _Scope) -> bool:
        """Whether a class of somebody else's, from which its own is derived, may call a method of this name."""
        assert scope.outer is not None  # noqa: S101 -- a method
        said = words(scope.last)
        if len(said) >= _LONG and said[0] not in _OVERRIDES:
            return False
        return self._is_derived((scope.module.path, scope.outer.name), set())

    def _is_derived(self, place: tuple[str, str], seen: set[str]) -> bool:
        for base in self._bases.get(place, ()):
            last = base.rpartition(".")[2]
            if last in seen or (last in _CLOSED and last not in self._alike):
                continue
            seen.add(last)
            if last not in self._alike or any(self._is_derived(one, seen) for one in self._alike[last]):
                return True
        return False

    def _reach(self, scope: _Scope) -> None:
        scope.is_reached = True
        is_unrun = not scope.name and scope.module.path in self.unrun
        unread = {*scope.module.facts.shared["guarded"]} if is_unrun else set()
        self._use((name for name in scope.uses if name not in unread), scope.module.path)
        for inner in scope.inner:
            if self._is_called(inner):
                self._waiting.append(inner)
        if "d" in scope.marks:
            self._use(one.last for one in scope.module.scopes)  # which of them, only the maker of the name knows
            if scope.outer is not None and scope.outer.marks[0] == "c":
                self._use_below(scope.outer.last, set())
        if "i" in scope.marks:
            folder = scope.module.path.rpartition("/")[0]
            for place, modules in self._by_folder.items():
                if place == folder or place.startswith(f"{folder}/" if folder else ""):
                    for module in modules:
                        self._load(module)

    def _use_below(self, name: str, seen: set[str]) -> None:
        """Take all methods of the classes that are derived from this one for called: its method looks them up by their names."""
        for (path, place), bases in self._bases.items():
            if place not in seen and any(base.rpartition(".")[2] == name for base in bases):
                seen.add(place)
                self._use(one.last for one in self.modules[path].scopes if one.name.startswith(f"{place}."))
                self._use_below(place.rpartition(".")[2], seen)


def _packages(path: str) -> Iterator[str]:
    """Yield the files that are loaded before the module: those of the packages around it."""
    parts = path.split("/")[:-1]
    for n in range(len(parts), 0, -1):
        yield "/".join([*parts[:n], "__init__.py"])


def reach(facts: Sequence[FileFacts], around: Surroundings, unrun: AbstractSet[str] = frozenset()) -> Reach:
    """Read who reaches what; tests, examples, demonstrations and what is put away reach nothing but themselves.

    `unrun`: files of whose `__main__` nothing is reached.
    """
    python = [one for one in facts if "reach" in one.shared]
    ours = [one for one in python if not _is_apart(one.path)]
    known = {name: name for one in ours for row in one.shared["reach"] if (name := _last(row.partition("\t")[0]))}
    found = Reach({one.path: _module(one, known) for one in ours}, around, unrun)
    for one in python:
        found.note(one, known)
    for module in found.modules.values():
        found.enter(module)
    found.run(known.keys(), {_stem(one.path) for one in ours}, _started(facts))
    return found


def _started(facts: Sequence[FileFacts]) -> set[str]:
    """Return the names of the modules that scripts and CI files start."""
    return {
        name
        for one in facts
        if "reach" not in one.shared and not ARCHIVED.search(one.path)
        for name in one.shared.get("starts", ())
    }


def _place(path: str, steps: int, name: str, known: AbstractSet[str]) -> str:
    """Return where a module of the importer's own package would lie, "" where nobody can say."""
    folder = path.split("/")[:-1]
    parts = [one for one in name.split(".") if one]
    if not parts or any(_MADE_LATER.search(one) for one in parts):
        return ""
    if steps >= 0:
        return "/".join([*folder[: len(folder) - steps], *parts])
    if len(parts) == 1 or parts[0] not in folder or parts[0] in _OF_OTHERS:
        return ""
    base = folder[: folder.index(parts[0])]
    return "/".join([*base, *parts]) if "/".join([*base, parts[0], "__init__.py"]) in known else ""


def _is_own(name: str) -> bool:
    """Whether a name says that nobody else should use it."""
    return name.startswith("_") and not name.startswith("__")


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _is_apart(path: str) -> bool:
    return any(one.search(path) for one in (TESTS, _SHOWN, ARCHIVED))


def _module(file: FileFacts, known: Mapping[str, str]) -> Module:
    module = Module(file.path, file, broken=next(iter(file.shared.get("broken", ())), ""))
    by_name: dict[str, _Scope] = {}
    for row in file.shared["reach"]:
        name, marks, used = row.split("\t")
        uses = tuple(known[one] for one in used.split(" ") if one in known)
        scope = by_name[name] = _Scope(module, name, marks, uses)
        module.scopes.append(scope)
        outer = by_name.get(name.rpartition(".")[0]) if "." in name else None
        if outer is not None:
            scope.outer = outer
            outer.inner.append(scope)
    return module
