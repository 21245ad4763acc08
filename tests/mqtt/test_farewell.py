"""How a connection to a broker ends."""

import asyncio
from pathlib import Path

from aiopbx.mqtt.broker import Address, Broker, Will
from aiopbx.mqtt.packets import Message
from tests.mqtt.mosquitto import Mosquitto

WILL = "test/will"


async def test_a_farewell_is_heard_while_the_broker_still_has_much_to_say(tmp_path: Path) -> None:
    """Closed over what had come meanwhile, the connection would be reset: the broker took that for a death."""
    broker = Mosquitto(tmp_path / "broker", "max_queued_messages 0").start()
    address = Address(host="127.0.0.1", port=broker.port)
    wills: list[Message] = []
    try:
        watching = Broker(address, "watching")
        watching.on_message = wills.append
        await watching.open()
        await watching.subscribe(WILL, qos=1)
        for number in range(20):
            leaving = Broker(address, f"leaving-{number}", will=Will(topic=WILL, payload=b"gone"))
            await leaving.open()
            await leaving.subscribe("test/noise", qos=1)
            for _ in range(200):
                watching.send("test/noise", bytes(500))
            await asyncio.sleep(0)
            # What is published now comes back to itself.
            await leaving.publish("test/noise", b"the last word")
            await leaving.close()
        await watching.publish(WILL, b"end")
        async with asyncio.timeout(30):
            while not wills or wills[-1].payload != b"end":
                await asyncio.sleep(0.01)
        assert [will.payload for will in wills] == [b"end"]
        await watching.close()
    finally:
        broker.stop()
