"""The outside from the command line: who is asked, with what keys, how it went."""

import dataclasses
import re
from typing import TYPE_CHECKING

import click

from tipoff.cli.show import WORDS, answer, as_json, by_option, league_here, now_here, open_ledger
from tipoff.config import read_settings
from tipoff.core.errors import UsageError
from tipoff.core.payload import SetAside
from tipoff.core.wording import aligned
from tipoff.leagues.catalog import content_named

if TYPE_CHECKING:
    from tipoff.store.archive import Archive

_BEGINNING = re.compile(r"[0-9a-f]{8,64}")


@click.command("sources")
@click.argument("league")
@as_json
def sources_command(league: str, *, as_json: bool) -> None:
    """Show who is asked, with what keys, and how it went. Requests, credits, proxies, lateness."""
    from tipoff.ledger.facts import league_facts  # noqa: PLC0415 -- only where there is a ledger
    from tipoff.ledger.outside import OutsideStore  # noqa: PLC0415 -- only where there is a ledger
    from tipoff.views.sources import read_outside, render_text  # noqa: PLC0415 -- as above

    settings, whole = read_settings(), content_named(league)
    declared = whole.league
    content = whole.live
    providers = [
        {
            "host": provider.host,
            "asked_at": told.base if (told := settings.providers.get(provider.host)) and told.base else provider.base,
            "route": (told.route if told and told.route else provider.route.value),
            "terms": provider.terms,
        }
        for provider in (content.providers if content else ())
    ]
    keys = {name: bool(settings.secret(name)) for name in (content.keys if content else {})}
    home, found, now = settings.place, None, None
    if home.has_ledger:
        now = now_here()
        asked = dataclasses.replace(declared, steps=content.steps) if content else declared
        with open_ledger() as ledger, OutsideStore(home.ledger, read_only=True) as store:
            begun = league_facts(ledger, declared.name).since
            found = read_outside(store, ledger, asked, now, begun=begun)
    lines = aligned([[one["host"], one["asked_at"], f"({one['route']})"] for one in providers])
    for name, is_set in keys.items():
        off = "" if is_set else f"; off without it: {content.keys[name]}" if content else ""
        lines.append(f"TIPOFF_{name.upper()}: {'set' if is_set else 'not set'}{off}")
    none_yet = [f"there is no ledger in {home.root}: nobody was asked from there yet"]
    lines += render_text(found, now) if found and now else none_yet
    document = {"providers": providers, "keys": keys, "outside": found, "proxies": len(settings.proxy_addresses)}
    answer(document, lines, ok=True, as_json=as_json)


@click.command("set-aside")
@click.argument("league")
@click.argument("payload", default="")
@click.option("--reason", type=WORDS, default="", help="Why it must not be used; shown wherever it is missed.")
@by_option
@as_json
def set_aside_command(league: str, payload: str, *, reason: str, by: str, as_json: bool) -> None:
    """Let nobody use an archived PAYLOAD; or show what is not. What was made of it is made anew.

    PAYLOAD is its hash, or how that begins, as messages name it.
    """
    from tipoff.app import requests  # noqa: PLC0415 -- imports every store
    from tipoff.store.archive import Archive  # noqa: PLC0415 -- as above

    settings, declared = read_settings(), league_here(league)
    archive, slates = Archive(settings.place.archive), list[str]()
    is_begun = False
    if payload:
        aside = SetAside(sha256=_hash(archive, payload), at=now_here(), by=by, reason=reason)
        if not aside.reason:
            msg = "what is set aside needs a reason"
            raise UsageError(msg, hint="say why: --reason 'its games are of another league'")
        done = requests.set_aside(settings, declared, aside)
        slates, is_begun = done["slates"], done["is_begun"]
    said = list(archive.aside().values())
    lines = [one.text for one in said] or ["nothing is set aside"]
    if payload:
        when = "by the controller that is at work" if is_begun else f"at the next start: tipoff up {league}"
        known = ", ".join(slates) or "nothing: this ledger knows of nothing that was made of it"
        lines.append(f"made anew {when}: {known}")
    answer({"aside": said, "made_anew": slates, "is_begun": is_begun}, lines, ok=True, as_json=as_json)


def _hash(archive: "Archive", beginning: str) -> str:
    found = archive.named(beginning) if _BEGINNING.fullmatch(beginning) else []
    if len(found) != 1:
        msg = f"{len(found)} archived payloads have a hash that begins with {beginning!r}"
        raise UsageError(msg, hint="messages name it (archived as …); write its first twelve characters")
    return found[0]
