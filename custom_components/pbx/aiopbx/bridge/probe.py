"""What a broker does not say of itself, found out before the workers begin: how much its queues hold."""

import asyncio
import logging
import secrets
from contextlib import suppress
from typing import Final

from ..errors import RequestRefused
from ..mqtt.broker import Address, Broker
from ..mqtt.packets import Message
from .settings import BridgeSettings

_LOG = logging.getLogger(__name__)

PLENTY: Final = 1500
"""Messages that should wait for a consumer: more than the thousand that brokers keep unless they are set otherwise."""


async def advise(settings: BridgeSettings) -> None:
    """Log what the broker could do better for a bridge, and how. Raises what ``Broker.open`` does."""
    address = await settings.broker.load()
    kept = await queue_of(address, f"{settings.prefix}/v1/{next(iter(settings.systems))}/probe")
    if kept is not None and kept < PLENTY:
        _LOG.warning(
            "The broker drops what is more than %s messages for a consumer, without a word: one that starts gets more"
            " lines than that in portions only. Let its queues hold more: Mosquitto's max_queued_messages 1000000",
            kept,
        )


async def queue_of(address: Address, topic: str) -> int | None:
    """How many of ``PLENTY`` messages a broker keeps for someone who does not take them; None where it says no.

    The messages go to the one who sends them, and are a few bytes each.
    """
    identity = secrets.token_hex(8)
    own = f"{topic}/{identity}"
    broker = Broker(address, f"bridge-probe-{identity}")
    kept = 0
    through = asyncio.Event()

    def count(message: Message) -> None:
        nonlocal kept
        if message.payload:
            through.set()
        else:
            kept += 1

    broker.on_message = count
    await broker.open()
    try:
        if broker.limits.in_flight < 100:
            _LOG.info(
                "The broker takes %s messages at a time: Mosquitto's max_inflight_messages 1000 lets answers flow"
                " faster",
                broker.limits.in_flight,
            )
        try:
            await broker.subscribe(own, qos=1)
        except RequestRefused:
            return None
        broker.held = []
        # A refusal says that the queue is full; older brokers drop, and say nothing.
        await asyncio.gather(*(broker.publish(own, b"") for _ in range(PLENTY)), return_exceptions=True)
        broker.acknowledge_held()
        while not through.is_set():
            # It comes behind what has waited, or is dropped, too, while that has not gone out.
            with suppress(RequestRefused):
                await broker.publish(own, b"through")
            with suppress(TimeoutError):
                await asyncio.wait_for(through.wait(), 0.1)
        return kept
    finally:
        await broker.close()
