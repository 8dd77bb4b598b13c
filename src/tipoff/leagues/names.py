"""One key for every spelling of a player's name."""

import re
import unicodedata
from functools import lru_cache

_SUFFIXES = {"junior": "jr", "senior": "sr", "third": "iii", "second": "ii", "fourth": "iv"}
_DROPPED = re.compile(r"[^a-z0-9]")
_TURKISH = str.maketrans({"İ": "I", "ı": "i"})


@lru_cache(maxsize=20_000)
def player_key(name: str) -> str:
    """Return the key: accents, case, spaces and punctuation gone; a suffix stays, in its short form.

    `LeBron James Jr.` gives `lebronjamesjr`, `Dāvis Bertāns` gives `davisbertans`.
    """
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name).translate(_TURKISH))
    text = "".join(letter for letter in text if not unicodedata.combining(letter)).casefold()
    words = [_SUFFIXES.get(word, word) for word in text.split()]
    return _DROPPED.sub("", "".join(words))
