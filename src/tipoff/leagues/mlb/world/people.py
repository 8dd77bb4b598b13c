"""Who plays: statsapi's number, name, hands and birth date of everyone in the registers."""

import zlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from tipoff.leagues.mlb.world.files import Files, Record

_FROM_THE_OTHER = 0.1  # of a man's turns, from which on he bats from both sides


@dataclass(frozen=True, slots=True)
class Person:
    """A player: statsapi's number, name, hands, birth date."""

    number: int
    name: str
    bats: str
    throws: str
    born: str


class People:
    """Every player by Retrosheet's id. Who stands in no register gets a number of our own."""

    def __init__(self, by_id: dict[str, Person]) -> None:
        self.by_id = by_id
        self.by_number = {person.number: person for person in by_id.values()}

    @classmethod
    def read(cls, files: Files) -> "People":
        """Read the registers."""
        register = {
            row["key_retro"]: row
            for row in files.first("registries", "mlb_chadwick_register_*.csv.gz")
            if row["key_retro"]
        }
        hands = {
            row["retroID"]: row for row in files.first("registries", "mlb_lahman_people_*.csv.gz") if row["retroID"]
        }
        roster = {row["id"]: row for row in files.each("mlb", "retrosheet_allplayers_*.csv")}
        seen = {
            "throws": _hands(files.each("mlb", "pitching_platoon_*.csv.gz"), "PIT"),
            "bats": _hands(files.each("mlb", "batting_platoon_*.csv.gz"), "BAT"),
        }
        by_id = {}
        for retro in {*register, *hands, *roster, *seen["throws"], *seen["bats"]}:
            known = {part: hand[retro] for part, hand in seen.items() if retro in hand}
            known |= {part: hands[retro][part] for part in seen if hands.get(retro, {}).get(part)}
            known |= {name: told for name, told in hands.get(retro, {}).items() if name not in seen}
            by_id[retro] = _person(retro, register.get(retro, {}), known, roster.get(retro, {}))
        return cls(by_id)

    def of(self, retro: str) -> Person:
        """Return a player."""
        if retro not in self.by_id:
            self.by_id[retro] = person = _person(retro, {}, {}, {})
            self.by_number[person.number] = person
        return self.by_id[retro]


def _hands(rows: Iterable[Record], of: str) -> dict[str, str]:
    """Return from which side each man threw or batted; B for one who does a tenth of it or more from the other."""
    turns: dict[str, Counter[str]] = {}
    for row in rows:
        turns.setdefault(row[f"RESP_{of}_ID"], Counter())[row[f"RESP_{of}_HAND_CD"]] += int(row["B_PA"])
    return {who: _side(found) for who, found in turns.items() if found.total()}


def _side(turns: Counter[str]) -> str:
    [(most, n), *others] = turns.most_common()
    return "B" if others and n < (1 - _FROM_THE_OTHER) * turns.total() else most


def _person(retro: str, register: Record, hands: Record, roster: Record) -> Person:
    number = (
        int(register["key_mlbam"]) if register.get("key_mlbam") else 9_000_000 + zlib.crc32(retro.encode()) % 900_000
    )
    first = register.get("name_first") or hands.get("nameFirst") or roster.get("first") or ""
    last = register.get("name_last") or hands.get("nameLast") or roster.get("last") or retro
    bats = (hands.get("bats") or roster.get("bat") or "").replace("B", "S")
    throws = (hands.get("throws") or roster.get("throw") or "").replace("B", "R")
    return Person(number, f"{first} {last}".strip(), bats, throws, _born(register, hands))


def _born(register: Record, hands: Record) -> str:
    parts = [hands.get(name) or register.get(other) for name, other in _BIRTH]
    if not all(parts):
        return ""
    year, month, day = (int(float(part)) for part in parts if part)
    return f"{year:04d}-{month:02d}-{day:02d}"


_BIRTH = (("birthYear", "birth_year"), ("birthMonth", "birth_month"), ("birthDay", "birth_day"))
