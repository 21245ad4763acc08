"""Values made from the rows of the catalogue, as they are on the wire."""

from typing import Any

from tests.contract.rows import o2g

_PLAIN: dict[str, Any] = {
    "string": "1001",  # a number, digits, a code and a reference at once
    "int": 7,
    "long": 12,
    "nonNegativeInteger": 3,
    "boolean": True,
    "any": {"name": "anything"},
    "dateTime": "2026-01-31T18:17:15.489Z",
}


def sample(
    kind: str, chapter: str, *, leave_out: frozenset[str] = frozenset(), inside: frozenset[str] = frozenset()
) -> Any:
    """Return a whole value of this type: every field, one element in every list, the first word of enumerations.

    Types that hold themselves do so once: ``inside`` are those that a value is in already.
    """
    kind, _, _ = kind.partition(" | ")
    if kind in _PLAIN:
        return _PLAIN[kind]
    catalogue = o2g()
    for place in (chapter, "Overview", *catalogue["types"]):
        if kind in catalogue["enumerations"].get(place, {}):
            return catalogue["enumerations"][place][kind][0]
        if kind in catalogue["types"].get(place, {}):
            value = {}
            for field in catalogue["types"][place][kind]:
                if field["name"] in leave_out or field["type"] in {*inside, kind}:
                    continue
                inner = kind if field["name"] == "eventName" else sample(field["type"], place, inside=inside | {kind})
                value[field["name"]] = [inner] if field["cardinality"].endswith("*") else inner
            return value
    raise LookupError(f"the catalogue has no type {kind}")
