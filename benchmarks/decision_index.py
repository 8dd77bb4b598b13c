"""`make reference`: the index of decisions, from the pages' own titles and first sentences."""

import re
from pathlib import Path

DECISIONS = Path(__file__).parents[1] / "docs" / "decisions"
FIRST = {  # on what the rest stands
    "what is owed, and when": ("0001", "0070", "0004", "0007"),
    "writing": ("0003", "0006", "0030", "0040"),
    "telling": ("0010", "0011", "0014", "0016"),
    "leagues and the real clock": ("0067", "0065", "0075", "0140"),
    "how it is tried": ("0008", "0055", "0160", "0180"),
    "the auditor": ("0020", "0171", "0196", "0205"),
    "what was given up": ("0112", "0191", "0153"),
}


def page() -> str:
    """Return the index: a line for each decision, in the order of their numbers."""
    lines = [
        "# Decisions",
        "",
        "What was hard. A page is not edited later; another one supersedes it. On these the rest stands:",
        "",
    ]
    pages = {path.name[:4]: path for path in sorted(DECISIONS.glob("[0-9]*.md"))}
    for about, numbers in FIRST.items():
        links = (f"[{_title(pages[number])}]({pages[number].name})" for number in numbers)
        lines.append(f"- {about}: {'; '.join(links)}")
    lines += ["", "All of them, in the order of their numbers, each with what was asked:", ""]
    for number, path in pages.items():
        text = path.read_text("utf-8").partition("\n")[2]
        first = re.split(r"(?<=[.!?])\s", " ".join(text.split()).removeprefix("**Question.** "), maxsplit=1)[0]
        lines.append(f"- [{number}]({path.name}) **{_title(path)}** {first}")
    return "\n".join(lines) + "\n"


def _title(path: Path) -> str:
    title = path.read_text("utf-8").partition("\n")[0]
    return re.sub(r"^\d+[.:]\s*", "", title.lstrip("# ").strip())


if __name__ == "__main__":
    print(page(), end="")
