"""One file, examined by every rule that needs no other file."""

import ast

from tipoff.audit.facts import FileFacts
from tipoff.audit.finding import Finding, Level
from tipoff.audit.source import Source


def examine(source: Source) -> FileFacts:
    """Return what the file shows by itself and what it tells the project-wide pass; the tree is walked once."""
    findings = []
    if source.tree is not None:
        lines = source.text.split("\n")
        findings = [
            _streaming(source, node, lines)
            for node in ast.walk(source.tree)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "insert_rows_json"
        ]
    return FileFacts(path=source.path, n_lines=source.text.count("\n") + 1, findings=tuple(findings))


def _streaming(source: Source, node: ast.Call, lines: list[str]) -> Finding:
    return Finding(
        rule="streaming-insert",
        path=source.path,
        line=node.lineno,
        column=node.col_offset + 1,
        end_line=node.end_lineno or node.lineno,
        level=Level.ERROR,
        message="rows that are streamed refuse UPDATE, DELETE and MERGE for 30 to 90 minutes; load them in a batch",
        guards="write",
        symbol="",
        text=lines[node.lineno - 1].strip(),
    )
