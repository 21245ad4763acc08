"""One connection to an MQTT 5 broker, in an event loop.

A refused publish is an error, a payload over the broker's limit is refused before it is sent, and a connection that is
lost is not restored: whoever uses it makes the next one, so that no state of an old session lives on unseen.
"""

import asyncio
import logging
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from ..errors import (
    AuthenticationFailed,
    CertificateFailed,
    ConnectionFailed,
    InvalidInput,
    NotAllowed,
    Offline,
    OutcomeUnknown,
    PbxError,
    RequestRefused,
)
from ..loops import settle
from . import packets
from .packets import Malformed, Message

_LOG = logging.getLogger(__name__)


class BrokerUnfit(ConnectionFailed):
    """The broker answers, and lacks what a bridge cannot do without: no time will mend that."""

    transient = False


NO_SUBSCRIBER: Final = 0x10
"""The reason of an acknowledgement that says that no one heard."""
_REFUSED: Final = 0x80
"""Reasons from here on are refusals."""
_NOT_AUTHORIZED: Final = 0x87
_LOGIN_REFUSED: Final = frozenset({0x86, 0x87, 0x8C})
"""Bad user name or password, not authorized, bad authentication method."""
_OTHER_VERSION: Final = frozenset({0x01, 0x84})
_OVERHEAD: Final = 32
"""Bytes of a publish beside its topics and its payload, at most."""
_BUFFERED: Final = 1024 * 1024
"""Bytes that may wait to be sent before ``writing`` says so."""
_AT_ONCE: Final = 500
"""How many topics are subscribed to with one packet."""


@dataclass(frozen=True, kw_only=True)
class Will:
    """What the broker publishes, retained, when this connection is gone without a farewell."""

    topic: str
    payload: bytes


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where a broker is, and who asks. The password is in no text."""

    host: str
    port: int
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    keep_alive: int = 15
    """Seconds; a broker takes a client for gone after half as long again."""
    timeout: float = 10.0

    @property
    def url(self) -> str:
        """The address without who asks."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.tls is not None else 'mqtt'}://{host}:{self.port}"


@dataclass(frozen=True)
class Limits:
    """What the broker said of itself when it accepted the connection."""

    largest_packet: int | None = None
    in_flight: int = 65535
    largest_qos: int = 2
    retain: bool = True
    wildcards: bool = True
    shared: bool = True


