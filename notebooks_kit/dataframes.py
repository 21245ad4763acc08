"""DataFrames of what the kit shows. Times are UTC, durations are seconds, unknown values are missing."""

from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, cast, overload

from aiopbx import (
    Call,
    CallEnded,
    CallLog,
    CallRecord,
    CallSnapshot,
    Contact,
    ContactSearch,
    Line,
    LineSnapshot,
    Party,
    Pbx,
    VoicemailMessage,
    Voicemails,
    VoicemailSnapshot,
)

from .slips import no_slip

if TYPE_CHECKING:  # the models make tables of themselves, and import this
    import pandas

    from .models.board import BoardRow

TEXT: Final = "str"
WORD: Final = "category"
TIME: Final = "datetime64[us, UTC]"
SECONDS: Final = "Float64"
COUNT: Final = "Int64"
FLAG: Final = "boolean"

LINES: Final = {
    "line": TEXT,
    "number": TEXT,
    "name": TEXT,
    "state": WORD,
    "party": TEXT,
    "calls": COUNT,
    "since": TIME,
    "do_not_disturb": FLAG,
    "forward": TEXT,
    "missed": COUNT,
    "voicemails": COUNT,
}
RECORDS: Final = {
    "id": COUNT,
    "direction": WORD,
    "party": TEXT,
    "number": TEXT,
    "started_at": TIME,
    "answered_at": TIME,
    "ended_at": TIME,
    "seconds": SECONDS,
    "talk_seconds": SECONDS,
    "answered": FLAG,
    "missed": FLAG,
    "acknowledged": FLAG,
    "reason": WORD,
    "ref": TEXT,
}
CALLS: Final = {
    "id": TEXT,
    "line": TEXT,
    "state": WORD,
    "direction": WORD,
    "party": TEXT,
    "number": TEXT,
    "started_at": TIME,
    "answered_at": TIME,
    "ended_at": TIME,
    "seconds": SECONDS,
    "talk_seconds": SECONDS,
    "cause": WORD,
    "outcome": WORD,
}
MESSAGES: Final = {
    "id": TEXT,
    "caller": TEXT,
    "number": TEXT,
    "at": TIME,
    "seconds": SECONDS,
    "unread": FLAG,
    "urgent": FLAG,
}
CONTACTS: Final = {
    "number": TEXT,
    "name": TEXT,
    "first_name": TEXT,
    "last_name": TEXT,
    "login": TEXT,
    "email": TEXT,
}


def load_pandas() -> Any:
    """Return pandas. Raises ``ImportError`` that says how to get it."""
    try:
        import pandas
    except ImportError:
        raise ImportError(
            "Tables need pandas, which is not installed. It comes with the extra: pip install 'aiopbx[notebook]'.",
            name="pandas",
        ) from None
    return pandas


