"""One connection to the broker of a bridge: workers found, lines complete, and kept so.

Three things say what is true. A worker's *epoch* and the *revision* of a state: what is older than known is passed
over. The *manifest*: a shard is complete when each of its lines has a state of the newest round. And *pulses*: they
name what changed, so that a state the broker has dropped is missed, and asked for again.
"""

import asyncio
import logging
import secrets
from collections.abc import Coroutine, Iterable
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Final, cast

import msgspec
from msgspec.structs import replace

from ..errors import ConnectionFailed, InvalidInput, NotAllowed, Offline, OutcomeUnknown, PbxError
from ..events import CallEnded, Event, HelpCancelled, HelpRequested, LineAdded, LineRemoved, LogChanged
from ..http.tap import WireStatistics
from ..loops import settle
from ..model import AvailableLine, CallSnapshot, Feature, LineSnapshot, SystemInfo
from ..ports import Commands
from ..settings.connection import ConnectionSettings
from ..store import Store, stale
from .broker import Address, Broker
from .commands import BridgeCommands
from .errors import error_of
from .packets import Message
from .reducer import over, reduce
from .topics import (
    STATE_QOS,
    Answer,
    Command,
    EventPayload,
    LineState,
    Manifest,
    Pulse,
    Topics,
    Worker,
    WorkerStatus,
    encode,
    text_of,
)

_LOG = logging.getLogger(__name__)

_SILENT: Final = 5
"""So many pulses that do not come, and a worker is taken for gone."""
_STALLED: Final = 0.5
"""Seconds without a state that is missing, and it is asked for."""
_PORTION: Final = 200
"""How many states are asked for at a time: a broker drops what is more than its queue."""
_PASSED_ON: Final = (LogChanged, HelpRequested, HelpCancelled)
"""Events that no state shows."""
_EXPIRY: Final = 30
"""Seconds after which a broker need not deliver a command any more. The worker refuses it earlier."""


class Shard:
    """What is known of one shard."""

    def __init__(self, name: str) -> None:
        """Nothing yet."""
        self.name = name
        self.worker: Worker | None = None
        self.manifest: Manifest | None = None
        self.pulse: Pulse | None = None
        self.heard = float("-inf")
        """When the newest pulse came, on the monotonic clock."""
        self.arrived = float("-inf")
        """When the newest state of a line that was missing came: many are before the next pulse, on one connection."""
        self.missing: set[str] = set()
        """Lines of the manifest without a state of the newest round."""
        self.progress = monotonic()
        """When one of them came, or it was asked for."""
        self.serving = False
        """Whether its lines are what the telephone system says now."""

    @property
    def epoch(self) -> int:
        """The newest of its workers'."""
        return 0 if self.worker is None else self.worker.epoch

    @property
    def alive(self) -> bool:
        """Whether its worker serves, and is heard."""
        worker, pulse = self.worker, self.pulse
        if worker is None or worker.status is not WorkerStatus.ONLINE:
            return False
        return pulse is not None and pulse.epoch == worker.epoch and not self.silent

    @property
    def silent(self) -> bool:
        """Whether no pulse has come for too long."""
        interval = 1.0 if self.pulse is None else self.pulse.interval
        return monotonic() - max(self.heard, self.arrived) > max(_SILENT * interval, 0.5)

    @property
    def complete(self) -> bool:
        """Whether every line has a state of the newest round."""
        manifest, worker = self.manifest, self.worker
        if manifest is None or worker is None or self.missing:
            return False
        return manifest.epoch == worker.epoch and manifest.since >= worker.since

    @property
    def why(self) -> str:
        """Why it does not serve."""
        worker = self.worker
        if worker is None:
            return f"No worker of shard {self.name} has shown itself."
        if worker.status is WorkerStatus.OFFLINE:
            return f"Shard {self.name} of the bridge is offline: {worker.reason or 'no reason was given.'}"
        if worker.status is WorkerStatus.STARTING:
            return f"Shard {self.name} of the bridge is starting."
        if not self.alive:
            return f"The worker of shard {self.name} of the bridge gives no sign of life."
        return f"{len(self.missing)} lines of shard {self.name} have not arrived yet."


