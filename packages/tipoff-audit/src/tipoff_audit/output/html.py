"""A report as one page that needs nothing else: what to fix first, and sums by rule and folder."""

from collections.abc import Iterator
from html import escape

from tipoff_audit.finding import Finding, Level
from tipoff_audit.output.text import AROUND, aside, shown, summary_lines
from tipoff_audit.ranking import sums
from tipoff_audit.report import Report
from tipoff_audit.rules.catalog import RULES

MOST_ROWS = 1_000
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;color:#1b1b1b;background:#fff}
table{border-collapse:collapse;width:100%}
td,th{padding:.35rem .6rem;text-align:left;vertical-align:top;border-bottom:1px solid #ddd}
code{font:13px/1.4 ui-monospace,monospace;overflow-wrap:anywhere}
.error{color:#a40000;font-weight:600}.warning{color:#8a5a00}.note{color:#555}
@media(prefers-color-scheme:dark){body{color:#e6e6e6;background:#161616}td,th{border-color:#333}
.error{color:#ff8a80}.warning{color:#ffcc80}.note{color:#aaa}}
"""


def page(report: Report) -> str:
    """Return the page; nothing in it is fetched, and nothing of the audited code is taken for HTML."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield "<!doctype html>"
    yield f'<html lang="en"><head><meta charset="utf-8"><title>Audit of {escape(shown(report.root))}</title>'
    yield f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>'
    yield "<h1>What can be lost in silence</h1><ul>"
    yield from (f"<li>{escape(line)}</li>" for line in (*summary_lines(report), *map(shown, report.notes)))
    yield "</ul>"
    yield from _table("rule", report)
    yield from _table("folder", report)
    yield "<h2>Fix these first</h2><table><tr><th>#</th><th>level</th><th>where</th><th>what</th></tr>"
    told = {rule.slug: rule for rule in RULES}
    for number, one in enumerate(report.findings[:MOST_ROWS], 1):
        fix = told[one.rule].fix if one.rule in told else ""
        yield _row(number, one, report, fix)
    yield "</table>"
    if len(report.findings) > MOST_ROWS:
        yield f"<p>and {len(report.findings) - MOST_ROWS} more, none of them worse.</p>"
    yield "</body></html>"


def _table(by: str, report: Report) -> Iterator[str]:
    yield (
        f"<h2>By {by}</h2><table><tr><th>{by}</th>"
        + "".join(f"<th>{level.name.lower()}</th>" for level in reversed(Level))
        + "</tr>"
    )
    for name, counts in sums(report, by)[:40]:
        cells = "".join(f"<td>{counts[level] or ''}</td>" for level in reversed(Level))
        yield f"<tr><td><code>{escape(shown(name))}</code></td>{cells}</tr>"
    yield "</table>"


def _row(number: int, one: Finding, report: Report, fix: str) -> str:
    level = one.level.name.lower()
    where = f"<code>{escape(shown(one.path))}:{one.line}</code>" + (
        f"<br>in <code>{escape(shown(one.symbol))}</code>" if one.symbol else ""
    )
    said = "".join(f"<br><span class=note>{escape(line)}</span>" for line in aside(one, report))
    text = f"<b>{escape(one.rule)}</b>, {AROUND.get(one.guards, one.guards)}: {escape(shown(one.message))}{said}"
    advice = f"<br><span class=note>{escape(fix)}</span>"
    code = f"<br><code>{escape(shown(one.text))}</code>" if one.text else ""
    return f"<tr><td>{number}</td><td class={level}>{level}</td><td>{where}</td><td>{text}{code}{advice}</td></tr>"
