"""The catalogues of the wires as data, and their rows by name."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Row:
    """One row of a catalogue. ``id`` names it in tests and in the counting."""

    id: str
    chapter: str


@dataclass(frozen=True)
class OperationRow(Row):
    """An operation of the wire."""

    method: str
    path: str
    path_params: tuple[str, ...]
    query: tuple[dict[str, Any], ...]
    """Each with ``name``, ``type``, perhaps ``valueless`` or ``required``."""
    body: str | None
    """The name of the type."""
    answers: tuple[tuple[int, str | None], ...]
    """Status and type of each answer, the refusals among them."""
    licence: str
    since: str | None

    @property
    def success(self) -> tuple[tuple[int, str | None], ...]:
        """Those answers that are no refusal."""
        return tuple((status, kind) for status, kind in self.answers if status < 300)


@dataclass(frozen=True)
class TypeRow(Row):
    """A type: its fields as ``(name, type, cardinality)``."""

    name: str
    fields: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class ValueRow(Row):
    """One value of an enumeration."""

    name: str
    value: str


@cache
def o2g() -> dict[str, Any]:
    """Return the O2G catalogue as it is."""
    return json.loads((HERE / "o2g-catalogue.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]


DONE = tuple(dict.fromkeys(row["service"] for row in o2g()["operations"]))
"""Chapters whose operations, types, enumerations and events are held: all that have operations."""
DONE_TYPES = ("Overview", *DONE)
"""Types and enumerations have one chapter more: what all services share."""


def operations(chapters: Iterable[str]) -> list[OperationRow]:
    """Operations of these chapters, in the order of the reference."""
    wanted = set(chapters)
    return [
        OperationRow(
            id=f"{row['method']} {row['path']}",
            chapter=row["service"],
            method=row["method"],
            path=row["path"],
            path_params=tuple(parameter["name"] for parameter in row["path_params"]),
            query=tuple(row["query_params"]),
            body=row["body"],
            answers=tuple((answer["status"], answer["type"]) for answer in row["responses"]),
            licence=row["licence"],
            since=row.get("since"),
        )
        for row in o2g()["operations"]
        if row["service"] in wanted
    ]


def types(chapters: Iterable[str]) -> list[TypeRow]:
    """Types of these chapters, events among them."""
    return [
        TypeRow(
            id=f"{chapter}/{name}",
            chapter=chapter,
            name=name,
            fields=tuple((field["name"], field["type"], field["cardinality"]) for field in fields),
        )
        for chapter in chapters
        for name, fields in o2g()["types"].get(chapter, {}).items()
    ]


def enumeration_values(chapters: Iterable[str]) -> list[ValueRow]:
    """Values of the enumerations of these chapters."""
    return [
        ValueRow(id=f"{chapter}/{name}/{value}", chapter=chapter, name=name, value=value)
        for chapter in chapters
        for name, values in o2g()["enumerations"].get(chapter, {}).items()
        for value in values
    ]


def events(chapters: Iterable[str]) -> list[TypeRow]:
    """Events that these chapters define."""
    names = set(o2g()["events"])
    seen: dict[str, TypeRow] = {}
    for row in types(chapters):
        if row.name in names and row.name not in seen:
            seen[row.name] = TypeRow(id=row.name, chapter=row.chapter, name=row.name, fields=row.fields)
    return list(seen.values())


def _all_chapters() -> list[str]:
    return [*o2g()["services"], "Overview"]


CATALOGUES: dict[str, frozenset[str]] = {
    "O2G operations": frozenset(row.id for row in operations(_all_chapters())),
    "O2G events": frozenset(o2g()["events"]),
    "O2G types": frozenset(row.id for row in types(_all_chapters())),
    "O2G enumeration values": frozenset(row.id for row in enumeration_values(_all_chapters())),
}
"""Every row of every catalogue: what the counting counts against."""


def held(catalogue: str, side: str, rows: Iterable[Row], *, name: str = "row") -> Callable[..., Any]:
    """Parametrise a test by rows, so that it holds each of them. The test's name carries the row's."""
    parameters = [pytest.param(row, id=row.id, marks=pytest.mark.contract(catalogue, row.id, side)) for row in rows]
    return pytest.mark.parametrize(name, parameters)
