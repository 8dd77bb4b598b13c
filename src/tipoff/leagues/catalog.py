"""Which leagues there are: one line for each, its folder's content."""

from collections.abc import Mapping

from tipoff.core.errors import UsageError
from tipoff.core.league import League
from tipoff.leagues.mlb.content import MLB_CONTENT
from tipoff.leagues.nba.content import NBA_CONTENT
from tipoff.sources.content import Content, LiveContent, Sample

CONTENTS: Mapping[str, Content] = {content.league.name: content for content in (NBA_CONTENT, MLB_CONTENT)}
NO_WORLD = "its content hands over nobody who would answer: docs/how-to/add-a-league.md"
LEAGUES: Mapping[str, League] = {name: content.league for name, content in CONTENTS.items()}


def content_named(name: str) -> Content:
    """Return what a league's folder hands over.

    Raises:
        UsageError: There is no league of that name.
    """
    if name not in CONTENTS:
        msg = f"there is no league {name!r}"
        raise UsageError(msg, hint="leagues: " + ", ".join(sorted(CONTENTS)))
    return CONTENTS[name]


def league_named(name: str) -> League:
    """Return the league; raises UsageError as `content_named` does."""
    return content_named(name).league


def live_content(name: str) -> LiveContent:
    """Return what a league brings to be run live.

    Raises:
        UsageError: It has no live providers.
    """
    found = content_named(name).live
    if found is None:
        msg = f"{name} has no live providers"
        raise UsageError(msg, hint="run it with --world sample" if content_named(name).sample else NO_WORLD)
    return found


def sample_of(name: str) -> Sample:
    """Return a league's sample world.

    Raises:
        UsageError: It has none.
    """
    found = content_named(name).sample
    if found is None:
        msg = f"{name} has no sample world"
        raise UsageError(msg, hint="run it with its providers: --world live" if content_named(name).live else NO_WORLD)
    return found
