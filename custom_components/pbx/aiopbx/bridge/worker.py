"""A worker: one telephone system (or a shard of its lines) on one broker, for as long as it is wanted.

    look who serves the shard ──> stand by while someone does
            │
            └──> epoch ──> publish all lines ──> manifest ──> ONLINE ──> states, pulses, commands ──> lost: again

An epoch is one connection to the broker. It is larger than any before, so that what an earlier worker, or a broker that
has forgotten something, says of the past is recognised as old. With each epoch, and whenever the telephone system comes
back, everything is published anew: nothing has to be remembered.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from time import time
from typing import Any, Final

import msgspec

from ..connect import connect
from ..errors import AuthenticationFailed, CertificateFailed, ConnectionFailed, InvalidInput, NotAllowed, PbxError
from ..events import Event, StatusChanged
from ..loops import settle
from ..model import Status
from ..mqtt import topics as contract
from ..mqtt.broker import Address, Broker, BrokerUnfit, Will
from ..mqtt.packets import Message
from ..mqtt.topics import Manifest, Pulse, Topics, WorkerStatus, encode, shard_name, shard_of
from ..pbx import Pbx
from .commands import SILENT, Desk
from .publisher import Publisher
from .settings import BridgeSettings

_LOG = logging.getLogger(__name__)

_LOOK: Final = 0.3
"""Seconds for what stands on the broker to arrive."""
_LISTED: Final = 2000
"""The most lines that a pulse lists."""


_NOT_MENDED: Final = (InvalidInput, NotAllowed, AuthenticationFailed, CertificateFailed, BrokerUnfit)
"""Errors that time does not mend."""


class Replaced(Exception):
    """Another worker serves the shard now."""


class Worker:
    """Serves one system of the settings. ``run`` it, and ``stop`` it."""

    def __init__(self, settings: BridgeSettings, name: str, *, clock: Callable[[], float] = time) -> None:
        """Serve this system; ``clock`` gives the seconds since 1970."""
        self.settings = settings
        self.name = name
        self.topics = Topics(settings.prefix, name)
        index, count = settings.part
        self.shard = shard_name(index, count)
        self.identity = secrets.token_hex(8)
        self.state = "starting"
        """What it does: starting, standby, serving, waiting (without telephone system) or stopped; for health."""
        self.why: str | None = None
        """What keeps it from serving."""
        self.epochs = 0
        self.pbx: Pbx | None = None
        self.publisher: Publisher | None = None
        self.desk: Desk | None = None
        self.epoch = 0
        self._clock = clock
        self._served = False
        """Whether it has served once."""
        self._known = contract.Worker(epoch=0, status=WorkerStatus.OFFLINE, worker="", shard=self.shard)
        self._left: set[str] = set()
        """Topics of calls and lines that earlier workers have left."""
        self._stopping = asyncio.Event()
        self._changed = asyncio.Event()
        """Something happened that asks for another round: the system came or went, or lines did."""
        self._replaced = asyncio.Event()
        self._restore = asyncio.Event()
        """Someone of an older epoch has published over what is there."""

    # ----------------------------------------------------------------------------------------------------- run and stop

    async def run(self) -> None:
        """Serve until ``stop``. Raises ``InvalidInput``, ``AuthenticationFailed`` and what no time will mend."""
        pause = 0.2
        try:
            while not self._stopping.is_set():
                try:
                    await self._serve()
                    pause = 0.2
                except Replaced:
                    _LOG.error("%s: another worker serves shard %s now; this one stands by", self.name, self.shard)
                except _NOT_MENDED as error:
                    # Once it has served, someone is at work on the broker: that is waited for.
                    if not self._served:
                        raise
                    self._note(error)
                except (PbxError, OSError) as error:
                    self._note(error)
                if not self._stopping.is_set():
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._stopping.wait(), pause)
                    pause = min(pause * 2, 10.0)
        finally:
            self.state = "stopped"
            if self.pbx is not None:
                await self.pbx.close()

    def stop(self) -> None:
        """End it: commands that run are finished, new ones are refused."""
        self._stopping.set()
        self._changed.set()

    def _note(self, error: Exception) -> None:
        self.why = str(error)
        self.state = "waiting"
        _LOG.warning("%s, shard %s: %s", self.name, self.shard, error)

    async def _connect(self) -> Pbx:
        """Connect to the telephone system, with the lines of this shard, once."""
        if self.pbx is not None:
            return self.pbx
        settings = self.settings.systems[self.name]
        index, count = self.settings.part
        if count > 1:
            lines = settings.lines
            if lines == "all":
                async with connect(settings, lines=()) as pbx:
                    lines = tuple(one.id for one in await pbx.available_lines())
            chosen = tuple(line for line in lines if shard_of(line, count) == index)
            self.pbx = await connect(settings, lines=chosen)
        else:
            self.pbx = await connect(settings)
        self.pbx.subscribe(self._on_status, kind=StatusChanged)
        return self.pbx

    def _on_status(self, event: Event) -> None:
        self._changed.set()

    # ------------------------------------------------------------------------------------------------------------ serve

    async def _serve(self) -> None:
        address = await self.settings.broker.load()
        await self._wait_for_turn(address)
        if self._stopping.is_set():
            return
        pbx = await self._connect()
        # Not the wall clock alone: it may have been set back since the last worker.
        self.epoch = epoch = max(self._known.epoch + 1, int(self._clock() * 1000))
        gone = contract.Worker(
            epoch=epoch,
            status=WorkerStatus.OFFLINE,
            worker=self.identity,
            shard=self.shard,
            reason="The worker is gone.",
        )
        broker = Broker(
            address,
            f"bridge-{self.name}-{self.shard}-{self.identity}",
            will=Will(topic=self.topics.worker(self.shard), payload=encode(gone)),
        )
        publisher = Publisher(broker, self.topics, self.settings, pbx, self.shard, epoch)
        desk = Desk(broker, self.topics, self.settings, pbx, self.shard, epoch, clock=self._clock)
        broker.on_message = lambda message: self._receive(message, desk)
        pulsing: asyncio.Task[None] | None = None
        self._replaced.clear()
        self._restore.clear()
        await broker.open()
        self.epochs += 1
        stop: Callable[[], None] = _nothing
        try:
            await publisher.check_rights()
            await broker.subscribe(self.topics.worker(self.shard), qos=1)
            await self._say(broker, WorkerStatus.STARTING)
            stop = pbx.subscribe(publisher.on_event)
            self.publisher, self.desk = publisher, desk
            pulsing = asyncio.create_task(self._pulse(broker, publisher, desk), name="bridge-pulse")
            await self._rounds(broker, publisher, desk, pbx)
            await desk.drain(self.settings.drain_timeout)
            await self._say(broker, WorkerStatus.OFFLINE, reason="The worker was stopped.")
        finally:
            stop()
            await settle(pulsing)
            desk.close()
            await broker.close()

    async def _rounds(self, broker: Broker, publisher: Publisher, desk: Desk, pbx: Pbx) -> None:
        """Publish everything, then what changes, until it is stopped; anew when the telephone system was away."""
        listening = False
        since: int | None = None
        while not self._stopping.is_set():
            self._changed.clear()
            self._restore.clear()
            if _online(pbx):
                if since is None:
                    await self._say(broker, WorkerStatus.STARTING)
                since = await publisher.publish_all(self._left)
                if not _online(pbx):
                    since = None
                    continue
                publisher.lines_changed.clear()
                await self._list(broker, publisher, since)
                if not listening:
                    await broker.subscribe(self.topics.commands(self.shard, self.epoch), qos=1, retained=False)
                    listening = True
                await self._say(broker, WorkerStatus.ONLINE, since=since)
                self.state, self.why, self._served = "serving", None, True
                _LOG.info(
                    "%s: serving %s lines of shard %s, epoch %s", self.name, publisher.lines, self.shard, self.epoch
                )
            else:
                since = None
                self.state, self.why = "waiting", str(pbx.error or f"The telephone system is {pbx.status}.")
                await self._say(broker, WorkerStatus.OFFLINE, reason=self.why)
            await self._until_asked(broker, publisher, since)
            if self._replaced.is_set():
                raise Replaced
            if broker.lost.is_set():
                raise ConnectionFailed(broker.reason)

    async def _until_asked(self, broker: Broker, publisher: Publisher, since: int | None) -> None:
        """Wait until something asks for another round. Lines that come and go ask for another manifest only."""
        events = (self._changed, self._replaced, self._restore, broker.lost, publisher.lines_changed)
        while True:
            waiting = [asyncio.ensure_future(one.wait()) for one in events]
            try:
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            finally:
                await settle(*waiting)
            if any(one.is_set() for one in events[:-1]):
                break
            publisher.lines_changed.clear()
            if since is not None:
                await self._list(broker, publisher, since)
        if self._restore.is_set():
            await asyncio.sleep(_LOOK)  # whoever has published over it may not be through

    async def _list(self, broker: Broker, publisher: Publisher, since: int) -> None:
        manifest = Manifest(epoch=self.epoch, since=since, lines=publisher.line_ids)
        await broker.publish(self.topics.manifest(self.shard), encode(manifest), retain=True)

    async def _say(self, broker: Broker, status: WorkerStatus, *, reason: str | None = None, since: int = 0) -> None:
        pbx = self.pbx
        said = contract.Worker(
            epoch=self.epoch,
            status=status,
            worker=self.identity,
            shard=self.shard,
            reason=reason,
            at=datetime.now(UTC),
            since=since,
            info=None if pbx is None else msgspec.structs.replace(pbx.info, login="", url="", sites=()),
            features=frozenset() if pbx is None else pbx.features & contract.CARRIED,
            version=_version(),
        )
        self._known = said
        await broker.publish(self.topics.worker(self.shard), encode(said), retain=True)

    async def _pulse(self, broker: Broker, publisher: Publisher, desk: Desk) -> None:
        """Give signs of life, also while everything is published."""
        number = 0
        while not broker.lost.is_set():
            number += 1
            changed: dict[str, int] | None = publisher.take_changed()
            if changed is not None and len(changed) > _LISTED:
                changed = None
            pulse = Pulse(
                epoch=self.epoch,
                number=number,
                interval=self.settings.pulse_interval,
                revision=publisher.revision,
                lines=publisher.lines,
                changed=changed,
            )
            with suppress(PbxError):
                broker.send(self.topics.pulse(self.shard), encode(pulse))
            desk.pulsed()
            await asyncio.sleep(self.settings.pulse_interval)

    def _receive(self, message: Message, desk: Desk) -> None:
        parts = self.topics.parts(message.topic)
        if parts[:1] == ["command"]:
            desk.take(message, parts)
        elif parts[:1] == ["worker"] and message.payload:
            try:
                other = _DECODE_WORKER(message.payload)
            except msgspec.MsgspecError:
                self._restore.set()
                return
            if other.worker == self.identity and other.epoch == self.epoch:
                return
            if other.epoch > self.epoch:
                self._known = other
                desk.close(replaced=True)
                self._replaced.set()
            elif not message.retain:
                # The last will of a predecessor, or one that was frozen: what it has published over is put right.
                _LOG.warning(
                    "%s: an older worker of shard %s has shown itself; all is published again", self.name, self.shard
                )
                self._restore.set()

    # ------------------------------------------------------------------------------------------------- whose turn it is

    async def _wait_for_turn(self, address: Address) -> None:
        """Read what stands there of earlier workers, and stand by while another one serves this shard."""
        broker = Broker(address, f"bridge-look-{self.identity}")
        loop = asyncio.get_running_loop()
        heard = 0.0
        interval = 1.0
        manifest: Manifest | None = None
        calls: set[str] = set()
        news = asyncio.Event()

        def receive(message: Message) -> None:
            nonlocal heard, interval, manifest
            kind = (self.topics.parts(message.topic) or [""])[0]
            try:
                if kind == "worker" and message.payload:
                    self._known = _DECODE_WORKER(message.payload)
                elif kind == "pulse":
                    pulse = _DECODE_PULSE(message.payload)
                    if pulse.epoch >= self._known.epoch:
                        heard, interval = loop.time(), pulse.interval
                elif kind == "manifest" and message.payload:
                    manifest = _DECODE_MANIFEST(message.payload)
                elif kind == "call" and message.payload and message.retain:
                    calls.add(message.topic)
            except msgspec.MsgspecError:
                _LOG.warning("What stands on %s cannot be read; it is replaced", message.topic)
            news.set()

        broker.on_message = receive
        await broker.open()
        try:
            # Here, where there is no will: without retained messages a broker refuses the one of the worker.
            check_limits(broker)
            topics, shard = self.topics, self.shard
            await broker.subscribe(topics.worker(shard), topics.pulse(shard), topics.manifest(shard), qos=0)
            await broker.subscribe(f"{topics.base}/call/#", qos=0)
            await asyncio.sleep(_LOOK)
            known = self._known
            if known.status is not WorkerStatus.OFFLINE and known.worker != self.identity:
                # It may be the memory of a broker that was killed: the other one is there only if it is heard.
                heard = loop.time() if heard == 0.0 else heard
                while loop.time() - heard < SILENT * interval and self._known.status is not WorkerStatus.OFFLINE:
                    if self.state != "standby" and loop.time() - heard < interval and broker.messages_received > 1:
                        self._stand_by()
                    if self._stopping.is_set() or broker.lost.is_set():
                        break
                    news.clear()
                    with suppress(TimeoutError):
                        await asyncio.wait_for(news.wait(), interval / 4)
            self._left = calls
            if self._served and manifest is None and not broker.lost.is_set():
                _LOG.warning(
                    "%s: the broker has forgotten what was retained, and consumers have no lines until all is published"
                    " again. Let it keep its data: Mosquitto's persistence true, and a short autosave_interval",
                    self.name,
                )
            if manifest is not None:
                self._left |= {self.topics.line(line) for line in manifest.lines}
                self._left |= {self.topics.routing(line) for line in manifest.lines}
        finally:
            await broker.close()

    def _stand_by(self) -> None:
        self.state = "standby"
        self.why = f"Worker {self._known.worker} serves shard {self.shard} already."
        _LOG.error("%s: %s This one stands by; give each worker a shard of its own.", self.name, self.why)


def check_limits(broker: Broker) -> None:
    """Say what the broker lacks. Raises ``ConnectionFailed`` for what a bridge cannot do without."""
    limits = broker.limits
    lacking = [
        name
        for name, there in (
            ("retained messages", limits.retain),
            ("wildcard subscriptions", limits.wildcards),
            ("shared subscriptions", limits.shared),
            ("QoS 1", limits.largest_qos >= 1),
        )
        if not there
    ]
    if lacking:
        raise BrokerUnfit(
            f"{broker.address.url} has no {', '.join(lacking)}.", remedy="Switch them on in the broker's configuration."
        )
    if limits.largest_packet is not None and limits.largest_packet < 262_144:
        _LOG.warning(
            "The broker takes %s bytes in one message, which is little for a list of lines: raise max_packet_size",
            limits.largest_packet,
        )


def _online(pbx: Pbx) -> bool:
    return pbx.status is Status.ONLINE


def _version() -> str:
    from .. import __version__

    return __version__


def _nothing() -> None:
    """Take the place of what ends a subscription."""


_DECODE_WORKER: Final[Any] = msgspec.json.Decoder(contract.Worker).decode
_DECODE_PULSE: Final[Any] = msgspec.json.Decoder(Pulse).decode
_DECODE_MANIFEST: Final[Any] = msgspec.json.Decoder(Manifest).decode
