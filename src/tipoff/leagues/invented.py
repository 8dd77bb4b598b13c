"""Invented people for sample leagues."""

import itertools
import random

_FIRST = [
    "Arlo",
    "Benno",
    "Cato",
    "Dario",
    "Evan",
    "Falk",
    "Gero",
    "Hugo",
    "Ivo",
    "Jaro",
    "Kito",
    "Lev",
    "Milo",
    "Nilo",
]
_LAST = [
    "Abend",
    "Birk",
    "Corda",
    "Dorn",
    "Esk",
    "Farn",
    "Gant",
    "Holm",
    "Inder",
    "Jorn",
    "Kest",
    "Lund",
    "Marr",
    "Nord",
]


def people(dice: random.Random, *forms: str) -> list[str]:
    """Return names that nobody has, in the order that the dice give: every first with every last name, in each form."""
    names = [form.format(first=first, last=last) for form in forms for first, last in itertools.product(_FIRST, _LAST)]
    dice.shuffle(names)
    return names
