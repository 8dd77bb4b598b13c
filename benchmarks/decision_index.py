"""`make reference`: the index of decisions, from the pages' own titles and first sentences."""

import re
from pathlib import Path

DECISIONS = Path(__file__).parents[1] / "docs" / "decisions"


def page() -> str:
    """Return the index: a line for each decision, in the order of their numbers."""
    lines = [
        "# Decisions",
        "",
        "What was hard, in the order of the numbers. A page is not edited later; another one supersedes it.",
        "",
    ]
    for path in sorted(DECISIONS.glob("[0-9]*.md")):
        title, _, text = path.read_text().partition("\n")
        first = re.split(r"(?<=[.!?])\s", " ".join(text.split()), maxsplit=1)[0]
        name = re.sub(r"^\d+\.\s*", "", title.lstrip("# ").strip())
        lines.append(f"- [{path.name[:4]}]({path.name}) **{name}** {first}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(page(), end="")