class MqttLink:
    """One connection. See ``Link``."""

    quiet: float | None = None

    def __init__(
        self,
        address: Address,
        prefix: str,
        name: str,
        settings: ConnectionSettings,
        store: Store,
        statistics: WireStatistics,
        *,
        user: str | None = None,
    ) -> None:
        """Not open yet. ``user`` is whom the broker takes this client for."""
        self.info = SystemInfo()
        self.failure: PbxError | None = None
        self.features: frozenset[Feature] = frozenset()
        self.interval: float | None = None
        self.last_heard = monotonic()
        self.commands: Commands = cast("Commands", BridgeCommands(self._ask))
        self._settings = settings
        self._store = store
        self._statistics = statistics
        self._topics = Topics(prefix, name)
        self._name = name
        client = f"aiopbx-{secrets.token_hex(8)}"
        self._reply = self._topics.reply(user or address.username or "-", client)
        self._broker = Broker(address, client)
        self._broker.on_message = self._receive
        self._wanted = None if settings.lines == "all" else frozenset(settings.lines)
        self._by_number: dict[str, str] = {}
        self._shards: dict[str, Shard] = {}
        self._known: dict[str, tuple[int, int, str]] = {}
        """The epoch, the revision and the shard of the newest state of each line."""
        self._ended: dict[str, frozenset[str]] = {}
        self._available: dict[str, AvailableLine] = {}
        self._awaited: set[str] = set()
        """Lines that were asked for, and whose states have not come."""
        self._doubted: dict[str, float] = {}
        """Lines of which a state was missed, and since when."""
        self._answers: dict[str, asyncio.Future[Answer]] = {}
        self._syncing = False
        self._reading = asyncio.Lock()
        self._news = asyncio.Event()
        self._lost = asyncio.Event()
        self._reason = ""
        self._tasks: set[asyncio.Task[None]] = set()

    # ---------------------------------------------------------------------------------------------------- open and sync

    async def open(self) -> None:
        """Connect, and wait for a worker. After an error nothing is left behind."""
        topics = self._topics
        try:
            await self._broker.open()
            self._start(self._watch_broker(), "connection")
            await self._broker.subscribe(self._reply, qos=1)
            await self._broker.subscribe(topics.worker("+"), topics.manifest("+"), topics.pulse("+"), qos=STATE_QOS)
            try:
                async with asyncio.timeout(self._settings.sync_timeout):
                    while not any(shard.alive for shard in self._shards.values()):
                        await self._next_news()
            except TimeoutError:
                raise self._no_worker() from None
            self._describe()
        except BaseException:
            await self.close()
            raise

    def _no_worker(self) -> PbxError:
        if not self._shards:
            return ConnectionFailed(
                f"There is no telephone system {self._name} on this broker.",
                remedy=f"Check the address: its path is prefix and name. Does the bridge run, and may this "
                f"account read {self._topics.base}/#?",
                reason="no_system",
            )
        why = " ".join(shard.why for shard in self._shards.values() if not shard.alive)
        return ConnectionFailed(why, remedy="See the log of the bridge.", reason="bridge_away")

    def _describe(self) -> None:
        workers = [shard.worker for shard in self._shards.values() if shard.alive and shard.worker is not None]
        info = next((one.info for one in workers if one.info is not None), None) or SystemInfo()
        self.features = frozenset().union(*(one.features for one in workers))
        self.info = replace(info, url=self._settings.url, login=self._settings.username)

    async def sync(self) -> None:
        """Read every line, and wait until those of all shards that serve are there."""
        self._syncing = True
        kinds = [self._topics.event(None, kind.__name__).replace("/-/", "/+/") for kind in _PASSED_ON]
        await self._broker.subscribe(*kinds, qos=STATE_QOS)
        wanted = self._wanted
        if wanted is None:
            await self._broker.subscribe(self._topics.line("+").replace("%2B", "+"), qos=STATE_QOS)
        self._start(self._watch_shards(), "shards")
        limit = max(self._settings.sync_timeout, 1.0)
        before, since = -1, monotonic()
        while True:
            self._look()
            waiting = [shard for shard in self._shards.values() if shard.alive and not shard.complete]
            if not waiting and any(shard.alive for shard in self._shards.values()):
                break
            missing = sum(len(shard.missing) for shard in waiting)
            if missing != before:
                before, since = missing, monotonic()
            elif monotonic() - since > limit:
                raise ConnectionFailed(
                    " ".join(shard.why for shard in waiting) or "No worker of the bridge serves.",
                    remedy="May this account read them, and does the broker keep enough for it (max_queued_messages "
                    "1000000)? See the log of the bridge, too.",
                )
            await self._next_news(0.05)
        self._remove_gone()
        if wanted is not None:
            unknown = [one for one in sorted(wanted) if one not in self._store.lines and one not in self._by_number]
            if unknown:
                raise InvalidInput(
                    "lines",
                    f"the bridge publishes no line {', '.join(unknown[:5])}.",
                    remedy="Name lines by id or number.",
                )

    async def _next_news(self, seconds: float | None = None) -> None:
        self._news.clear()
        if self._lost.is_set():
            raise ConnectionFailed(self._reason)
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            if seconds is None:
                raise

    async def lost(self) -> str:
        """Wait until the connection is gone, and return why."""
        await self._lost.wait()
        return self._reason

    def lose(self, reason: str) -> None:
        """The connection is gone, or is of no use any more."""
        if not self._lost.is_set():
            self._reason = reason
            self._lost.set()
            self._news.set()
            for waiting in self._answers.values():
                if not waiting.done():
                    waiting.set_exception(
                        OutcomeUnknown(f"There was no answer before the connection was lost. {reason}")
                    )

    async def close(self) -> None:
        """Give everything back. Never raises."""
        self.lose("It was closed.")
        await self._broker.close()
        await settle(*self._tasks)

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work, name=f"mqtt-{name}")
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if isinstance(error, PbxError):
            self.lose(str(error))
        elif error is not None:
            _LOG.error("%s failed in a way that was not foreseen", task.get_name(), exc_info=error)
            self.lose(f"{task.get_name()} failed ({type(error).__name__}).")

    async def _watch_broker(self) -> None:
        await self._broker.lost.wait()
        self.lose(self._broker.reason)

    # ------------------------------------------------------------------------------------------------------- what comes

    def _receive(self, message: Message) -> None:
        self.last_heard = monotonic()
        parts = self._topics.parts(message.topic)
        kind = parts[0] if len(parts) > 1 else ""
        try:
            if kind == "line":
                if message.payload:
                    self._apply(_LINE(message.payload), parts[1])
                else:
                    self._line_gone(text_of(parts[1]))
            elif kind == "pulse":
                self._pulse(self._shard(parts[1]), _PULSE(message.payload))
            elif kind == "worker" and message.payload:
                self._worker(self._shard(parts[1]), _WORKER(message.payload))
            elif kind == "manifest" and message.payload:
                self._manifest(self._shard(parts[1]), _MANIFEST(message.payload))
            elif kind == "reply":
                self._answered(message)
            elif kind == "event":
                self._event(_EVENT(message.payload))
        except msgspec.MsgspecError as error:
            self._statistics.malformed_frames += 1
            _LOG.warning("What came on %s cannot be read: %s", message.topic[:200], error)

    def _shard(self, name: str) -> Shard:
        shard = self._shards.get(name)
        if shard is None:
            shard = self._shards[name] = Shard(name)
        return shard

    def _worker(self, shard: Shard, worker: Worker) -> None:
        if worker.epoch < shard.epoch:
            return  # the last will of one that was replaced
        if worker.epoch > shard.epoch:
            shard.pulse = None
        shard.worker = worker
        self._expect(shard)
        self._look()

    def _manifest(self, shard: Shard, manifest: Manifest) -> None:
        former = shard.manifest
        if former is not None and (manifest.epoch, manifest.since) < (former.epoch, former.since):
            return
        shard.manifest = manifest
        self._expect(shard)
        self._look()

    def _expect(self, shard: Shard) -> None:
        """Note which lines are missing of the newest round."""
        manifest, worker = shard.manifest, shard.worker
        if manifest is None or worker is None or manifest.epoch != worker.epoch:
            return
        known, epoch, since = self._known, manifest.epoch, max(manifest.since, worker.since)
        lines: Iterable[str] = manifest.lines
        wanted = self._wanted
        if wanted is not None:
            # A line may be wanted by its number, which only its state says: those are read one by one.
            named = [one for one in manifest.lines if one in wanted]
            lines = named if len(named) == len(wanted) else manifest.lines
        shard.missing = {
            line
            for line in lines
            if (state := known.get(line)) is None or state[0] < epoch or (state[0] == epoch and state[1] < since)
        }
        shard.progress = monotonic() - (_STALLED if wanted is not None else 0)
        self._news.set()

    def _pulse(self, shard: Shard, pulse: Pulse) -> None:
        if pulse.epoch < shard.epoch:
            return  # a worker that was frozen and replaced
        former, shard.pulse, shard.heard = shard.pulse, pulse, monotonic()
        self.interval = pulse.interval
        if self._syncing:
            known, changed, now = self._known, pulse.changed, monotonic()
            gap = former is not None and former.epoch == pulse.epoch and pulse.number != former.number + 1
            if gap or changed is None:
                _LOG.info("Something of shard %s may have been missed: its lines are read again", shard.name)
                if shard.manifest is not None and pulse.revision:
                    for line in shard.manifest.lines:
                        self._doubt(line, now)
            else:
                for line, revision in changed.items():
                    state = known.get(line)
                    if state is not None and state[0] == pulse.epoch and state[1] < revision:
                        self._doubt(line, now)
        self._look()

    def _doubt(self, line: str, now: float) -> None:
        if self._wanted is None or line in self._store.lines:
            self._doubted.setdefault(line, now)

    def _event(self, payload: EventPayload) -> None:
        kind = next((one for one in _PASSED_ON if one.__name__ == payload.kind), None)
        if kind is None or payload.line not in self._store.lines or not self._syncing:
            return
        self._statistics.events += 1
        event: Event = msgspec.convert(payload.event, kind, strict=False)
        self._store.publish(event)

    def _apply(self, state: LineState, level: str) -> None:
        line = state.line
        id_ = line.id
        known = self._known.get(id_)
        shard = self._shard(state.shard)
        if self._wanted is not None:
            self._available[id_] = AvailableLine(id=id_, number=line.number, name=line.name)
        if id_ in self._awaited:
            self._awaited.discard(id_)
            if not self._awaited:
                self._news.set()
        if not self._syncing or (known is not None and (state.epoch, state.revision) <= known[:2]):
            self._doubted.pop(id_, None)  # asked for, and there is nothing newer
            return
        if state.epoch < shard.epoch:
            return  # of a worker that is gone: the one that serves publishes its own
        self._known[id_] = (state.epoch, state.revision, state.shard)
        self._doubted.pop(id_, None)
        if id_ in shard.missing:
            shard.missing.discard(id_)
            shard.progress = shard.arrived = monotonic()
            if not shard.missing:
                self._news.set()
        if self._wanted is not None and id_ not in self._wanted:
            if line.number not in self._wanted:
                return
            self._by_number[line.number] = id_
        self._statistics.events += 1
        now = datetime.now(UTC)
        former = self._store.lines.get(id_)
        ended = self._ended.get(id_)
        self._ended[id_] = frozenset(call.id for call in state.ended) if state.ended else _NONE
        synced = line.synced and (shard.serving or state.epoch >= shard.epoch)
        if former is None:
            fresh = replace(line, calls=(), synced=synced)
            self._store.put(fresh, (LineAdded(at=now, line=id_, snapshot=fresh),))
            former, ended = fresh, None
        self._store.put(*reduce(former, state, ended, now, synced=synced))

    def _line_gone(self, line: str) -> None:
        """Its topic was emptied: the line is no more."""
        self._known.pop(line, None)
        self._remove(line)

    def _remove(self, id_: str) -> None:
        line = self._store.lines.pop(id_, None)
        self._ended.pop(id_, None)
        if line is None:
            return
        now = datetime.now(UTC)
        for call in line.calls:
            self._store.publish(CallEnded(at=now, line=id_, call=over(call, now)))
        self._store.publish(LineRemoved(at=now, line=id_))

    def _remove_gone(self) -> None:
        """Remove lines that no manifest lists, once every shard has said its own."""
        if any(shard.alive and not shard.complete for shard in self._shards.values()):
            return
        listed = {
            line for shard in self._shards.values() if shard.manifest is not None for line in shard.manifest.lines
        }
        for id_ in [one for one in self._store.lines if one not in listed]:
            self._remove(id_)

    # --------------------------------------------------------------------------------------------- shards, kept current

    def _look(self) -> None:
        """See which shards serve, and what that means for their lines."""
        for shard in self._shards.values():
            serving = shard.alive and shard.complete
            if serving is shard.serving:
                continue
            shard.serving = serving
            if serving:
                self._confirm(shard)
            elif self._syncing and not self._lost.is_set():
                _LOG.warning("%s", shard.why)
                self._mark_stale(shard)
        self._news.set()

    def _confirm(self, shard: Shard) -> None:
        lines = self._store.lines
        for id_ in () if shard.manifest is None else shard.manifest.lines:
            line = lines.get(id_)
            if line is not None and not line.synced:
                lines[id_] = replace(line, synced=True)
        if self._syncing:
            self._remove_gone()

    def _mark_stale(self, shard: Shard) -> None:
        lines = self._store.lines
        for id_, known in self._known.items():
            if known[2] == shard.name and id_ in lines:
                lines[id_] = stale(lines[id_])

    async def _watch_shards(self) -> None:
        """Ask for what is missing, notice workers that fall silent, and give up when none is left."""
        while not self._lost.is_set():
            await asyncio.sleep(0.1)
            self._look()
            now = monotonic()
            if not any(shard.alive for shard in self._shards.values()):
                self.lose(" ".join(shard.why for shard in self._shards.values()) or "The bridge is gone.")
                return
            wanted = [line for line, since in self._doubted.items() if now - since > _STALLED][:_PORTION]
            for shard in self._shards.values():
                if shard.alive and shard.missing and now - shard.progress >= _STALLED:
                    shard.progress = now
                    wanted += list(shard.missing)[: _PORTION - len(wanted)]
            if wanted:
                async with self._reading:
                    await self._read(wanted)

    async def _read(self, lines: list[str]) -> None:
        """Ask for the states of these lines, which are few enough for the queue of a broker, and wait for them."""
        topics = {line: self._topics.line(line) for line in lines}
        self._awaited = set(lines)
        await self._broker.subscribe(*topics.values(), qos=STATE_QOS)
        until = monotonic() + _STALLED
        while self._awaited and monotonic() < until:
            await self._next_news(_STALLED)
        # Where the wildcard goes on, a change would come twice; and of other lines it is not wanted.
        kept = frozenset() if self._wanted is None else self._wanted | set(self._by_number.values())
        if ended := [topic for line, topic in topics.items() if line not in kept]:
            await self._broker.unsubscribe(*ended)
        for shard in self._shards.values():
            shard.progress = min(shard.progress, monotonic() - _STALLED)

    # --------------------------------------------------------------------------------------------------------- commands

    async def _ask(self, line: LineSnapshot, method: str, call: CallSnapshot | None = None, **arguments: Any) -> Any:
        """Send a command, and return its result. Raises what the bridge answers, ``Offline``, ``OutcomeUnknown``."""
        known = self._known.get(line.id)
        shard = None if known is None else self._shards.get(known[2])
        if shard is None or not shard.alive:
            why = f"Line {line.id} is not served." if shard is None else shard.why
            raise Offline(f"{why} Nothing was sent.", remedy="It is being restored; try again later.")
        command = Command(
            id=secrets.token_hex(16),
            issued_at=datetime.now(UTC),
            line=line.id,
            method=method,
            call=None if call is None else call.id,
            arguments={name: value for name, value in arguments.items() if value is not None},
        )
        waiting = self._answers[command.id] = asyncio.get_running_loop().create_future()
        try:
            try:
                heard = await self._broker.publish(
                    self._topics.command(shard.name, line.id),
                    encode(command),
                    expiry=_EXPIRY,
                    response_topic=self._reply,
                    correlation=command.id.encode(),
                )
            except NotAllowed as error:
                raise NotAllowed(
                    f"{method}: this account may look at line {line.id}, and not control it.",
                    operation=method,
                    status=403,
                    remedy=error.remedy,
                ) from None
            if not heard:
                raise Offline(
                    f"{method}: no worker of the bridge listens. Nothing was carried out.", remedy="Try again later."
                )
            try:
                async with asyncio.timeout(self._settings.request_timeout):
                    answer = await waiting
            except TimeoutError:
                raise OutcomeUnknown(
                    f"{method}: the bridge has not answered within {self._settings.request_timeout:g} seconds.",
                    remedy="Watch the events.",
                ) from None
        finally:
            del self._answers[command.id]
            if waiting.done() and not waiting.cancelled():
                waiting.exception()  # noted, whoever waits
        if answer.error is not None:
            raise error_of(answer.error)
        return answer.result

    def _answered(self, message: Message) -> None:
        answer: Answer = _ANSWER(message.payload)
        # By what was sent along: an answer to someone else's question is none to ours.
        waiting = self._answers.get((message.correlation or b"").decode("ascii", "replace"))
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)

    async def available_lines(self) -> tuple[AvailableLine, ...]:
        """The lines of all manifests."""
        ids = [
            id_ for shard in self._shards.values() for id_ in (() if shard.manifest is None else shard.manifest.lines)
        ]
        if self._wanted is not None:
            # Number and name are in the states only: those that were never seen are read once.
            async with self._reading:
                unread = [one for one in ids if one not in self._available]
                for start in range(0, len(unread), _PORTION):
                    await self._read(unread[start : start + _PORTION])
        lines = self._store.lines
        return tuple(
            AvailableLine(id=id_, number=line.number, name=line.name)
            if (line := lines.get(id_)) is not None
            else self._available.get(id_, AvailableLine(id=id_))
            for id_ in ids
        )


_NONE: Final[frozenset[str]] = frozenset()
_LINE: Final[Any] = msgspec.json.Decoder(LineState).decode
_PULSE: Final[Any] = msgspec.json.Decoder(Pulse).decode
_WORKER: Final[Any] = msgspec.json.Decoder(Worker).decode
_MANIFEST: Final[Any] = msgspec.json.Decoder(Manifest).decode
_ANSWER: Final[Any] = msgspec.json.Decoder(Answer).decode
_EVENT: Final[Any] = msgspec.json.Decoder(EventPayload).decode
