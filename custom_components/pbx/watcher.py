"""From the client's events to what triggers wait for, and what the log says of the time without a connection."""

import asyncio
import logging
from datetime import datetime
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .absence import MARGIN, OLDEST, Seen
from .aiopbx import (
    AgentChanged,
    CallEnded,
    CallEvent,
    CallRecord,
    CallSnapshot,
    CallState,
    Direction,
    Event,
    Feature,
    Line,
    LineAdded,
    LineChanged,
    LineRemoved,
    LineSnapshot,
    Outcome,
    PbxError,
    Status,
    StatusChanged,
)
from .calls import describe_call, label_of
from .coordinator import PbxCoordinator
from .event import ENDS, event_type_of
from .happenings import (
    AGENT_STATE_CHANGED,
    CALL_ANSWERED,
    CALL_ENDED,
    CALL_MISSED,
    INCOMING_CALL,
    OUTGOING_CALL,
    TEXT_RECEIVED,
    VOICEMAIL_RECEIVED,
    Happening,
    async_when_listening,
    happenings_of,
)
from .targets import device_of

_LOGGER = logging.getLogger(__name__)

# How many logs are read at the same time after an absence.
_AT_ONCE: Final = 3
# How many missed calls of a line are reported after an absence: more are no news but a list.
_MOST: Final = 50

_ENDED: Final = (CALL_ENDED, "Call ended")
# Which triggers an event of a call is for, and what it is called in the logbook.
_KINDS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "ringing": ((INCOMING_CALL, "Incoming call"),),
    "dialing": ((OUTGOING_CALL, "Outgoing call"),),
    "ringing_there": ((OUTGOING_CALL, "Outgoing call"),),
    "answered": ((CALL_ANSWERED, "Call answered"),),
    **dict.fromkeys(ENDS, (_ENDED,)),
    "missed": (_ENDED, (CALL_MISSED, "Call missed")),
}


