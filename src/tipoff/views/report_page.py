"""Sections of a report as one self-contained page: tables, and charts drawn as SVG."""

from collections.abc import Callable, Mapping, Sequence
from html import escape

import numpy as np

from tipoff.core.report import Section, Shape
from tipoff.core.wording import aligned

_WIDE, _HIGH, _LEFT, _BELOW, _TOP = 760, 300, 48, 34, 12
_COLOURS = ("#4477aa", "#ee6677", "#228833", "#aa8800", "#66ccee", "#aa3377", "#555555")
_STYLE = """
:root { color-scheme: light dark; --ink: #1a1a1a; --soft: #6b6b6b; --line: #d9d9d9; --paper: #fff; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e8e8; --soft: #9a9a9a; --line: #3a3a3a; --paper: #161616; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 940px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin: 2.2rem 0 .2rem; } p { color: var(--soft); margin: .2rem 0 .6rem; }
div { overflow-x: auto; } table { border-collapse: collapse; font-size: .86rem; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .7rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th { color: var(--soft); font-weight: 600; } td.text, th.text { text-align: left; }
svg { width: 100%; height: auto; } svg text { font-size: 11px; fill: var(--soft); }
.key { font-size: .82rem; color: var(--soft); } .key b { display: inline-block; width: .8em; height: .8em; margin: 0 .3em 0 1em; }
"""
Row = Mapping[str, object]
Place = Callable[[float], float]


def render(title: str, about: str, sections: Sequence[Section]) -> str:
    """Return the page."""
    parts = [f"<h2>{escape(one.title)}</h2><p>{escape(one.about)}</p>{_shown(one)}" for one in sections if one.rows]
    head = '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    head += f"<title>{escape(title)}</title><style>{_STYLE}</style>"
    return f"{head}<h1>{escape(title)}</h1><p>{escape(about)}</p>{''.join(parts)}</html>\n"


def _shown(section: Section) -> str:
    if section.shape is Shape.TABLE:
        return _table(section.rows)
    return _key(section.rows) + _chart(section)


def _table(rows: Sequence[Row]) -> str:
    names = list(rows[0])
    is_text = {name: any(isinstance(row[name], str) for row in rows) for name in names}

    def cell(tag: str, name: str, value: object) -> str:
        return f"<{tag}{' class=text' if is_text[name] else ''}>{escape(_text(value))}</{tag}>"

    head = "".join(cell("th", name, name) for name in names)
    body = "".join("<tr>" + "".join(cell("td", name, row[name]) for name in names) + "</tr>" for row in rows)
    return f"<div><table><tr>{head}</tr>{body}</table></div>"


