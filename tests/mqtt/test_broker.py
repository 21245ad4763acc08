"""One connection to a real broker: what it refuses, loses and survives."""

import asyncio
import contextlib
import logging
import secrets
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from aiopbx import ConnectionFailed, InvalidInput, Offline, OutcomeUnknown
from aiopbx.mqtt.broker import Address, Broker
from aiopbx.mqtt.packets import Message
from tests.aiopbx.office import until
from tests.mqtt.mosquitto import Mosquitto

TOPIC = "pbx/v1/office/test"


@contextlib.asynccontextmanager
async def connected(broker: Mosquitto, name: str = "", **address: Any) -> AsyncIterator[tuple[Broker, list[Message]]]:
    """A connection that hears what it publishes."""
    one = Broker(Address(host="127.0.0.1", port=broker.port, timeout=30, **address), name or secrets.token_hex(8))
    heard: list[Message] = []
    one.on_message = heard.append
    await one.open()
    try:
        await one.subscribe(TOPIC, qos=0)
        yield one, heard
    finally:
        await one.close()


@contextlib.contextmanager
def running(folder: Path, *lines: str, name: str = "mosquitto") -> Any:
    broker = Mosquitto(folder / "broker", *lines, name=name).start()
    try:
        yield broker
    finally:
        broker.stop()


@pytest.mark.parametrize("name", ["mosquitto", "mosquitto-newest"])
async def test_what_is_too_large_is_refused_before_it_is_sent(tmp_path: Path, name: str) -> None:
    with running(tmp_path, "max_packet_size 3000", name=name) as broker:
        async with connected(broker) as (one, heard):
            assert one.limits.largest_packet == 3000
            with pytest.raises(InvalidInput, match="3000 bytes are more than the broker takes") as raised:
                await one.publish(TOPIC, b"x" * 3000)
            assert "max_packet_size" in str(raised.value.remedy)
            with pytest.raises(InvalidInput):
                one.send(TOPIC, b"x" * 3000)
            assert not one.lost.is_set()
            assert one.messages_sent == 0
            one.send(TOPIC, b"x" * 2800)
            assert await one.publish(TOPIC, b"y" * 2800)
            await until(lambda: [message.payload[:1] for message in heard] == [b"x", b"y"])


async def test_a_name_that_someone_else_takes_ends_the_connection(tmp_path: Path) -> None:
    with running(tmp_path) as broker:
        async with connected(broker, "the same") as (one, _), connected(broker, "the same") as (other, heard):
            await asyncio.wait_for(one.lost.wait(), 30)
            assert "The broker has ended the connection" in one.reason
            for use in (lambda: one.send(TOPIC, b"x"), one.require):
                with pytest.raises(Offline, match="has ended the connection"):
                    use()
            with pytest.raises(Offline):
                await one.publish(TOPIC, b"x")
            assert await other.publish(TOPIC, b"y")
            await until(lambda: heard)


async def test_a_broker_that_falls_silent_is_given_up(tmp_path: Path) -> None:
    """It is frozen: the connection stays open, and nothing comes. What was sent may have arrived or not."""
    with running(tmp_path) as broker:
        async with connected(broker, keep_alive=4) as (one, _):
            broker.signal(signal.SIGSTOP)
            try:
                with pytest.raises(OutcomeUnknown, match=r"said nothing for \d+ seconds"):
                    await one.publish(TOPIC, b"x")
                assert one.lost.is_set()
            finally:
                broker.signal(signal.SIGCONT)


async def test_a_quiet_connection_is_kept(tmp_path: Path) -> None:
    """No one publishes for longer than the broker waits for a sign of life: the client gives one, and the broker."""
    with running(tmp_path) as broker:
        async with connected(broker, keep_alive=6) as (one, heard):
            before = one.last_heard
            await until(lambda: one.last_heard > before + 2, 60)
            assert not one.lost.is_set()
            assert await one.publish(TOPIC, b"x")
            await until(lambda: heard)


async def test_a_callback_that_fails_costs_its_message_only(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    heard: list[bytes] = []

    def fail(message: Message) -> None:
        heard.append(message.payload)
        if message.payload == b"bad":
            raise ValueError("not today")

    with running(tmp_path) as broker, caplog.at_level(logging.ERROR):
        async with connected(broker) as (one, _):
            one.on_message = fail
            for payload in (b"good", b"bad", b"good"):
                one.send(TOPIC, payload)
            await until(lambda: len(heard) == 3)
            assert not one.lost.is_set()
    assert "A message on pbx/v1/office/test failed" in caplog.text


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"\x20\x03\x00\x00\x00" + b"\x20\x03\x00\x00\x00", "accepted twice"),
        (b"\x20\x03\x00\x00\x00" + b"\x10\x00", "there is no packet 0x10"),
        (b"\x20\x03\x00\x00\x00" + b"\x30\xff\xff\xff\xff\x01", "more than four bytes"),
        (b"\x20\x03\x00\x00\x00" + b"\xe0\x01\x8b", "reason 0x8B"),  # it is shutting down
        (b"\x20\x03\x00\x00\x00" + b"\xe0\x00", "reason 0x00"),
    ],
)
async def test_what_ends_a_connection_is_said(said: bytes, words: str) -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(said)
        await reader.read()
        writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    async with server:
        one = Broker(Address(host="127.0.0.1", port=server.sockets[0].getsockname()[1], timeout=30), "x")
        try:
            with contextlib.suppress(ConnectionFailed):
                await one.open()
            await asyncio.wait_for(one.lost.wait(), 30)
            assert words in one.reason
        finally:
            await one.close()


async def test_a_refusal_names_its_reason() -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"\x20\x03\x00\x97\x00")  # the quota is exceeded
        await reader.read()
        writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    async with server:
        one = Broker(Address(host="127.0.0.1", port=server.sockets[0].getsockname()[1], timeout=30), "x")
        with pytest.raises(ConnectionFailed, match="refuses the connection \\(reason 0x97\\)"):
            await one.open()
