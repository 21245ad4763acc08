"""What a worker publishes: the state of every line, and on topics of their own calls, routing and events.

While the broker takes what is given, every change is published by itself. Where it does not, changes wait here, one
state a line, so that what waits is never more than there are lines; calls that ended meanwhile are still told of.
"""

import asyncio
import logging
from collections import deque
from datetime import UTC, datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final

import msgspec
from msgspec import Raw
from msgspec.structs import replace

from ..errors import NotAllowed, PbxError
from ..events import CallEnded, CallEvent, Event, LineAdded, LineChanged, LineEvent, LineRemoved, StatusChanged
from ..model import CallSnapshot, Feature, LineSnapshot
from ..mqtt.broker import Broker
from ..mqtt.topics import (
    CARRIED,
    ENDED_KEPT,
    EventPayload,
    RoutingPayload,
    Topics,
    encode,
)
from ..pbx import Pbx
from .discovery import discovery_of
from .settings import BridgeSettings

_LOG = logging.getLogger(__name__)
_EVENTS: Final = 1000
"""How many events wait at most; older ones are dropped, and counted."""
_ENDED_WAITING: Final = 200
"""How many calls of a line that have ended wait at most."""
_ENCODED: Final = 20_000
"""How many calls are kept as JSON, at most."""
_AT_EXACT: Final = 0.001
"""Seconds for which the time of a state is that of the one before."""
_NOT_TOLD: Final = frozenset({"previous"})
_AT_ONCE: Final = 200
"""How many lines are published before others in the loop have their turn."""