def _text(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.4f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _series(rows: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(str(row["series"]), []).append(row)
    return found


def _key(rows: Sequence[Row]) -> str:
    shown = [
        f'<b style="background:{_colour(at)}"></b>{escape(name)} ({_text(sum(int(_number(row["n"])) for row in mine))})'
        for at, (name, mine) in enumerate(_series(rows).items())
    ]
    return f'<div class="key">{"".join(shown)}</div>'


def _colour(at: int) -> str:
    return _COLOURS[at % len(_COLOURS)]


def _chart(section: Section) -> str:
    rows = section.rows
    values = [_number(row["y"]) for row in rows]
    if section.shape is Shape.DIAGONAL:
        low, high, across = 0.0, 1.0, (0.0, 1.0)
    elif section.shape is Shape.BARS:
        low, high, across = 0.0, max(values) * 1.1 or 1.0, (0.0, 1.0)
    else:
        room = (max(values) - min(values)) * 0.08 or 0.5
        low, high = min(values) - room, max(values) + room
        xs = [_number(row["x"]) for row in rows]
        across = (min(xs), max(*xs, min(xs) + 1))

    def at_y(value: float) -> float:
        return _TOP + (_HIGH - _TOP - _BELOW) * (1 - (value - low) / (high - low))

    def at_x(value: float) -> float:
        return _LEFT + (_WIDE - _LEFT - 12) * (value - across[0]) / (across[1] - across[0])

    drawn = [_rule(at_y(value), value) for value in _ticks(low, high)]
    if section.shape is Shape.BARS:
        drawn += _bars(_series(rows), at_x, at_y)
    else:
        drawn += [
            f'<text x="{at_x(one):.1f}" y="{_HIGH - 12}" text-anchor="middle">{one:g}</text>' for one in _ticks(*across)
        ]
        if section.shape is Shape.DIAGONAL:
            ends = f'x1="{at_x(0):.1f}" y1="{at_y(0):.1f}" x2="{at_x(1):.1f}" y2="{at_y(1):.1f}"'
            drawn.append(f'<line {ends} stroke="var(--soft)" stroke-dasharray="4 4"/>')
        for place, series in enumerate(_series(rows).values()):
            drawn += _line([(at_x(_number(r["x"])), at_y(_number(r["y"])), r) for r in series], _colour(place))
    return f'<svg viewBox="0 0 {_WIDE} {_HIGH}" role="img" aria-label="{escape(section.title)}">{"".join(drawn)}</svg>'


def _number(value: object) -> float:
    if isinstance(value, int | float):
        return float(value)
    raise TypeError(value)


def _ticks(low: float, high: float) -> list[float]:
    """Return four to ten round numbers from `low` to `high`."""
    rough = (high - low) / 5
    power = 10.0 ** np.floor(np.log10(rough))
    step = float(next(power * by for by in (1, 2, 5, 10) if power * by >= rough))
    first = int(np.ceil(low / step - 1e-9))
    return [round(n * step, 10) for n in range(first, int(np.floor(high / step + 1e-9)) + 1)]


def _rule(y: float, value: float) -> str:
    text = f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>'
    return f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{_WIDE - 12}" y2="{y:.1f}" stroke="var(--line)"/>{text}'


def _line(points: Sequence[tuple[float, float, Row]], colour: str) -> list[str]:
    most = max(_number(row["n"]) for _, _, row in points)
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y, _ in points)
    dots = [
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{1.5 + 3 * (_number(row["n"]) / most) ** 0.5:.1f}" fill="{colour}">'
        f"<title>{escape(_said(row))}</title></circle>"
        for x, y, row in points
    ]
    return [f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.6"/>', *dots]


def _bars(series: Mapping[str, Sequence[Row]], at_x: Place, at_y: Place) -> list[str]:
    groups = list(dict.fromkeys(str(row["x"]) for rows in series.values() for row in rows))
    wide = (at_x(1) - at_x(0)) / len(groups)
    bar = wide * 0.8 / len(series)
    drawn = [
        f'<text x="{at_x(0) + wide * (place + 0.5):.1f}" y="{_HIGH - 12}" text-anchor="middle">{escape(name)}</text>'
        for place, name in enumerate(groups)
    ]
    for place, rows in enumerate(series.values()):
        for row in rows:
            x = at_x(0) + wide * (groups.index(str(row["x"])) + 0.1) + bar * place
            y = at_y(_number(row["y"]))
            box = f'x="{x:.1f}" y="{y:.1f}" width="{bar * 0.9:.1f}" height="{at_y(0.0) - y:.1f}"'
            drawn.append(f'<rect {box} fill="{_colour(place)}"><title>{escape(_said(row))}</title></rect>')
    return drawn


def _said(row: Row) -> str:
    return f"{row['series']}, {_text(row['x'])}: {_text(row['y'])} of {_text(row['n'])}"


def render_text(sections: Sequence[Section]) -> list[str]:
    """Return the tables among the sections as lines of text."""
    lines: list[str] = []
    for section in sections:
        if section.shape is Shape.TABLE and section.rows:
            names = list(section.rows[0])
            cells = [names, *([_text(row[name]) for name in names] for row in section.rows)]
            lines += [section.title, *aligned(cells), ""]
    return lines