class Broker(asyncio.Protocol):
    """A connection: opened once, used until it is lost or closed."""

    def __init__(self, address: Address, client_id: str, *, will: Will | None = None) -> None:
        """Not open yet. Two connections must not have the same id: a broker ends the older one."""
        self.address = address
        self.limits = Limits()
        self.on_message: Callable[[Message], None] = _ignore
        """Called with everything that comes, in the loop, in order. It must not block."""
        self.on_writable: Callable[[], None] = _nothing
        """Called when ``writing`` has ended."""
        self.lost = asyncio.Event()
        self.reason = ""
        """Why it is lost."""
        self.bytes_sent = self.messages_sent = self.messages_received = 0
        self.held: list[int] | None = None
        """Messages with QoS 1 that are not acknowledged yet, in order; None acknowledges each when it comes."""
        self._loop = asyncio.get_running_loop()
        self.last_heard = self._last_sent = self._loop.time()
        self._client_id = client_id
        self._will = will
        self._accepted: asyncio.Future[None] = self._loop.create_future()
        self._waiting: dict[int, asyncio.Future[Sequence[int]]] = {}
        self._turns = asyncio.Semaphore(1)
        self._number = 0
        self._reader = packets.Reader()
        self._out: list[bytes] = []
        self._paused = False
        self._free = asyncio.Event()
        self._free.set()
        self._transport: asyncio.Transport | None = None
        self._keeper: asyncio.Task[None] | None = None

    # ------------------------------------------------------------------------------------------------ open and close

    async def open(self) -> None:
        """Connect. Raises ``ConnectionFailed``, ``CertificateFailed`` or ``AuthenticationFailed``."""
        address = self.address
        try:
            async with asyncio.timeout(address.timeout):
                await self._loop.create_connection(lambda: self, address.host, address.port, ssl=address.tls)
                self._write(
                    packets.connect(
                        self._client_id,
                        keep_alive=address.keep_alive,
                        username=address.username,
                        password=address.password,
                        will=None if self._will is None else (self._will.topic, self._will.payload),
                    )
                )
                await asyncio.shield(self._accepted)
            self._keeper = asyncio.create_task(self._keep_alive(), name="mqtt-keep-alive")
        except BaseException as error:
            await self.close()
            found = _explained(error, address)
            if found is None:
                raise
            raise found from None

    async def close(self) -> None:
        """Say farewell, so that no will is published, and close. Never raises."""
        transport = self._transport
        if self._keeper is not None:
            self._keeper.cancel()
        if transport is not None and not self.lost.is_set():
            # Nothing may follow the farewell, not even an acknowledgement.
            self.on_message, self.held = _ignore, []
            self._write(packets.disconnect())
            self._flush()
            # It is the broker that ends the connection then. Ended from here, over what comes meanwhile, it would be
            # reset, and the broker take that for a death before it has read the farewell.
            try:
                async with asyncio.timeout(1.0):
                    await self.lost.wait()
            except TimeoutError:
                pass
            finally:
                transport.abort()
        self._lose("It was closed.")
        await settle(self._keeper)

    def abandon(self) -> None:
        """Drop it without a farewell, so that the broker publishes the will."""
        if self._transport is not None:
            self._transport.abort()
        self._lose("It was abandoned.")

    def require(self) -> None:
        """Raise ``Offline`` if it is lost."""
        if self.lost.is_set() or self._transport is None:
            raise Offline(f"There is no connection to {self.address.url}. {self.reason}".rstrip())

    # ------------------------------------------------------------------------------------------------------ publishing

    @property
    def writing(self) -> bool:
        """Whether so much waits to be sent that more should wait, too."""
        return self._paused

    async def drained(self) -> None:
        """Wait until ``writing`` has ended, or the connection is lost."""
        await self._free.wait()

    def check_size(self, topic: str, payload: bytes, field: str = "payload") -> None:
        """Raise ``InvalidInput`` for what is larger than the broker takes."""
        largest = self.limits.largest_packet
        if largest is not None and len(payload) + 3 * len(topic) + _OVERHEAD > largest:
            raise InvalidInput(
                field,
                f"{len(payload)} bytes are more than the broker takes in one message ({largest}).",
                remedy="Raise its limit (Mosquitto: max_packet_size), or send less.",
            )

    def send(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish with QoS 0, without waiting. Raises ``Offline`` and ``InvalidInput``."""
        if self._transport is None or self.lost.is_set():
            self.require()
        if self.limits.largest_packet is not None:
            self.check_size(topic, payload)
        size = len(payload)
        self.messages_sent += 1
        self.bytes_sent += size
        out = self._out
        if not out:
            self._loop.call_soon(self._flush)
        # In two pieces, so that the payload is copied once, when all of a turn is put together.
        out += (packets.published(topic, size, retain), payload)
        if len(out) >= _AT_ONCE:
            self._flush()

    async def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        retain: bool = False,
        expiry: int | None = None,
        response_topic: str | None = None,
        correlation: bytes | None = None,
    ) -> bool:
        """Publish with QoS 1, and return whether anyone heard (or it was retained), once the broker has it.

        Raises ``NotAllowed`` where the broker's access list forbids it, ``RequestRefused`` for another refusal,
        ``InvalidInput`` for what is too large, ``Offline``, and ``OutcomeUnknown`` where it was not acknowledged.
        """
        self.require()
        self.check_size(topic, payload + (response_topic or "").encode())
        # More at once than the broker has said would be a protocol error.
        async with self._turns:
            self.require()
            self.messages_sent += 1
            self.bytes_sent += len(payload)
            number = self._next_number()
            self._write(
                packets.publish(
                    topic.encode(),
                    payload,
                    retain=retain,
                    number=number,
                    expiry=expiry,
                    response_topic=response_topic,
                    correlation=correlation,
                )
            )
            unknown = OutcomeUnknown(
                f"{self.address.url} has not acknowledged a message.", remedy="Is the broker overloaded?"
            )
            (reason,) = await self._answer(number, unknown)
        if reason >= _REFUSED:
            raise _refusal(topic, reason)
        return reason != NO_SUBSCRIBER

    # ------------------------------------------------------------------------------------------------------ subscribing

    async def subscribe(self, *topics: str, qos: int, retained: bool = True) -> None:
        """Receive these; ``retained`` also what stands there already, once more if it was received before.

        Raises ``NotAllowed`` or ``RequestRefused`` where the broker refuses one, ``ConnectionFailed``, ``Offline``.
        """
        for start in range(0, len(topics), _AT_ONCE):
            some = topics[start : start + _AT_ONCE]
            self.require()
            number = self._next_number()
            self._write(packets.subscribe(number, some, qos=qos, retained=retained))
            failed = ConnectionFailed(f"{self.address.url} has not answered a subscription.")
            for topic, reason in zip(some, await self._answer(number, failed), strict=False):
                if reason >= _REFUSED:
                    raise _refusal(topic, reason)

    async def unsubscribe(self, *topics: str) -> None:
        """Receive these no longer. Raises ``ConnectionFailed``, ``Offline``."""
        self.require()
        number = self._next_number()
        self._write(packets.unsubscribe(number, topics))
        await self._answer(number, ConnectionFailed(f"{self.address.url} has not answered."))

    def acknowledge_held(self) -> None:
        """Acknowledge what was held back, and from now on each message when it comes."""
        held, self.held = self.held, None
        for number in held or ():
            self._write(packets.puback(number))

    def _next_number(self) -> int:
        while True:
            self._number = self._number % 65535 + 1
            if self._number not in self._waiting:
                return self._number

    async def _answer(self, number: int, late: PbxError) -> Sequence[int]:
        waiting: asyncio.Future[Sequence[int]] = self._loop.create_future()
        self._waiting[number] = waiting
        try:
            async with asyncio.timeout(self.address.timeout):
                return await waiting
        except TimeoutError:
            raise late from None
        except ConnectionFailed as lost:
            if isinstance(late, OutcomeUnknown):
                raise OutcomeUnknown(lost.message, remedy="Watch the events.") from None
            raise
        finally:
            del self._waiting[number]

    # ---------------------------------------------------------------------------------------------------- the transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        transport.set_write_buffer_limits(high=_BUFFERED)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Take packets out, and hand them on."""
        self.last_heard = self._loop.time()
        try:
            for kind, body in self._reader.feed(data):
                self._receive(kind, body)
        except (Malformed, IndexError, UnicodeError) as error:
            self._end(f"The broker has sent what is not MQTT 5: {error}.")

    def connection_lost(self, error: Exception | None) -> None:
        """Note that it is gone."""
        # Since TLS 1.3 a broker asks for a certificate when the handshake is over on this side.
        wanted = isinstance(error, ssl.SSLError) and "CERTIFICATE" in (error.reason or "")
        self._lose(
            f"The connection has ended ({error})." if error else "The broker has ended the connection.",
            "broker_certificate" if wanted else "",
        )

    def pause_writing(self) -> None:
        """Much waits to be sent."""
        self._paused = True
        self._free.clear()

    def resume_writing(self) -> None:
        """It has been sent."""
        self._paused = False
        self._free.set()
        self.on_writable()

    def _write(self, packet: bytes) -> None:
        # What is sent in one turn of the loop goes in one piece.
        if not self._out:
            self._loop.call_soon(self._flush)
        self._out.append(packet)
        if len(self._out) >= _AT_ONCE:
            self._flush()

    def _flush(self) -> None:
        out, self._out = self._out, []
        if out and self._transport is not None and not self._transport.is_closing():
            self._last_sent = self._loop.time()
            self._transport.write(b"".join(out))

    def _receive(self, kind: int, body: memoryview) -> None:
        what = kind & 0xF0
        if what == packets.PUBLISH:
            message, number = packets.message(kind, body)
            self.messages_received += 1
            try:
                self.on_message(message)
            except Exception:
                _LOG.exception("A message on %s failed in a way that was not foreseen", message.topic)
            if number is None:
                pass
            elif self.held is not None:
                self.held.append(number)
            else:
                self._write(packets.puback(number))
        elif what == packets.PUBACK:
            number, reason = packets.acknowledged(body)
            self._answered(number, [reason])
        elif what in (packets.SUBACK, packets.UNSUBACK):
            self._answered(*packets.granted(body))
        elif what == packets.CONNACK:
            self._welcome(body)
        elif what == packets.DISCONNECT:
            self._end(f"The broker has ended the connection (reason 0x{body[0] if body else 0:02X}).")
        elif what != packets.PINGRESP:
            raise Malformed(f"there is no packet 0x{kind:02X}")

    def _answered(self, number: int, reasons: list[int]) -> None:
        waiting = self._waiting.get(number)
        if waiting is not None and not waiting.done():
            waiting.set_result(reasons)

    def _welcome(self, body: memoryview) -> None:
        if self._accepted.done():
            raise Malformed("the connection was accepted twice")
        # A broker of an older version answers with two bytes, and so does none of this one.
        reason, said = packets.connack(body) if len(body) > 2 else (0x84, {})
        if reason:
            self._accepted.set_exception(self._not_accepted(reason))
            return
        self.limits = Limits(
            largest_packet=said.get(packets.MAXIMUM_PACKET_SIZE),
            in_flight=said.get(packets.RECEIVE_MAXIMUM, 65535),
            largest_qos=said.get(packets.MAXIMUM_QOS, 2),
            retain=bool(said.get(packets.RETAIN_AVAILABLE, 1)),
            wildcards=bool(said.get(packets.WILDCARDS_AVAILABLE, 1)),
            shared=bool(said.get(packets.SHARED_AVAILABLE, 1)),
        )
        self._turns = asyncio.Semaphore(self.limits.in_flight)
        self._pause = said.get(packets.KEEP_ALIVE, self.address.keep_alive) or 3600
        self._accepted.set_result(None)

    def _not_accepted(self, reason: int) -> PbxError:
        url = self.address.url
        if reason in _LOGIN_REFUSED:
            return AuthenticationFailed(
                f"{url} refuses the login (reason 0x{reason:02X}).",
                remedy="Check user name and password, or the client certificate, and the broker's list of users.",
            )
        if reason in _OTHER_VERSION:
            return BrokerUnfit(
                f"{url} does not speak MQTT 5.",
                remedy="Use a broker that does, such as Mosquitto 2 or EMQX 5.",
                reason="broker_version",
            )
        return ConnectionFailed(
            f"{url} refuses the connection (reason 0x{reason:02X}).", remedy="See the log of the broker."
        )

    async def _keep_alive(self) -> None:
        """Ask for a sign of life when there was none, and give a connection up that gives none."""
        pause = self._pause
        while not self.lost.is_set():
            await asyncio.sleep(pause / 4)
            now = self._loop.time()
            if now - self.last_heard > 1.5 * pause:
                self._end(f"The broker has said nothing for {now - self.last_heard:.0f} seconds.")
            elif now - min(self.last_heard, self._last_sent) >= pause / 2:
                self._write(packets.PINGREQ)

    def _end(self, reason: str) -> None:
        self._lose(reason)
        if self._transport is not None:
            self._transport.abort()

    def _lose(self, reason: str, word: str = "") -> None:
        if self.lost.is_set():
            return
        self.reason = reason
        self.lost.set()
        self._free.set()
        failed = ConnectionFailed(f"The connection to {self.address.url} was lost. {reason}")
        if not self._accepted.done():
            self._accepted.set_exception(
                ConnectionFailed(
                    f"{self.address.url} has ended the connection. {reason}",
                    remedy="Does a broker of MQTT 5 listen on that port, and does it ask for TLS or a certificate?",
                    reason=word,
                )
            )
            self._accepted.exception()  # no one may wait for it any more
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(failed)


def _explained(error: BaseException, address: Address) -> PbxError | None:
    """What went wrong when connecting, in our words; None where it needs none."""
    url = address.url
    if isinstance(error, ssl.SSLCertVerificationError):
        failed = CertificateFailed(
            f"The certificate of {url} does not verify ({error.verify_message}).",
            remedy="Give ca_file with the authority that has signed it.",
        )
        failed.where = url
        return failed
    if isinstance(error, ssl.SSLError):
        return ConnectionFailed(
            f"{url} does not speak TLS as expected ({error.reason or 'the handshake failed'}).",
            remedy="Is the port that of TLS, and does the broker ask for a client certificate?",
        )
    if isinstance(error, TimeoutError):
        return ConnectionFailed(
            f"{url} has not answered within {address.timeout:g} seconds.",
            remedy="Check the address, and that a broker of MQTT 5 listens there.",
        )
    if isinstance(error, OSError):
        return ConnectionFailed(
            f"{url} cannot be reached ({error.strerror or error}).",
            remedy="Check address and port, and that the broker runs.",
        )
    return None


def _refusal(topic: str, reason: int) -> RequestRefused:
    if reason == _NOT_AUTHORIZED:
        return NotAllowed(
            f"The broker's access list does not allow {topic}.",
            operation=topic,
            status=403,
            code=reason,
            remedy="Ask whoever runs the broker for this right.",
        )
    return RequestRefused(
        f"The broker refuses {topic} (reason 0x{reason:02X}).",
        operation=topic,
        status=400,
        code=reason,
        remedy="See the log of the broker.",
    )


def _ignore(message: Message) -> None:
    """Take what no one listens to."""


def _nothing() -> None:
    """Take the place of a callback."""