class Publisher:
    """Publishes for one epoch."""

    def __init__(
        self, broker: Broker, topics: Topics, settings: BridgeSettings, pbx: Pbx, shard: str, epoch: int
    ) -> None:
        """Publish the lines of this client."""
        self.revision = 0
        self.coalesced = 0
        """States that were replaced by a newer one before they were published."""
        self.dropped = 0
        """Events that were not published, because the broker did not take them."""
        self.lines_changed = asyncio.Event()
        """Lines came or went: the manifest is another."""
        self._broker = broker
        self._topics = topics
        self._settings = settings
        self._pbx = pbx
        self._shard = shard
        self._epoch = epoch
        self._waiting: dict[str, tuple[LineSnapshot, list[CallSnapshot]]] = {}
        self._events: deque[Event] = deque()
        self._event_number = 0
        self._lines: dict[str, tuple[tuple[Any, ...], tuple[bytes, bytes]]] = {}
        """Lines as JSON without their calls, and what they were made of."""
        self._at, self._said_at = b"", float("-inf")
        self._shard_json = encode(shard)
        self._ended: dict[str, tuple[bytes, ...]] = {}
        """The last calls of each line that have ended, as JSON."""
        self._encoded: dict[str, tuple[CallSnapshot, bytes]] = {}
        """Calls as JSON, which their line, their own topic and their events share."""
        self._calls: dict[str, dict[str, CallSnapshot]] = {}
        """What was last published on the topics of calls, by line and call."""
        self._routing: dict[str, Any] = {}
        self._changed: dict[str, int] = {}
        self._scheduled = False
        self._loop = asyncio.get_running_loop()
        broker.on_writable = self._flush

    @property
    def lines(self) -> int:
        """How many lines there are."""
        return len(self._pbx.lines)

    @property
    def line_ids(self) -> tuple[str, ...]:
        """Their ids, as a manifest lists them."""
        return tuple(self._pbx.lines)

    async def check_rights(self) -> None:
        """Raise ``NotAllowed`` where the broker does not let the bridge publish: states go without an answer."""
        topics = self._topics
        for topic in (topics.line("-"), topics.call("-", "-"), topics.routing("-"), topics.event(None, "-")):
            try:
                await self._broker.publish(topic, b"")
            except NotAllowed as error:
                raise NotAllowed(
                    f"The broker does not let the bridge publish: {error.message}",
                    operation=topic,
                    status=403,
                    remedy=f"Allow its account to read and write {topics.base}/#.",
                ) from None

    def take_changed(self) -> dict[str, int]:
        """The newest revision of the lines that were published since this was last called."""
        changed, self._changed = self._changed, {}
        return changed

    async def publish_all(self, left: set[str]) -> int:
        """Publish every line, and empty the topics of ``left`` that no one uses any more. Return since when."""
        since = self.revision + 1
        snapshots = [line.snapshot for line in self._pbx.lines.values()]
        for number, line in enumerate(snapshots):
            # A change meanwhile has brought the newest already.
            newest = self._pbx.lines.get(line.id)
            if newest is not None:
                self._publish(newest.snapshot, (), everything=True)
                if self._settings.discovery_prefix is not None:
                    for topic, payload in discovery_of(newest.snapshot, self._topics, self._settings, self._shard):
                        self._send(topic, payload, retain=True)
            if number % _AT_ONCE == 0 or self._broker.writing:
                await asyncio.sleep(0)
                await self._broker.drained()
        self._broker.require()
        lines = self.line_ids
        used = {self._topics.line(line) for line in lines} | {self._topics.routing(line) for line in lines}
        used |= {self._topics.call(line, call) for line, calls in self._calls.items() for call in calls}
        for topic in left - used:
            self._send(topic, b"", retain=True)
        left.clear()
        return since

    # ----------------------------------------------------------------------------------------------------- what changes

    def on_event(self, event: Event) -> None:
        """Publish what an event has changed, and the event."""
        if isinstance(event, StatusChanged):
            return
        if isinstance(event, LineEvent):
            line = self._pbx.lines.get(event.line)
            if line is None or isinstance(event, LineRemoved):
                self._forget(event.line)
            else:
                if isinstance(event, LineAdded):
                    self.lines_changed.set()
                self._note(line.snapshot, event)
        if self._settings.publish_events:
            if len(self._events) >= _EVENTS:
                self._events.popleft()
                self.dropped += 1
            self._events.append(event)
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._flush)

    def _note(self, line: LineSnapshot, event: LineEvent) -> None:
        """Remember that this state is to be published. Events of one change come one by one, after the change."""
        earlier = self._waiting.get(line.id)
        ended: list[CallSnapshot] = []
        if earlier is not None:
            if earlier[0] is line and type(event) is not CallEnded:
                return
            if earlier[0] is not line and not self._broker.writing:
                del self._waiting[line.id]
                self._publish(*earlier)
            else:
                self.coalesced += earlier[0] is not line
                ended = earlier[1]
        if isinstance(event, CallEnded):
            if len(ended) >= _ENDED_WAITING:
                del ended[0]
                self.dropped += 1
            ended.append(event.call)
        self._waiting[line.id] = (line, ended)

    def _flush(self) -> None:
        self._scheduled = False
        broker = self._broker
        if broker.lost.is_set():
            self._waiting.clear()
            self._events.clear()
            return
        if self._waiting and not broker.writing:
            waiting, self._waiting = self._waiting, {}
            left = iter(waiting.items())
            for _, (line, ended) in left:
                self._publish(line, ended)
                if self._broker.writing:
                    self._waiting = dict(left)
        while self._events and not broker.writing:
            self._publish_event(self._events.popleft())

    def _publish(
        self,
        line: LineSnapshot,
        ended: "list[CallSnapshot] | tuple[CallSnapshot, ...]" = (),
        *,
        everything: bool = False,
    ) -> None:
        id_ = line.id
        self.revision = revision = self.revision + 1
        self._changed[id_] = revision
        shown_ended = self._ended.get(id_, ())
        if ended:
            # All that have ended since the state before, however many: a reader that is connected misses none.
            shown_ended = (*shown_ended, *map(_bare, ended))[-max(ENDED_KEPT, len(ended)) :]
            self._ended[id_] = shown_ended[-ENDED_KEPT:]
        before, after = self._around_calls(line)
        at = self._loop.time()
        if at - self._said_at > _AT_EXACT:
            self._said_at, self._at = at, encode(datetime.now(UTC))
        # A ``LineState``, put together of what was encoded before: most of a line does not change with its calls.
        state = b'{"epoch":%d,"revision":%d,"at":%b,"shard":%b,"line":%b[%b]%b,"ended":[%b]}' % (
            self._epoch,
            revision,
            self._at,
            self._shard_json,
            before,
            b",".join(map(self._raw, line.calls)),
            after,
            b",".join(shown_ended),
        )
        self._send(self._topics.line(id_), state, retain=True)
        if self._settings.publish_calls:
            self._publish_calls(line, revision, everything=everything)
        if self._settings.publish_routing and (everything or self._routing.get(id_, _UNKNOWN) != line.routing):
            self._routing[id_] = line.routing
            routing = RoutingPayload(epoch=self._epoch, revision=revision, routing=line.routing)
            self._send(self._topics.routing(id_), encode(routing), retain=True)

    def _publish_calls(self, line: LineSnapshot, revision: int, *, everything: bool) -> None:
        before = self._calls.get(line.id)
        if not before and not line.calls:
            return
        now = {call.id: call for call in line.calls}
        for id_, call in now.items():
            if everything or before is None or before.get(id_) is not call:
                payload = b'{"epoch":%d,"revision":%d,"call":%b}' % (self._epoch, revision, self._raw(call))
                self._send(self._topics.call(line.id, id_), payload, retain=True)
        for gone in () if before is None else before.keys() - now.keys():
            self._encoded.pop(gone, None)
            self._send(self._topics.call(line.id, gone), b"", retain=True)
        if now:
            self._calls[line.id] = now
        else:
            self._calls.pop(line.id, None)

    def _around_calls(self, line: LineSnapshot) -> tuple[bytes, bytes]:
        """A line as JSON but for its calls: what stands before and behind them."""
        known, rest = self._lines.get(line.id), _REST_OF(line)
        if known is not None and known[0] == rest:
            return known[1]
        text = encode(replace(line, features=_carried(line.features), calls=()))
        # Within a text the quotes would be escaped, so this is the field.
        before, _, after = text.partition(b'"calls":[]')
        around = before + b'"calls":', after
        self._lines[line.id] = rest, around
        return around

    def _raw(self, call: CallSnapshot) -> bytes:
        """A call as JSON, made once for each of its snapshots."""
        known = self._encoded.get(call.id)
        if known is not None and known[0] is call:
            return known[1]
        if len(self._encoded) > _ENCODED:
            self._encoded.clear()
        raw = encode(call)
        self._encoded[call.id] = call, raw
        return raw

    def _publish_event(self, event: Event) -> None:
        kind = type(event).__name__
        line = event.line if isinstance(event, LineEvent) else None
        self._event_number += 1
        payload = EventPayload(
            epoch=self._epoch, number=self._event_number, kind=kind, line=line, event=self._fields(event)
        )
        self._send(self._topics.event(line, kind), encode(payload))
        if isinstance(event, CallEnded):
            self._encoded.pop(event.call.id, None)

    def _fields(self, event: Event) -> dict[str, Any]:
        """The fields of an event, without what was before."""
        found = {name: getattr(event, name) for name in _told(type(event))}
        if isinstance(event, CallEvent):
            found["call"] = Raw(self._raw(event.call))
        elif isinstance(event, LineChanged):
            snapshot = event.snapshot
            found["state"] = snapshot.state
            found["changed"] = {
                name: getattr(snapshot, name)
                for name in sorted(event.changed)
                if name not in ("state", "calls", "features")
            }
            del found["snapshot"]
        elif isinstance(event, LineAdded):
            found["snapshot"] = replace(event.snapshot, features=_carried(event.snapshot.features))
        return found

    def _forget(self, line: str) -> None:
        self._waiting.pop(line, None)
        self._ended.pop(line, None)
        self._lines.pop(line, None)
        for topic in [
            self._topics.line(line),
            self._topics.routing(line),
            *(self._topics.call(line, call) for call in self._calls.pop(line, ())),
        ]:
            self._send(topic, b"", retain=True)
        self.lines_changed.set()

    def _send(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        try:
            self._broker.send(topic, payload, retain=retain)
        except PbxError as error:
            if not self._broker.lost.is_set():
                self.dropped += 1
                _LOG.error("%s was not published: %s", topic, error)


@lru_cache(256)
def _carried(features: frozenset[Feature]) -> frozenset[Feature]:
    return features & CARRIED


@lru_cache
def _told(kind: type[Event]) -> tuple[str, ...]:
    """The fields of an event that are published."""
    return tuple(name for name in kind.__struct_fields__ if name not in _NOT_TOLD)


def _bare(call: CallSnapshot) -> bytes:
    """A call that has ended as JSON, without what is as it was at first: it is in many states, and nothing changes."""
    found = zip(_CALL_FIELDS, _FIELDS_OF(call), _CALL_DEFAULTS, strict=True)
    return encode({name: value for name, value, default in found if value is not default})


_CALL_FIELDS: Final = tuple(field.name for field in msgspec.structs.fields(CallSnapshot))
_CALL_DEFAULTS: Final = tuple(field.default for field in msgspec.structs.fields(CallSnapshot))
_FIELDS_OF: Final = attrgetter(*_CALL_FIELDS)
_REST_OF: Final = attrgetter(*(name for name in LineSnapshot.__struct_fields__ if name != "calls"))
_UNKNOWN: Final = object()
