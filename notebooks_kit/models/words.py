"""Small words that several models share."""

from datetime import datetime
from enum import StrEnum

from aiopbx import Feature, LineSnapshot


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


def counted(count: int, word: str) -> str:
    """Return a number with its word: ``1 line``, ``2 lines``."""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def titled(number: str, name: str, id: str) -> str:
    """Return what a line is called: number and name, as far as it has them, else its ``id``."""
    return f"{number} {name}".strip() or id


def tells_calls(line: LineSnapshot) -> bool:
    """Whether the system tells of the calls of this line; so it is taken where its features are not known yet."""
    return not line.features or Feature.CALL_EVENTS in line.features
