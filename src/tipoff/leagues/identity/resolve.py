"""Which of the people in question is meant by a spelling: by rules from strict to loose, of which each must name one alone."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from nicknames import NickNamer
from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from tipoff.leagues.identity.names import Name, read_name

_LONG = 7  # letters of a word in which one may be wrong
_SUGGESTED = 3
_MANY = 2
_nicknames = NickNamer()
_SHORT_FORMS = {  # in use, and not in the list of English ones
    "moe": {"maurice", "mohamed", "mohammed", "moritz", "moses"},
    "sasha": {"aleksandar", "aleksandr", "alexander"},
}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is known: his id, his name as the league writes it, the team he is with."""

    id: int
    name: str
    team: str


class Certainty(Enum):
    """What is known of a spelling."""

    RESOLVED = "resolved"
    AMBIGUOUS = "ambiguous"  # several fit
    UNKNOWN = "unknown"  # nobody fits


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """Who is meant, by which rule; or whom to ask about."""

    certainty: Certainty
    person: Person | None = None
    rule: str = ""
    suggestions: tuple[Person, ...] = ()


def resolve(
    spelling: str,
    present: Sequence[Person],
    others: Iterable[Person] = (),
    *,
    here: int | None = None,
    told: Sequence[int] = (),
) -> Resolution:
    """Return who of those `present` (of the teams in question) is meant.

    `others` are all that are known elsewhere: a spelling that is exactly one man's name and nobody's here is his, for a roster
    may lag behind. `here` is whom a person named for this very place; `told` whom people named for the spelling anywhere. Neither
    names who is not present. The rules are tried from strict to loose; the first that anybody fits decides: one is meant, two
    are ambiguous.
    """
    people = list({person.id: person for person in present}.values())
    if here is not None:
        chosen = [person for person in people if person.id == here]
        if chosen:
            return Resolution(certainty=Certainty.RESOLVED, person=chosen[0], rule="told for this game")
    for rule, fits in _RULES:
        if rule == _AFTER_TOLD:
            named = [person for person in people if person.id in told]
            if len(named) == 1:
                return Resolution(certainty=Certainty.RESOLVED, person=named[0], rule="told")
        found = [person for person in people if _any_form(spelling, person.name, fits)]
        if len(found) == 1:
            return Resolution(certainty=Certainty.RESOLVED, person=found[0], rule=rule)
        if len(found) >= _MANY:
            return Resolution(certainty=Certainty.AMBIGUOUS, rule=rule, suggestions=tuple(found[:_SUGGESTED]))
    elsewhere = {person.id: person for person in others if _any_form(spelling, person.name, _exact)}
    if len(elsewhere) == 1:
        return Resolution(
            certainty=Certainty.RESOLVED, person=next(iter(elsewhere.values())), rule="exact, of another team"
        )
    return Resolution(certainty=Certainty.UNKNOWN, suggestions=_nearest(spelling, people))


def _any_form(written: str, known: str, fits: Callable[[Name, Name], bool]) -> bool:
    return any(fits(mine, his) for mine in _forms(written) for his in _forms(known))


@lru_cache(maxsize=20_000)
def _forms(written: str) -> tuple[Name, ...]:
    """Return a name taken apart, and once more where letters of it are also written with two."""
    plain, with_two = read_name(written), read_name(written, with_two=True)
    return (plain,) if plain == with_two else (plain, with_two)


def _nearest(spelling: str, people: Sequence[Person]) -> tuple[Person, ...]:
    names = {n: " ".join(read_name(person.name).words) for n, person in enumerate(people)}
    found = process.extract(" ".join(read_name(spelling).words), names, scorer=fuzz.WRatio, limit=_SUGGESTED)
    return tuple(people[n] for _, _, n in found)


# --- the rules


def _exact(mine: Name, his: Name) -> bool:
    """Let the words and the suffix be the same."""
    return bool(mine.words) and mine.plain == his.plain and mine.suffix == his.suffix


def _suffixes_agree(mine: Name, his: Name) -> bool:
    """Let one of the two leave the suffix out; two that differ are two men, father and son."""
    return not mine.suffix or not his.suffix or mine.suffix == his.suffix


def _without_suffix(mine: Name, his: Name) -> bool:
    return bool(mine.words) and mine.plain == his.plain and _suffixes_agree(mine, his)


def _turned_round(mine: Name, his: Name) -> bool:
    """Let the family name come first."""
    turns = (mine.words[n:] + mine.words[:n] for n in range(1, len(mine.words)))
    return _suffixes_agree(mine, his) and his.words in turns


def _one_letter_off(mine: Name, his: Name) -> bool:
    """Let one long word differ in one letter, and no other word at all."""
    if len(mine.words) != len(his.words) or not _suffixes_agree(mine, his):
        return False
    different = [(one, other) for one, other in zip(mine.words, his.words, strict=True) if one != other]
    [(one, other)] = different if len(different) == 1 else [("", "")]
    return (
        min(len(one), len(other)) >= _LONG - 1 and max(len(one), len(other)) >= _LONG and OSA.distance(one, other) == 1
    )


def _given_and_family(fits: Callable[[tuple[str, ...], Name, Name], bool]) -> Callable[[Name, Name], bool]:
    """Return the rule that the family name is the same and the given names fit."""

    def rule(mine: Name, his: Name) -> bool:
        family = his.words[1:]
        if not family or len(mine.words) <= len(family) or not _suffixes_agree(mine, his):
            return False
        places = range(1, len(mine.words) - len(family) + 1)
        return any(mine.words[n : n + len(family)] == family and fits(mine.words[:n], mine, his) for n in places)

    return rule


def _middle_names(given: tuple[str, ...], _mine: Name, his: Name) -> bool:
    return given[0] == his.words[0]


def _short_form(given: tuple[str, ...], mine: Name, his: Name) -> bool:
    """Let one given name be short for the other, or stand for several."""
    one, other = given[0], his.words[0]
    shorter, longer = sorted((one, other), key=len)
    if len(shorter) > 1 and longer.startswith(shorter):
        return True
    if other in _nicknames.nicknames_of(one) or one in _nicknames.nicknames_of(other):
        return True
    if one in _SHORT_FORMS.get(other, ()) or other in _SHORT_FORMS.get(one, ()):
        return True
    initials = "".join(word[0] for word in (*given, *((mine.suffix,) if mine.suffix == "jr" else ())))
    return his.capitals and (other == initials or (len(given) == 1 and other[0] == one[0]))


def _initial(given: tuple[str, ...], mine: Name, his: Name) -> bool:
    return len(given) == 1 and (
        (len(given[0]) == 1 and his.words[0].startswith(given[0])) or (mine.capitals and his.words[0][0] == given[0][0])
    )


_AFTER_TOLD = "without its suffix"
_RULES: Sequence[tuple[str, Callable[[Name, Name], bool]]] = (
    ("exact", _exact),
    (_AFTER_TOLD, _without_suffix),
    ("family name first", _turned_round),
    ("with further names", _given_and_family(_middle_names)),
    ("one letter off", _one_letter_off),
    ("short for a given name", _given_and_family(_short_form)),
    ("initial", _given_and_family(_initial)),
)
