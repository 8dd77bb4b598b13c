"""The league's injury report as it is written: a PDF of words at places, a row every 22 points, thirty rows a page."""

from collections.abc import Sequence

from tipoff.leagues.nba.sources.injuries import COLUMNS

_PLACES = (23.0, 120.0, 200.0, 264.0, 425.0, 586.0, 666.0)
_TOP, _STEP, _ROWS = 690, 22, 30
_HEAD = b"<< /Type /Catalog /Pages 2 0 R >>"
_FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"

Cells = tuple[str, ...]


def report(at: str, rows: Sequence[Cells]) -> bytes:
    """Return the report of an instant, whose rows have a cell for each column; empty where it is as above."""
    pages = [rows[first : first + _ROWS] for first in range(0, len(rows), _ROWS)] or [[]]
    texts = [
        _page([COLUMNS, *page] if n == 0 else page, f"Injury Report: {at}", f"Page {n + 1} of {len(pages)}")
        for n, page in enumerate(pages)
    ]
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(len(pages)))
    objects = [_HEAD, f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(), _FONT]
    for n, text in enumerate(texts):
        box = "/MediaBox [0 0 842 792] /Resources << /Font << /F0 3 0 R >> >>"
        objects.append(f"<< /Type /Page /Parent 2 0 R {box} /Contents {5 + 2 * n} 0 R >>".encode())
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text))
    return _file(objects)


def _page(rows: Sequence[Cells], above: str, below: str) -> bytes:
    told = [(289.0, 760, above), (398.0, 12, below)]
    for n, row in enumerate(rows):
        told += [(x, _TOP - _STEP * n, cell) for x, cell in zip(_PLACES, row, strict=True) if cell]
    return b"\n".join(b"BT /F0 10 Tf 1 0 0 1 %d %d Tm (%s) Tj ET" % (x, y, _escaped(text)) for x, y, text in told)


def _escaped(text: str) -> bytes:
    return text.encode("cp1252", "replace").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")


def _file(objects: Sequence[bytes]) -> bytes:
    body, places = b"%PDF-1.4\n", list[int]()
    for n, each in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (n, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    ends = b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, len(body))
    return body + b"xref\n0 %d\n0000000000 65535 f \n" % size + table + ends
