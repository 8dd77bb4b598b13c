"""The outside from the command line: who is asked, with what keys, how it went."""

import dataclasses

import click

from tipoff.cli.incidents import home_now
from tipoff.cli.show import as_json, open_ledger, print_json
from tipoff.config import read_settings
from tipoff.leagues.catalog import content_named


@click.command("sources")
@click.argument("league")
@as_json
def sources_command(league: str, *, as_json: bool) -> None:
    """Show who is asked, with what keys, how it went: requests, credits, proxies, lateness."""
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
        now, ledger = home_now(), open_ledger()
        begun = league_facts(ledger, declared.name).since
        store = OutsideStore(home.ledger, read_only=True)
        asked = dataclasses.replace(declared, steps=content.steps) if content else declared
        found = read_outside(store, ledger, asked, now, begun=begun)
        store.close()
        ledger.close()
    if as_json:
        outside = dataclasses.asdict(found) if found else None
        document = {"providers": providers, "keys": keys, "outside": outside, "proxies": len(settings.proxy_addresses)}
        print_json(document, ok=True)
        return
    for provider in providers:
        click.echo(f"{provider['host']:<24} {provider['asked_at']} ({provider['route']})")
    for name, is_set in keys.items():
        off = "" if is_set else f"; off without it: {content.keys[name]}" if content else ""
        click.echo(f"TIPOFF_{name.upper()}: {'set' if is_set else 'not set'}{off}")
    if found is None or now is None:
        click.echo(f"there is no ledger in {home.root}: nobody was asked from there yet")
        return
    for line in render_text(found, now):
        click.echo(line)
