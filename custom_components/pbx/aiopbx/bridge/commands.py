"""The desk where a worker takes commands: each is checked, carried out once at most, and answered."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from time import time
from typing import Any, Final

import msgspec

from ..errors import Conflict, InvalidInput, Offline, PbxError, RequestRefused
from ..loops import settle
from ..mqtt.broker import Broker
from ..mqtt.errors import payload_of
from ..mqtt.packets import Message
from ..mqtt.topics import Answer, Command, Topics, encode, text_of
from ..pbx import Pbx
from .methods import run
from .settings import BridgeSettings

_LOG = logging.getLogger(__name__)
_LARGEST: Final = 64 * 1024
"""Bytes of a command at most."""
_SHORTEST_ID: Final = 16
SILENT: Final = 4
"""So many pulses that do not come, and a worker is taken for frozen."""
_DECODE: Final[Any] = msgspec.json.Decoder(Command).decode


class Desk:
    """Takes commands for one epoch."""

    def __init__(
        self,
        broker: Broker,
        topics: Topics,
        settings: BridgeSettings,
        pbx: Pbx,
        shard: str,
        epoch: int,
        *,
        clock: Callable[[], float] = time,
    ) -> None:
        """Carry commands out with this client."""
        self.done = self.refused = 0
        self._broker = broker
        self._topics = topics
        self._settings = settings
        self._pbx = pbx
        self._shard = shard
        self._epoch = epoch
        self._clock = clock
        self._opened = clock()
        self._seen: OrderedDict[str, float] = OrderedDict()
        """The ids of commands, with the time until when they might come again."""
        self._running: set[asyncio.Task[None]] = set()
        self._draining = self._replaced = False
        self._pulsed = asyncio.get_running_loop().time()

    @property
    def running(self) -> int:
        """How many commands are being carried out."""
        return len(self._running)

    def pulsed(self) -> None:
        """Note that the worker has given a sign of life."""
        self._pulsed = asyncio.get_running_loop().time()

    def take(self, message: Message, parts: list[str]) -> None:
        """Take a command that has come; its topic in parts."""
        reply = message.response_topic
        if reply is not None and not reply.startswith(self._topics.replies):
            # An answer goes out with the rights of the bridge: never to where its sender might not publish.
            _LOG.warning("A command names the response topic %r, which is none: it was passed over", reply[:200])
            self.refused += 1
            return
        command: Command | None = None
        try:
            command = self._read(message, parts)
            self._check(command)
        except PbxError as error:
            self.refused += 1
            _LOG.info("A command on %s was refused: %s", message.topic[:200], error)
            self._start(self._reply(message, "" if command is None else command.id, error=error))
            return
        self._start(self._carry_out(message, command))

    def _read(self, message: Message, parts: list[str]) -> Command:
        if message.retain:
            raise InvalidInput("retain", "a command is not retained.", remedy="Publish it without the flag.")
        if len(message.payload) > _LARGEST:
            raise InvalidInput("payload", f"is larger than {_LARGEST} bytes.", remedy="Send a command.")
        try:
            command: Command = _DECODE(message.payload)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            raise InvalidInput("payload", f"is no command: {error}.", remedy="See docs/mqtt-topics.md.") from None
        if len(parts) != 3 or text_of(parts[2]) != command.line:
            # What a broker's access list allows is said by topics, so the topic decides.
            raise InvalidInput("line", "is another than that of the topic.", remedy="Publish to the line's own topic.")
        if not _SHORTEST_ID <= len(command.id) <= 128:
            raise InvalidInput("id", "has not 16 to 128 characters.", remedy="Use a UUID for each command.")
        if command.issued_at.tzinfo is None:
            raise InvalidInput("issued_at", "has no time zone.", remedy="Write UTC, with a Z at the end.")
        return command

    def _check(self, command: Command) -> None:
        now, longest = self._clock(), self._settings.command_max_age
        age = now - command.issued_at.timestamp()
        if age > longest:
            raise _stale(f"was issued {age:.1f} seconds ago, and after {longest:g} it is not carried out any more.")
        if age < -longest:
            raise _stale(f"was issued {-age:.1f} seconds from now.")
        if command.issued_at.timestamp() < self._opened - 1.0:
            # An earlier worker may have carried it out, and its answer may be lost.
            raise _stale("was issued before this worker began to serve, and may have been carried out.")
        while self._seen and next(iter(self._seen.values())) < now:
            self._seen.popitem(last=False)
        if command.id in self._seen:
            raise Conflict(
                f"Command {command.id} has come before; it is carried out once.",
                operation=command.method,
                status=409,
                remedy="Give each command an id of its own.",
            )
        self._seen[command.id] = now + 2 * longest
        if self._draining:
            raise Offline("This worker is being stopped; nothing was carried out.", remedy="Try again.")
        silent = asyncio.get_running_loop().time() - self._pulsed
        if silent > SILENT * max(self._settings.pulse_interval, 0.5):
            # It was frozen. Whoever has sent this was told so, and may have asked another worker since.
            raise Offline(
                f"This worker gave no sign of life for {silent:.1f} seconds; nothing was carried out.",
                remedy="Try again.",
            )
        if len(self._running) >= self._settings.commands_at_once:
            raise RequestRefused(
                f"{len(self._running)} commands are being carried out already.",
                operation=command.method,
                status=429,
                transient=True,
                remedy="Try again later.",
            )

    async def _carry_out(self, message: Message, command: Command) -> None:
        result: Any = None
        failed: PbxError | None = None
        try:
            result = await self._run(command)
        except PbxError as error:
            failed = error
        except Exception as error:
            _LOG.exception("%s failed in a way that was not foreseen", command.method)
            failed = PbxError(f"The bridge failed ({type(error).__name__}).", remedy="See its log.")
        self.done += failed is None
        self.refused += failed is not None
        await self._reply(message, command.id, result=result, error=failed)

    async def _run(self, command: Command) -> Any:
        if self._replaced:
            raise Offline("Another worker serves this line now; nothing was carried out.", remedy="Try again.")
        return await run(self._pbx.line(command.line), command)

    async def _reply(self, message: Message, id_: str, *, result: Any = None, error: PbxError | None = None) -> None:
        if message.response_topic is None:
            return
        answer = Answer(
            id=id_,
            epoch=self._epoch,
            at=datetime.now(UTC),
            result=result,
            error=None if error is None else payload_of(error),
        )
        try:
            await self._broker.publish(
                message.response_topic, encode(answer), correlation=message.correlation, expiry=60
            )
        except PbxError as lost:
            _LOG.warning("The answer to a command could not be given: %s", lost)

    def _start(self, work: Any) -> None:
        task = asyncio.create_task(work, name="bridge-command")
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def drain(self, seconds: float) -> None:
        """Begin no more, and wait for those that run."""
        self._draining = True
        if self._running:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await asyncio.gather(*self._running, return_exceptions=True)

    def close(self, *, replaced: bool = False) -> None:
        """Begin no more. What runs is finished by itself, and cannot be answered."""
        self._draining = True
        self._replaced = self._replaced or replaced

    async def end(self) -> None:
        """Cancel what runs."""
        await settle(*self._running)


def _stale(why: str) -> InvalidInput:
    return InvalidInput("issued_at", why, remedy="Issue it again; compare the clocks where that happens often.")
