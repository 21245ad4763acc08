"""Pieces of HTML that several views have. Everything in them is escaped: it may come from callers."""

import traceback
from collections.abc import Iterable, Sequence
from html import escape

from aiopbx import PbxError


def table_html(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a plain table, for pages that cannot run widgets."""
    titles = "".join(f"<th>{escape(title)}</th>" for title in head)
    lines = ("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{titles}</tr>{''.join(lines)}</table>"


def facts_html(facts: Iterable[tuple[str, str]], style: str = "pbx-facts") -> str:
    """Return names and values as a list of this CSS class; empty without any."""
    items = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts)
    return f'<dl class="{style}">{items}</dl>' if items else ""


def problem_html(problem: object) -> str:
    """Return a problem as HTML: what an error of the client says, of any other its type and where it came from."""
    if isinstance(problem, PbxError):
        text = escape(problem.message)
        if problem.remedy:
            text += f" {escape(problem.remedy)}"
    elif isinstance(problem, BaseException):
        where = "".join(traceback.format_exception(problem))
        text = (
            f"<details><summary>{escape(type(problem).__name__)}: {escape(str(problem))}</summary>"
            f"<pre>{escape(where)}</pre></details>"
        )
    else:
        text = escape(str(problem))
    return f'<div role="alert" class="pbx-problem">{text}</div>'
