"""``aiopbx log``: the calls that the system has logged."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ..errors import InvalidInput
from ..model import Direction
from ..records import CallRecord
from ..settings.connection import ConnectionSettings
from . import errors, screen
from .shared import connected, print_json, print_table, progress, seconds, when, who

_WAY: Final = {Direction.INCOMING: "in", Direction.OUTGOING: "out", Direction.UNKNOWN: ""}


@dataclass(frozen=True)
class LogWanted:
    """What was typed about the log."""

    line: str | None = None
    unanswered: bool = False
    unacknowledged: bool = False
    after: datetime | None = None
    before: datetime | None = None
    direction: Direction | None = None
    party: str | None = None
    limit: int | None = None
    acknowledge: bool = False
    delete: bool = False
    all: bool = False

    def check(self) -> None:
        """Raise ``InvalidInput`` for what does not go together."""
        if self.all and not self.delete:
            raise InvalidInput("all", "goes with --delete only.", remedy="Leave it out.")
        if self.delete and self.acknowledge:
            raise InvalidInput("acknowledge", "does not go with --delete.", remedy="Leave one of them out.")
        if self.delete and self.limit is not None:
            raise InvalidInput("limit", "does not go with --delete.", remedy="Say with filters what is meant.")


def moment(text: str | None, *, field: str) -> datetime | None:
    """A moment as it was typed; one without a zone is meant where the reader is."""
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).astimezone()
    except ValueError:
        raise InvalidInput(
            field, f"{text!r} is no moment.", remedy="It is like 2026-01-31, 2026-01-31T18:00 or …T18:00:00Z."
        ) from None


async def log(settings: ConnectionSettings, wanted: LogWanted, *, as_json: bool) -> int:
    """Print the log, or acknowledge or delete what of it is meant."""
    async with connected(settings, wanted.line) as (_, line):
        calls = line.call_log(
            unanswered=wanted.unanswered,
            unacknowledged=wanted.unacknowledged,
            after=wanted.after,
            before=wanted.before,
            direction=wanted.direction,
            party=wanted.party,
        )
        if wanted.delete:
            await calls.delete(all=wanted.all)
            screen.errors().print("deleted")
            return errors.OK
        records: list[CallRecord] = []
        with progress() as bar:
            task = bar.add_task("reading the log", total=None)
            async for record in calls:
                records.append(record)
                bar.update(task, completed=len(records), total=wanted.limit or calls.total)
                if wanted.limit is not None and len(records) >= wanted.limit:
                    break
        if as_json:
            for record in records:
                print_json(record)
        else:
            print_table(("id", "when", "", "with", "length", "answered", "seen"), (_row(one) for one in records))
        if wanted.acknowledge:
            missed = [record for record in records if record.missed and not record.acknowledged]
            if missed:
                await line.call_log().acknowledge(*missed)
            screen.errors().print(f"{len(missed)} acknowledged")
    return errors.OK


def _row(record: CallRecord) -> tuple[object, ...]:
    return (
        record.id,
        when(record.started_at),
        _WAY[record.direction],
        ", ".join(who(party) for party in record.parties),
        seconds(record.seconds),
        {True: "yes", False: "no", None: ""}[record.answered],
        "" if not record.missed else "yes" if record.acknowledged else "no",
    )
