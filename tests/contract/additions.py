"""What servers after O2G 2.2 have beyond the catalogue, as data and as rows by name."""

from dataclasses import dataclass
from typing import Any

from tests.contract.rows import OperationRow, Row, TypeRow, additions, o2g
from tests.contract.samples import sample as base_sample


@dataclass(frozen=True)
class EnumerationRow(Row):
    """An enumeration with all its values."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class AmendmentRow(Row):
    """A field, a value, a package or a parameter that something of the catalogue has beyond it."""

    kind: str
    type: str | None
    name: str
    meaning: str
    json_type: str | None
    operation: str | None


@dataclass(frozen=True)
class AddedOperationRow(OperationRow):
    """An operation of the additions: where its service is, only the session says."""

    service: str
    full_path: str | None
    confidence: str
    administrators: bool | None

    @property
    def declared(self) -> str:
        """The path as the client declares it: the name of the service stands for where that is."""
        if self.path == "{fullResPath}":
            return "/{fullResPath}"
        return self.full_path or f"/{self.service.replace(' ', '')}{self.path}"


def operations() -> list[AddedOperationRow]:
    """Every operation, in the order of the file."""
    return [
        AddedOperationRow(
            id=f"{row['service']} {row['method']} {row['path']}",
            chapter=row["heading"],
            method=row["method"],
            path=row["path"],
            path_params=tuple(parameter["name"] for parameter in row["path_params"]),
            query=tuple(row["query_params"]),
            body=row["body"],
            answers=tuple((answer["status"], answer["type"]) for answer in row["responses"]),
            licence=row["licence"] or "",
            since=row["since"],
            service=row["service"],
            full_path=row.get("full_path"),
            confidence=row["confidence"],
            administrators=row.get("administrator_only"),
        )
        for row in additions()["operations"]
    ]


def types() -> list[TypeRow]:
    """Every type, events among them."""
    return [
        TypeRow(
            id=f"{chapter}/{name}",
            chapter=chapter,
            name=name,
            fields=tuple((field["name"], field["type"], field["cardinality"]) for field in fields),
        )
        for chapter, named in additions()["types"].items()
        for name, fields in named.items()
    ]


def other_spellings() -> dict[str, set[str]]:
    """How other servers spell fields, by type."""
    found: dict[str, set[str]] = {}
    for named in additions()["types"].values():
        for name, fields in named.items():
            found.setdefault(name, set()).update(field["also"] for field in fields if "also" in field)
    return found


def enumerations() -> list[EnumerationRow]:
    """Every enumeration."""
    return [
        EnumerationRow(id=f"{chapter}/{name}", chapter=chapter, name=name, values=tuple(values))
        for chapter, named in additions()["enumerations"].items()
        for name, values in named.items()
    ]


def events() -> list[TypeRow]:
    """Every event."""
    named = {row.name: row for row in types()}
    return [
        TypeRow(id=name, chapter=named[name].chapter, name=name, fields=named[name].fields)
        for name in additions()["events"]
    ]


def amendments() -> list[AmendmentRow]:
    """Every amendment."""
    found = []
    for row in additions()["amendments"]:
        name = row.get("field") or row.get("value") or row["name"]
        of = row.get("type") or row["operation"]
        found.append(
            AmendmentRow(
                id=f"{row['heading']}/{of}/{name}",
                chapter=row["heading"],
                kind=row["kind"],
                type=row.get("type"),
                name=name,
                meaning=row.get("meaning") or "",
                json_type=row.get("json_type"),
                operation=row.get("operation"),
            )
        )
    return found


def sample(kind: str, chapter: str, *, leave_out: frozenset[str] = frozenset()) -> Any:
    """Return a whole value of a type, of the additions or else of the catalogue."""
    kind = kind.partition(" | ")[0]
    if kind == "float":
        return 1.5
    for named in additions()["enumerations"].values():
        if kind in named:
            return named[kind][0]
    for named in additions()["types"].values():
        if kind not in named:
            continue
        value = {}
        for field in named[kind]:
            if field["name"] in leave_out:
                continue
            inner = kind if field["name"] == "eventName" else sample(field["type"], chapter)
            value[field["name"]] = [inner] if field["cardinality"].endswith("*") else inner
        return value
    chapters = o2g()["types"]
    place = (
        chapter if kind in chapters.get(chapter, {}) else next((one for one in chapters if kind in chapters[one]), "")
    )
    return base_sample(kind, place or chapter)
