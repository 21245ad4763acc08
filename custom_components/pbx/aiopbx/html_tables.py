"""What objects show of themselves in a notebook: small tables as plain HTML, everything in them escaped."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import Enum
from html import escape
from typing import Final

import msgspec

from .model import CallSnapshot, Condition, Forward, LineSnapshot, Routing, Snapshot, Target

MOST: Final = 50
"""Rows that are shown."""
_LINES: Final = ("Number", "Name", "State", "With", "Calls go to", "Missed", "Voicemails")
_CALLS: Final = ("Call", "State", "Direction", "With", "Since")


def table_html(head: Sequence[str], rows: Iterable[Sequence[str]], *, more: int = 0) -> str:
    """Return a table; ``more`` rows are only counted. It has no style, so that no sanitizer takes anything from it."""
    titles = "".join(f"<th>{escape(title)}</th>" for title in head)
    lines = ("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    rest = f'<tr><td colspan="{len(head)}">… and {more} more</td></tr>' if more > 0 else ""
    return f"<table><tr>{titles}</tr>{''.join(lines)}{rest}</table>"


def named_values_html(values: Iterable[tuple[str, str]]) -> str:
    """Return a table of names and values; those without a value are left out."""
    rows = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in values if value)
    return f"<table>{rows}</table>"


def lines_html(lines: Iterable[LineSnapshot], *, most: int = MOST) -> str:
    """Return the state of lines, the first by number."""
    ordered = sorted(lines, key=lambda line: (len(line.number), line.number))
    return table_html(_LINES, map(_line, ordered[:most]), more=len(ordered) - most)


def snapshot_html(snapshot: Snapshot) -> str:
    """Return a value as a table of what is known of it."""
    if isinstance(snapshot, LineSnapshot):
        facts = zip(_LINES, _line(snapshot), strict=True)
        calls = table_html(_CALLS, map(_call, snapshot.calls)) if snapshot.calls else ""
        return named_values_html([*facts, ("Id", snapshot.id), ("Features", _text(snapshot.features))]) + calls
    if type(snapshot).__repr__ is not msgspec.Struct.__repr__:  # it has something to hide
        return f"<code>{escape(repr(snapshot))}</code>"
    names = ((field, field.replace("_", " ").capitalize()) for field in snapshot.__struct_fields__)
    return named_values_html((name, _text(getattr(snapshot, field))) for field, name in names)


def _line(line: LineSnapshot) -> tuple[str, ...]:
    counters = line.counters
    return (
        line.number,
        line.name,
        _text(line.state),
        ", ".join(str(party) for call in line.calls for party in call.parties),
        _routing(line.routing),
        "" if counters.missed_calls is None else str(counters.missed_calls),
        "" if counters.voicemails is None else str(counters.voicemails),
    )


def _call(call: CallSnapshot) -> tuple[str, ...]:
    return (call.id, _text(call.state), _text(call.direction), _text(call.parties), _text(call.started_at))


def _routing(routing: Routing | None) -> str:
    if routing is None:
        return ""
    if routing.do_not_disturb:
        return "no one: do not disturb"
    return _text(routing.forward) if routing.forward is not None else ""


def _text(value: object) -> str:
    """Return a value in words; empty for what is unknown, empty or no."""
    match value:
        case None | False:
            return ""
        case True:
            return "yes"
        case Enum():
            return str(value.value).replace("_", " ")
        case datetime():
            return f"{value.astimezone():%Y-%m-%d %H:%M:%S}"
        case Forward(target=target, condition=condition, number=number):
            to = number if target is Target.NUMBER and number else _text(target)
            return to if condition is Condition.IMMEDIATE else f"{to} ({_text(condition)})"
        case frozenset():
            return ", ".join(sorted(map(_text, value)))
        case tuple() | list():
            return ", ".join(map(_text, value))
        case Snapshot() if type(value).__str__ is msgspec.Struct.__str__:
            said = ((field, _text(getattr(value, field))) for field in value.__struct_fields__)
            hides = type(value).__repr__ is not msgspec.Struct.__repr__
            return str(value) if hides else ", ".join(f"{name.replace('_', ' ')} {text}" for name, text in said if text)
    return str(value)
