"""A week of made-up calls, always the same: something to analyse without a telephone system at hand."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from aiopbx import CallRecord, Direction, Party

MONDAY: Final = datetime(2026, 1, 5, tzinfo=UTC)
"""The first day of the week."""
PEOPLE: Final = {
    "1000": "Ada Brooks",
    "1001": "Ben Castillo",
    "1002": "Chloe Dubois",
    "1003": "Daniel Eriksen",
    "1007": "Hiro Ito",
    "1008": "Ines Jansen",
}
"""Whose calls they are: number and name. The first three are the reception."""
_OUTSIDE: Final = (
    ("0015550101", "Northwind Bakery"),
    ("0015550102", "Harbour Dental"),
    ("0015550103", "Blue Door Books"),
    ("0015550104", "Cedar Street Garage"),
    ("0015550105", "Lakeside School"),
    ("0015550106", "Tall Pines Travel"),
    ("0015550107", None),
    ("0015550108", None),
)
_BY_HOUR: Final = {8: 0.5, 9: 1.0, 10: 1.3, 11: 1.1, 12: 0.6, 13: 0.5, 14: 1.0, 15: 1.1, 16: 0.9, 17: 0.4}
"""How busy an hour is; others are quiet."""
_BY_DAY: Final = (1.35, 1.0, 0.95, 1.0, 0.75, 0.12, 0.0)
"""How busy a day is, Monday first."""
_BUSY: Final = {"1000": 4.2, "1001": 3.6, "1002": 3.4, "1003": 2.4, "1007": 3.0, "1008": 2.8}
"""Calls of each in an hour of strength 1."""
_AT_TABLE: Final = frozenset({12, 13})


def week_of_calls(seed: int = 1) -> dict[str, tuple[CallRecord, ...]]:
    """Return the call logs of six people in one week, by their numbers, each from its first call to its last.

    They are records as ``line.call_log()`` returns them, and the same for the same ``seed``. Mondays are busy, mornings
    more than afternoons, and many calls at noon are missed. Times are UTC.
    """
    chance = random.Random(seed)
    return {number: tuple(_log(number, chance)) for number in PEOPLE}


def _log(number: str, chance: random.Random) -> Iterator[CallRecord]:
    key = int(number) * 1000
    for day, strength in enumerate(_BY_DAY):
        for hour, share in _BY_HOUR.items():
            for start in _times(strength * share * _BUSY[number], chance):
                key += 1
                at = MONDAY + timedelta(days=day, hours=hour, seconds=start)
                yield _record(key, number, at, hour, strength, chance)


def _times(rate: float, chance: random.Random) -> list[float]:
    """Seconds of an hour at which calls begin, ``rate`` of them on average."""
    found: list[float] = []
    at = 0.0
    while rate > 0:
        at += chance.expovariate(rate / 3600)
        if at >= 3600:
            break
        found.append(round(at))
    return found


def _record(key: int, number: str, at: datetime, hour: int, strength: float, chance: random.Random) -> CallRecord:
    incoming = chance.random() < (0.72 if number in ("1000", "1001", "1002") else 0.5)
    outside = chance.random() < 0.65
    if outside:
        other, name = chance.choice(_OUTSIDE)
    else:
        other, name = chance.choice([person for person in PEOPLE.items() if person[0] != number])
    lost = 0.08 + 0.05 * strength + (0.28 if hour in _AT_TABLE else 0.0)
    answered = chance.random() >= (lost if incoming else 0.16)
    ring = round(chance.uniform(3, 14) if answered else chance.uniform(12, 30))
    talk = round(min(2400.0, chance.lognormvariate(4.75 if outside else 4.1, 0.8))) if answered else 0
    taken = at + timedelta(seconds=ring)
    return CallRecord(
        id=key,
        ref=f"{key:016x}",
        direction=Direction.INCOMING if incoming else Direction.OUTGOING,
        parties=(Party(number=other, name=name),),
        answered=answered,
        acknowledged=True if answered or not incoming else chance.random() < 0.7,
        started_at=at,
        answered_at=taken if answered else None,
        ended_at=taken + timedelta(seconds=talk),
    )


__all__ = ["MONDAY", "PEOPLE", "week_of_calls"]
