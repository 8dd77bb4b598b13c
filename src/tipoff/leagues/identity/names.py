"""A person's name as written, taken apart: its words in plain letters, the suffix, and one key for every spelling alike."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from anyascii import anyascii

_SUFFIXES = {"jr": "jr", "sr": "sr", "ii": "ii", "iii": "iii", "iv": "iv", "2nd": "ii", "3rd": "iii", "4th": "iv"}
_WRITTEN_OUT = {"junior": "jr", "senior": "sr", "second": "ii", "third": "iii", "fourth": "iv"}
_BESIDE_A_NAME = 2  # words that must stand before a suffix that is written out: it is a family name too
_TURKISH = str.maketrans({"İ": "I", "ı": "i"})
_OTHERWISE = {  # letters that are also written with two, by those who have no such letter
    "ä": "ae",
    "ö": "oe",
    "ü": "ue",
    "ø": "oe",
    "å": "aa",
    "đ": "dj",
}
_WITH_TWO = str.maketrans(_OTHERWISE | {letter.upper(): two.title() for letter, two in _OTHERWISE.items()})
_NOTE = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_BETWEEN_WORDS = re.compile(r"[\s\-‐-―_/]+")
_DROPPED = re.compile(r"[^a-z0-9]")
_CAPITALS = re.compile(r"(?:[A-Z]\.?){2,3}")


@dataclass(frozen=True, slots=True)
class Name:
    """A name's words in plain small letters, without its suffix, which stands beside in its short form.

    `capitals`: its first word is two or three capitals, as in `CJ` or `P.J.`: it stands for given names.
    """

    words: tuple[str, ...]
    suffix: str
    capitals: bool

    @property
    def plain(self) -> str:
        """The words in one, without the suffix."""
        return "".join(self.words)


@lru_cache(maxsize=20_000)
def read_name(written: str, *, with_two: bool = False) -> Name:
    """Return a name taken apart. `with_two`: letters such as ö as the two that stand for them, not as the plain one.

    Notes in brackets are no part of it; `Family, Given` is turned round. A name of which nothing is left has no words.
    """
    text = unicodedata.normalize("NFKC", _NOTE.sub(" ", written).translate(_TURKISH))
    family, comma, given = text.partition(",")
    if comma and given.strip() and not _only_suffix(given):
        text = f"{given} {family}"
    text = text.replace(",", " ")
    if with_two:
        text = unicodedata.normalize("NFC", text).translate(_WITH_TWO)
    spaced = "".join(f" {anyascii(letter)} " if _is_a_word(letter) else letter for letter in text)
    first = next((word for word in spaced.split() if word), "")
    words = [_DROPPED.sub("", anyascii(word).casefold()) for word in _BETWEEN_WORDS.split(spaced)]
    words = [word for word in words if word]
    suffix = _SUFFIXES.get(words[-1], "") if len(words) > 1 else ""
    if not suffix and len(words) > _BESIDE_A_NAME:
        suffix = _WRITTEN_OUT.get(words[-1], "")
    return Name(tuple(words[:-1] if suffix else words), suffix, bool(_CAPITALS.fullmatch(first)))


def _only_suffix(text: str) -> bool:
    word = _DROPPED.sub("", text.casefold())
    return word in _SUFFIXES or word in _WRITTEN_OUT


def _is_a_word(letter: str) -> bool:
    """Whether a letter is a syllable or more by itself, as in Chinese."""
    return unicodedata.category(letter) == "Lo" and unicodedata.name(letter, "").startswith("CJK")


@lru_cache(maxsize=20_000)
def name_key(name: str) -> str:
    """Return the key: accents, case, spaces and punctuation gone, in Latin letters; a suffix stays, in its short form.

    `LeBron James Jr.` gives `lebronjamesjr`, `Dāvis Bertāns` gives `davisbertans`. A name without a letter or digit gives
    its code points: no two of them are alike.
    """
    read = read_name(name)
    return read.plain + read.suffix or "".join(f"u{ord(letter):x}" for letter in name if not letter.isspace())