class Watcher:
    """Watches one PBX for triggers, for as long as its entry is loaded."""

    def __init__(self, hass: HomeAssistant, coordinator: PbxCoordinator) -> None:
        """Watch nothing yet."""
        self._hass = hass
        self._coordinator = coordinator
        self._entry = coordinator.config_entry
        self._happenings = happenings_of(hass)
        self._seen = Seen(hass, self._entry.entry_id)
        self._absent: dict[str, datetime] = {}
        """Lines whose log is still to be read, each with the time from which on."""
        self._reading: set[str] = set()
        self._limit = asyncio.Semaphore(_AT_ONCE)

    async def async_start(self) -> None:
        """Begin as soon as automations are listening."""
        await self._seen.async_load()
        self._entry.async_on_unload(async_when_listening(self._hass, self._begin))

    @callback
    def _begin(self, _hass: HomeAssistant) -> None:
        pbx = self._coordinator.pbx
        self._entry.async_on_unload(pbx.subscribe(self._handle))
        self._entry.async_on_unload(self._end)
        if pbx.status is Status.ONLINE:
            self._online()

    async def _end(self) -> None:
        self._seen.async_connected(False)
        if self._absent:
            # What could not be read is read by the next one who watches.
            self._seen.async_unread(min(self._absent.values()))
        await self._seen.async_save()

    # ------------------------------------------------------------------------------------------------- the connection

    @callback
    def _online(self) -> None:
        since = self._seen.async_connected(True)
        self._happenings.async_online(self._entry)
        for line in self._coordinator.pbx.lines.values():
            if since is not None:
                self._absent[line.id] = min(since, self._absent.get(line.id, since))
            self._count(line.snapshot)
            self._catch_up(line)

    @callback
    def _handle(self, event: Event) -> None:
        """Apply an event of the client."""
        match event:
            case StatusChanged(status=Status.ONLINE):
                self._online()
            case StatusChanged(status=Status.OFFLINE):
                self._seen.async_connected(False)
                self._happenings.async_offline(self._entry, event.reason)
            case StatusChanged(status=Status.CLOSED):
                # Home Assistant stops, or the entry is unloaded: what is waiting to be written is written then.
                self._seen.async_connected(False)
            case LineRemoved():
                self._absent.pop(event.line, None)
                self._seen.async_forget(event.line)
            case LineAdded():
                self._count(event.snapshot)
            case LineChanged():
                self._line_changed(event)
            case CallEvent():
                self._call(event)
            case AgentChanged():
                self._agent(event)

    # ------------------------------------------------------------------------------------------------------------ calls

    @callback
    def _call(self, event: CallEvent) -> None:
        call = event.call
        # Only the log knows how a call ended that ended while no one was looking.
        if isinstance(event, CallEnded) and call.outcome not in (None, Outcome.UNKNOWN):
            self._seen.async_ended(event.line, call.id, call.ref)
        event_type = event_type_of(event)
        for kind, what in _KINDS.get(event_type or "", ()):
            if self._happenings.awaited(kind):
                self._fire(kind, event.line, what, event_type=event_type, call=call)

    @callback
    def _fire(self, kind: str, line: str, what: str, *, call: CallSnapshot | None = None, **data: Any) -> None:
        """Tell the triggers of something on a line."""
        coordinator = self._coordinator
        if (handle := coordinator.pbx.lines.get(line)) is None:
            return
        snapshot = handle.snapshot
        device_id = device_of(self._hass, coordinator, line)
        named = {"id": line, "number": snapshot.number, "name": label_of(snapshot), "device_id": device_id}
        described = {} if call is None else {"call": describe_end(call)}
        self._happenings.async_fire(
            Happening(
                kind=kind,
                device_id=device_id,
                pbx_device_id=coordinator.device_id,
                what=f"{what} on {label_of(snapshot)}",
                data={"line": named} | described | data,
                call=call,
                pbx=coordinator.pbx,
            )
        )

    # ------------------------------------------------------------------------------------------------- what is waiting

    @callback
    def _line_changed(self, event: LineChanged) -> None:
        if "counters" in event.changed:
            self._count(event.snapshot)
            now, before = event.snapshot.counters.missed_calls, event.previous.counters.missed_calls
            # Where a line shows no calls, only the counter says that one was missed, and the log which.
            if Feature.CALL_EVENTS not in event.snapshot.features and before is not None and (now or 0) > before:
                self._absent.setdefault(event.line, dt_util.utcnow() - MARGIN)
        if event.line in self._absent and (line := self._coordinator.pbx.lines.get(event.line)) is not None:
            self._catch_up(line)

    @callback
    def _count(self, snapshot: LineSnapshot) -> None:
        """Tell of messages that are new: more than there were when they were counted last, however long ago."""
        seen, counters = self._seen.lines[snapshot.id], snapshot.counters
        voicemails, texts = seen.voicemails, seen.texts
        if counters.voicemails is not None and counters.voicemails != voicemails:
            seen.voicemails = counters.voicemails
            self._seen.async_changed()
            if voicemails is not None and counters.voicemails > voicemails:
                self._tell_of(VOICEMAIL_RECEIVED, snapshot, "Voicemail received", counters.voicemails, voicemails)
        if counters.new_texts is not None and counters.new_texts != texts:
            seen.texts = counters.new_texts
            self._seen.async_changed()
            if texts is not None and counters.new_texts > texts:
                self._tell_of(TEXT_RECEIVED, snapshot, "Text received", counters.new_texts, texts)

    @callback
    def _tell_of(self, kind: str, snapshot: LineSnapshot, what: str, now: int, before: int) -> None:
        self._fire(kind, snapshot.id, what, unread=now, new=now - before)

    @callback
    def _agent(self, event: AgentChanged) -> None:
        before = event.previous
        if before is not None and before.state is event.agent.state and before.withdrawn is event.agent.withdrawn:
            return
        self._fire(
            AGENT_STATE_CHANGED,
            event.line,
            "Agent state changed",
            from_state=before.state.value if before is not None else None,
            to_state=event.agent.state.value,
            group=event.agent.group,
            withdraw_reason=event.agent.withdraw_reason,
        )

    # ------------------------------------------------------------------------------------------------- after an absence

    @callback
    def _catch_up(self, line: Line) -> None:
        """Read the log of a line for what was missed, once it is known whether there is one."""
        if line.id not in self._absent or line.id in self._reading or not line.snapshot.described:
            return
        if Feature.CALL_LOG not in line.snapshot.features:
            del self._absent[line.id]
            return
        self._reading.add(line.id)
        self._entry.async_create_background_task(
            self._hass, self._read_log(line, self._absent.pop(line.id)), f"missed calls of {line.id}"
        )

    async def _read_log(self, line: Line, since: datetime) -> None:
        try:
            async with self._limit:
                records = await line.call_log(unanswered=True, after=since).list(_MOST)
        except PbxError as err:
            # The next connection reads from the same moment on.
            if line.id in self._coordinator.pbx.lines:
                self._absent.setdefault(line.id, since)
            _LOGGER.debug("Cannot read which calls of %s were missed: %s", label_of(line.snapshot), err)
            return
        finally:
            self._reading.discard(line.id)
        for record in sorted(records, key=lambda one: one.started_at or since):
            if self._is_news(line, record, since):
                event = missed_call(line.id, record)
                self._coordinator.async_report_call(event)
                self._call(event)

    def _is_news(self, line: Line, record: CallRecord, since: datetime) -> bool:
        """Whether a call was missed while no one was looking."""
        at = record.started_at
        return (
            record.missed
            and record.acknowledged is not True
            and (at is None or at >= max(since, dt_util.utcnow() - OLDEST))
            and not self._seen.has_ended(line.id, record.ref)
            and not self._seen.has_ended(line.id, _log_id(record))
        )


def _log_id(record: CallRecord) -> str:
    return f"log-{record.id}"


def missed_call(line: str, record: CallRecord) -> CallEnded:
    """Return the end of a missed call, as it would have been reported at the time."""
    return CallEnded(
        at=record.ended_at or dt_util.utcnow(),
        line=line,
        call=CallSnapshot(
            id=_log_id(record),
            ref=record.ref or _log_id(record),
            line=line,
            state=CallState.RELEASING,
            direction=Direction.INCOMING,
            parties=record.parties,
            called=record.called,
            started_at=record.started_at,
            ended_at=record.ended_at,
            outcome=Outcome.MISSED,
            ring_seconds=record.seconds,
        ),
    )


def describe_end(call: CallSnapshot) -> dict[str, Any]:
    """Return what automations get of a call."""
    return describe_call(call) | {
        "answered": call.answered,
        "outcome": call.outcome.value if call.outcome is not None else None,
        "cause": call.cause,
        "new_destination": call.new_destination,
        "ended_at": call.ended_at.isoformat() if call.ended_at else None,
        "ring_seconds": call.ring_seconds,
        "talk_seconds": talk_seconds(call),
    }


def talk_seconds(call: CallSnapshot) -> float | None:
    """Return how long a call was answered; None where that is not known."""
    if call.outcome is None:
        return None
    if not call.answered:
        return 0.0
    if call.talk_seconds is not None:
        return call.talk_seconds
    if call.answered_at is None or call.ended_at is None:
        return None
    return (call.ended_at - call.answered_at).total_seconds()
