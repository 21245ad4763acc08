"""How values are put into words: states, durations, counts, names of lines."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from aiopbx import Feature, LineSnapshot, Status


def words(value: StrEnum) -> str:
    """Return the name of a state, an action or a feature as people read it: ``ringing incoming``."""
    return value.value.replace("_", " ")


def duration(seconds: float | None) -> str:
    """Return a time span as ``mm:ss``, from an hour on as ``h:mm:ss``; empty if it is unknown."""
    if seconds is None:
        return ""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"


def since(start: datetime | None, end: datetime) -> float | None:
    """Return the seconds from ``start`` to ``end``, at least 0; ``None`` if the start was not seen."""
    return max(0.0, (end - start).total_seconds()) if start is not None else None


def listed(names: Sequence[str]) -> str:
    """Return names as they stand in a sentence: ``a, b and c``."""
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def counted(count: int, word: str) -> str:
    """Return a number with its noun: ``1 line``, ``2 lines``."""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def titled(number: str, name: str, id: str) -> str:
    """Return the title of a line: its number and name, as far as it has them, else its ``id``."""
    return f"{number} {name}".strip() or id


def by_length(number: str) -> tuple[int, str]:
    """Return a sort key for numbers: shorter ones first, so that 200 comes before 1000."""
    return (len(number), number)


def offline_note(status: Status) -> str:
    """Return what follows a summary while the client is not connected; empty while it is."""
    match status:
        case Status.ONLINE:
            return ""
        case Status.CLOSED:
            return " · closed: this is how it was"
        case _:
            return f" · {status.value}: what you see may be outdated"


def last_known(status: Status) -> str:
    """Return what follows a state while the client is not connected; empty while it is."""
    return "" if status is Status.ONLINE else f" (last known state: {status.value})"


def reports_calls(line: LineSnapshot) -> bool:
    """Whether the system reports the calls of this line. Assumed until the features of the line are known."""
    return not line.features or Feature.CALL_EVENTS in line.features