def table(columns: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> "pandas.DataFrame":
    """Make a table of these columns (names and types); ``None`` in a row is a missing value."""
    loaded = load_pandas()
    found = [tuple(_plain(value) for value in row) for row in rows]
    made = {
        name: loaded.Series([row[index] for row in found], dtype=kind)
        for index, (name, kind) in enumerate(columns.items())
    }
    return cast("pandas.DataFrame", loaded.DataFrame(made))


@overload
def to_dataframe(what: AsyncIterable[Any], *, of: type | None = None) -> "Awaitable[pandas.DataFrame]": ...


@overload
def to_dataframe(what: Any, *, of: type | None = None) -> "pandas.DataFrame": ...


def to_dataframe(what: Any, *, of: type | None = None) -> Any:
    """Return a table of what is given, as pandas has it.

    A view or a model that has a table; ``pbx`` or ``pbx.lines``: its lines now; a line, ``line.calls``; and any
    sequence of lines, calls, events of ended calls, records of a call log, voicemails or contacts. A mapping of such
    sequences, as ``week_of_calls()`` returns, has its keys in a first column, ``of_line``. An empty sequence does not
    say what it would hold: ``of`` does, ``to_dataframe(line.calls, of=Call)``.

    What has to be read first, such as ``line.call_log()``, is awaited: ``await to_dataframe(line.call_log())``. Raises
    ``TypeError`` for anything else, ``ImportError`` without pandas.
    """
    no_slip("to_dataframe", what)
    own = getattr(what, "to_dataframe", None)
    if callable(own):
        return own()
    if isinstance(what, AsyncIterable):
        return _read(what, of)
    if isinstance(what, Pbx):
        what = what.lines
    if isinstance(what, Mapping):
        values = list(what.values())
        if values and all(isinstance(value, Sequence) for value in values):
            return _by_key(what, of)
        return _rows(values, of or Line)
    if isinstance(what, tuple(kind for kinds, _, _ in _TABLES for kind in kinds)):
        return _rows([what], of)
    if isinstance(what, Iterable) and not isinstance(what, str | bytes):
        return _rows(list(what), of)
    raise TypeError(f"{type(what).__name__} is no table. Give a pbx, a view, or a list of lines, calls or records.")


def _rows(items: Sequence[Any], of: type | None) -> "pandas.DataFrame":
    kinds_of = {type(item) for item in items} or ({of} if of is not None else set())
    if not kinds_of:
        return table({}, ())
    for kinds, columns, row in _TABLES:
        if all(issubclass(one, kinds) for one in kinds_of):
            return table(columns, [row(item) for item in items])
    raise TypeError(f"There is no table of {', '.join(sorted(one.__name__ for one in kinds_of))}.")


def _by_key(what: Mapping[Any, Sequence[Any]], of: type | None) -> "pandas.DataFrame":
    """One table of several sequences."""
    made = _rows([item for items in what.values() for item in items], of)
    keys = [str(key) for key, items in what.items() for _ in items]
    made.insert(0, "of_line", load_pandas().Series(keys, dtype=TEXT))
    return made


async def _read(what: AsyncIterable[Any], of: type | None) -> "pandas.DataFrame":
    kind = next((kind for reader, kind in _READ if isinstance(what, reader)), of)
    return _rows([item async for item in what], kind)


def board_row(row: "BoardRow") -> tuple[Any, ...]:
    """The cells of a line on the board."""
    return tuple(getattr(row, name) for name in LINES)


def record_row(record: CallRecord) -> tuple[Any, ...]:
    """The cells of a record of a call log."""
    party = record.party
    return (
        record.id,
        record.direction,
        party_names(record.parties),
        party.number if party is not None else None,
        record.started_at,
        record.answered_at,
        record.ended_at,
        record.seconds,
        between(record.answered_at, record.ended_at),
        record.answered,
        record.missed,
        record.acknowledged,
        record.reason,
        record.ref,
    )


def message_row(message: VoicemailMessage | VoicemailSnapshot) -> tuple[Any, ...]:
    """The cells of a voicemail."""
    caller = message.caller
    return (
        message.id,
        caller.label if caller is not None else None,
        caller.number if caller is not None else None,
        message.at,
        message.seconds,
        message.unread,
        message.urgent,
    )


def party_names(parties: Sequence[Party]) -> str | None:
    """The names of the parties; ``None`` if there are none."""
    return ", ".join(party.label for party in parties) or None


def between(begin: datetime | None, end: datetime | None) -> float | None:
    """Seconds between two times; ``None`` if one is unknown."""
    return (end - begin).total_seconds() if begin is not None and end is not None else None


def _line_row(line: Line | LineSnapshot) -> tuple[Any, ...]:
    from .models.board import BoardRow

    return board_row(BoardRow.of(line if isinstance(line, LineSnapshot) else line.snapshot))


def _call_row(what: Call | CallEnded | CallSnapshot) -> tuple[Any, ...]:
    call = what.call if isinstance(what, CallEnded) else what
    line = call.line if isinstance(call, CallSnapshot) else call.line.id
    party = call.party
    return (
        call.id,
        line,
        call.state,
        call.direction,
        party_names(call.parties),
        party.number if party is not None else None,
        call.started_at,
        call.answered_at,
        call.ended_at,
        _seconds(call),
        call.talk_seconds,
        call.cause,
        call.outcome,
    )


def _seconds(call: Call | CallSnapshot) -> float | None:
    """How long it took from its beginning to its end."""
    if call.ring_seconds is None or (call.answered and call.talk_seconds is None):
        return None
    return call.ring_seconds + (call.talk_seconds or 0.0)


def contact_row(contact: Contact) -> tuple[Any, ...]:
    """The cells of a contact."""
    return tuple(getattr(contact, name) for name in CONTACTS)


_TABLES: Final[tuple[tuple[tuple[type, ...], Mapping[str, str], Callable[[Any], tuple[Any, ...]]], ...]] = (
    ((Line, LineSnapshot), LINES, _line_row),
    ((CallRecord,), RECORDS, record_row),
    ((Call, CallEnded, CallSnapshot), CALLS, _call_row),
    ((VoicemailMessage, VoicemailSnapshot), MESSAGES, message_row),
    ((Contact,), CONTACTS, contact_row),
)


_READ: Final[tuple[tuple[type, type], ...]] = (
    (CallLog, CallRecord),
    (Voicemails, VoicemailMessage),
    (ContactSearch, Contact),
)
"""What is read by ``async for``, and what that gives."""


def _plain(value: Any) -> Any:
    """Words of enumerations as plain words: a table is read by people and by other libraries."""
    return value.value if isinstance(value, Enum) else value
