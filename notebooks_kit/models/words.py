"""Small words that several models share."""

from datetime import datetime
from enum import StrEnum


def words(value: StrEnum) -> str:
    """Return the name of a state, an action or a feature as it is read aloud: ``ringing incoming``."""
    return value.value.replace("_", " ")


def duration(seconds: float | None) -> str:
    """Return a time span as ``mm:ss``, ``h:mm:ss`` from an hour on; nothing where it is not known."""
    if seconds is None:
        return ""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"


def since(start: datetime | None, end: datetime) -> float | None:
    """Return the seconds from ``start`` to ``end``, never less than none; none where the start was not seen."""
    return max(0.0, (end - start).total_seconds()) if start is not None else None


def listed(names: list[str]) -> str:
    """Return names as they stand in a sentence: ``a, b and c``."""
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)
