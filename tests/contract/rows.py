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


@cache
def additions() -> dict[str, Any]:
    """Return what servers after 2.2 have beyond the catalogue, as it is."""
    return json.loads((HERE / "o2g-additions.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]


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


# --------------------------------------------------------------------------------------------------------------- Istra


@dataclass(frozen=True)
class IstraOperationRow(Row):
    """An operation of Istra. ``chapter`` is its application, ``*`` where it is every one's."""

    method: str
    """``WS`` is a WebSocket."""
    path: str
    statuses: tuple[int, ...]
    """Those of success."""
    path_params: tuple[str, ...] = ()
    query: tuple[str, ...] = ()
    body: tuple[str, ...] = ()
    """Fields of the body."""
    crm_body: tuple[str, ...] = ()
    """Those that myCrm wants instead."""
    returns: tuple[str, ...] | str | None = None
    """Fields of the answer, or what it is called."""
    fields: tuple[str, ...] = ()
    """Fields of each element, where the answer is a bare array."""
    alias: str | None = None
    """The other path of the same."""
    formats: tuple[str, ...] = ()
    pushes: str | None = None
    """What comes over the WebSocket."""

    @property
    def applications(self) -> tuple[str, ...]:
        """The applications that have it."""
        return ISTRA_APPLICATIONS if self.chapter == "*" else (self.chapter,)


@dataclass(frozen=True)
class IstraTypeRow(Row):
    """A type of Istra: its fields, each with every spelling of its name, the first first."""

    name: str
    fields: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class IstraErrorRow(Row):
    """A refusal. ``chapter`` is its application, ``*`` where it is every one's."""

    status: int
    code: str | None
    body: tuple[str, ...]
    """Fields of the body, those inside others with a dot."""
    meaning: str


@cache
def istra() -> dict[str, Any]:
    """Return the catalogue of Istra as it is."""
    return json.loads((HERE / "istra-catalogue.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]


ISTRA_APPLICATIONS = ("myRCC", "myCrm", "myIstra")
_ISTRA_CAUSES = {"CallLine.stateCause", "CrmCallEvent.talkCause", "CrmCallEvent.dropCause"}


def istra_operations(*applications: str) -> list[IstraOperationRow]:
    """Operations of these applications (``"*"`` names those of every one), or all, in the catalogue's order."""
    found = []
    for row in istra()["operations"]:
        if applications and row["application"] not in applications:
            continue
        statuses = row.get("status", 101)
        returns = row.get("returns")
        found.append(
            IstraOperationRow(
                id=f"{row['application']} {row['method']} {row['path']}",
                chapter=row["application"],
                method=row["method"],
                path=row["path"],
                statuses=tuple(statuses) if isinstance(statuses, list) else (statuses,),
                path_params=tuple(part.partition("}")[0] for part in row["path"].split("{")[1:]),
                query=tuple(row.get("query", ())),
                body=tuple(row.get("body", ())),
                crm_body=tuple(row.get("crm_body", ())),
                returns=tuple(returns) if isinstance(returns, list) else returns,
                fields=tuple(row.get("fields", ())),
                alias=row.get("alias"),
                formats=tuple(row.get("formats", ())),
                pushes=row.get("pushes"),
            )
        )
    return found


def istra_types() -> list[IstraTypeRow]:
    """Types that the catalogue names, what is pushed on myRCC and the notes on types among them."""
    found = []
    for name, fields in istra()["types"].items():
        if _values(name, fields) is not None:
            continue
        names = fields if isinstance(fields, list) else [key for key in fields if key not in {"period_ms", "semantics"}]
        found.append(
            IstraTypeRow(
                id=name, chapter=name.partition(".")[0], name=name, fields=tuple(tuple(one.split("|")) for one in names)
            )
        )
    return found


def _values(name: str, fields: Any) -> list[str] | None:
    """The values of an enumeration; none if it is a type."""
    if isinstance(fields, dict):
        return list(fields["seen"]) if "seen" in fields else None
    last = name.rpartition(".")[2]
    return list(fields) if last[0].islower() and last not in {"push", "types", "ent"} else None


def istra_values() -> list[ValueRow]:
    """Values of the enumerations, without causes."""
    return [row for row in _istra_values() if row.name not in _ISTRA_CAUSES]


def istra_causes() -> list[ValueRow]:
    """Why something is as it is: values of the three enumerations of causes."""
    return [row for row in _istra_values() if row.name in _ISTRA_CAUSES]


def _istra_values() -> list[ValueRow]:
    return [
        ValueRow(id=f"{name}/{value}", chapter=name.partition(".")[0], name=name, value=value)
        for name, fields in istra()["types"].items()
        for value in _values(name, fields) or ()
    ]


def istra_events() -> list[ValueRow]:
    """What comes over the WebSockets: the five events of myCrm by name, and what the others push."""
    found = []
    for row in istra_operations():
        if row.pushes is None:
            continue
        values = istra()["types"].get(f"{row.pushes}.event", [row.pushes])
        found += [
            ValueRow(id=f"{row.chapter} {one}", chapter=row.chapter, name=row.pushes, value=one) for one in values
        ]
    return found


def istra_errors() -> list[IstraErrorRow]:
    """Refusals."""
    found = []
    for row in istra()["errors"]:
        code = row.get("code")
        fields = row.get("body") or (["code", "message"] if code else [])
        found.append(
            IstraErrorRow(
                id=f"{row['status']} {code}" if code else f"{row['status']}",
                chapter=row.get("application", "*"),
                status=row["status"],
                code=code,
                body=tuple(fields),
                meaning=row["meaning"],
            )
        )
    return found


def istra_inconsistencies() -> list[Row]:
    """What servers write differently from one another, each in the catalogue's words."""
    return [Row(id=text, chapter="*") for text in istra()["inconsistencies_to_tolerate"]]


O2G_CORRECTIONS = (
    "call log, time of answer",
    "call log, more",
    "associated data",
    "licence expiry",
    "licence names",
    "licence status",
    "system status",
    "object model",
    "user",
    "call data",
    "skills of agents",
    "events of newer servers",
    "subscription",
    "empty lists",
    "voicemail audio",
    "CORS",
    "polling URL",
    "keep-alive",
    "ids in lists",
    "station types",
    "supervisor help",
)
"""What live servers and released official clients of O2G do otherwise than the reference, or beyond it."""
ISTRA_CORRECTIONS = (
    "login",
    "session",
    "`X-Authenticate: false`",
    "`X-RestletApiModuleEntityName: MODULE_SERVER`",
    "two steps",
    "listener on myCrm",
    "keep-alive",
    "order",
    "call-control actions",
    "destinations",
    "another push",
)
"""What clients of Istra in the field do otherwise than the guides. A fourth application of theirs is not ours."""


def corrections(names: Iterable[str]) -> list[Row]:
    """These corrections as rows."""
    return [Row(id=name, chapter="*") for name in names]


CATALOGUES: dict[str, frozenset[str]] = {
    "O2G operations": frozenset(row.id for row in operations(_all_chapters())),
    "O2G events": frozenset(o2g()["events"]),
    "O2G types": frozenset(row.id for row in types(_all_chapters())),
    "O2G enumeration values": frozenset(row.id for row in enumeration_values(_all_chapters())),
    # Rows as ``additions.py`` makes them.
    "O2G additions": frozenset(f"{row['service']} {row['method']} {row['path']}" for row in additions()["operations"]),
    "O2G events of the additions": frozenset(additions()["events"]),
    "O2G types of the additions": frozenset(
        f"{chapter}/{name}" for chapter, named in additions()["types"].items() for name in named
    ),
    "O2G enumerations of the additions": frozenset(
        f"{chapter}/{name}" for chapter, named in additions()["enumerations"].items() for name in named
    ),
    "O2G amendments": frozenset(
        f"{row['heading']}/{row.get('type') or row['operation']}/{row.get('field') or row.get('value') or row['name']}"
        for row in additions()["amendments"]
    ),
    "Istra operations": frozenset(row.id for row in istra_operations()),
    "Istra types": frozenset(row.id for row in istra_types()),
    "Istra events": frozenset(row.id for row in istra_events()),
    "Istra enumeration values": frozenset(row.id for row in istra_values()),
    "Istra causes": frozenset(row.id for row in istra_causes()),
    "Istra errors": frozenset(row.id for row in istra_errors()),
    "Istra inconsistencies": frozenset(row.id for row in istra_inconsistencies()),
    "O2G corrections": frozenset(O2G_CORRECTIONS),
    "Istra corrections": frozenset(ISTRA_CORRECTIONS),
}
"""Every row of every catalogue: what the counting counts against."""


def held(catalogue: str, side: str, rows: Iterable[Row], *, name: str = "row") -> Callable[..., Any]:
    """Parametrise a test by rows, so that it holds each of them. The test's name carries the row's."""
    parameters = [pytest.param(row, id=row.id, marks=pytest.mark.contract(catalogue, row.id, side)) for row in rows]
    return pytest.mark.parametrize(name, parameters)


BEYOND_THE_TABLES = {("TelephonicState", "deviceStates"), ("AgentState", "withdraw")} | {
    (row["type"], row["field"]) for row in additions()["amendments"] if row["kind"] == "field"
}
"""Fields of O2G that are not in the tables, as ``(type, field)``."""
