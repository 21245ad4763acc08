#!/usr/bin/env bash
# A command that the broker refuses is "published" for paho and aiomqtt; the reason is in a callback that nobody needs
# to have.
#
# What meets: MQTT 5's negative acknowledgement (PUBACK 0x87, not authorized), an access list, and the two Python
# clients.
# Versions: mosquitto 2.0.11 (Debian 12), paho-mqtt 2.2.0, aiomqtt 2.5.1, Python 3.11.
# One would guess: wait_for_publish raises or is_published() says False; "await client.publish()" raises, as reason
# codes above 0x80 are errors.
# What happens: both say that all is well: is_published() is True, rc is 0, aiomqtt returns None. Only paho's
# on_publish callback is handed the reason "Not authorized" - in MQTT 5; with 3.1.1, which is aiomqtt's default, the
# broker says "Success" itself.
# Seen: paho 5: published True, rc 0, on_publish "Not authorized"; paho 3.1.1: True, 0, "Success"; aiomqtt 5 and
# 3.1.1: None, no error.
#
# Needs python3 (3.11 or later) with venv and pip and, for the package, Debian 12 (apt-get, dpkg; no root). Exit code:
# 0 while this is so, 1 when it has changed, 3 when the packages cannot be had.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# The package and what it needs that is not here, unpacked where nothing of the system is touched
mkdir "$folder/packages"
cd "$folder/packages"
package='mosquitto=2.0.11-*'
needed=$(apt-get --simulate --no-install-recommends install "$package" | awk '/^Inst/ { print $2 }') || exit 3
# shellcheck disable=SC2086 # several names
apt-get download --quiet --quiet "$package" $needed 2>apt-messages || { cat apt-messages >&2; exit 3; }
for file in ./*.deb; do dpkg --extract "$file" "$folder/root"; done
cd "$folder"
libraries=$(find "$folder/root" -name '*.so*' -printf '%h\n' | sort -u | paste -sd :)

python3 -m venv --without-pip "$folder/venv"
python3 -m pip --python "$folder/venv/bin/python" install --quiet --no-compile --disable-pip-version-check \
  'paho-mqtt==2.2.0' 'aiomqtt==2.5.1' || exit 3

LIBRARIES=$libraries timeout 60 "$folder/venv/bin/python" - "$folder" <<'PYTHON' || exit 1
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

FOLDER = Path(sys.argv[1])
# out of time: leave through "finally", which ends the server
signal.signal(signal.SIGTERM, lambda *details: sys.exit("out of time"))


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


PORT = free_port()


def start_broker(*lines):
    configuration = FOLDER / "mosquitto.conf"
    configuration.write_text("\n".join([f"listener {PORT} 127.0.0.1", "allow_anonymous true", *lines, ""]))
    broker = subprocess.Popen(
        [FOLDER / "root/usr/sbin/mosquitto", "-c", configuration],
        env=os.environ | {"LD_LIBRARY_PATH": os.environ["LIBRARIES"]},
        stderr=subprocess.DEVNULL,
    )
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", PORT)).close()
        except OSError:
            time.sleep(0.1)
        else:
            return broker
    raise SystemExit("the broker does not listen")


class Client:
    """An MQTT 5 client that keeps what it gets."""

    def __init__(self, name, clean_start=True, session_expiry=0):
        self.messages = []
        self.session_present = None
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, name, protocol=mqtt.MQTTv5)
        self.client.on_message = lambda client, data, message: self.messages.append(message)
        connected = threading.Event()

        def on_connect(client, data, flags, reason, properties):
            self.session_present = flags.session_present
            connected.set()

        self.client.on_connect = on_connect
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = session_expiry
        self.client.connect("127.0.0.1", PORT, clean_start=clean_start, properties=properties)
        self.client.loop_start()
        connected.wait(10)

    def subscribe(self, topic, **options):
        done = threading.Event()
        self.client.on_subscribe = lambda *details: done.set()
        self.client.subscribe(topic, options=SubscribeOptions(**options))
        done.wait(10)

    def settle(self, seconds=1.0):
        """Return the messages, once none has come for the given time."""
        while True:
            before = len(self.messages)
            time.sleep(seconds)
            if len(self.messages) == before:
                return self.messages

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()

import asyncio

import aiomqtt


def with_paho(protocol):
    reasons = []
    connected, answered = threading.Event(), threading.Event()
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, "publisher", protocol=protocol)
    client.on_connect = lambda *details: connected.set()

    def on_publish(client, data, number, reason, properties):
        reasons.append(str(reason))
        answered.set()

    client.on_publish = on_publish
    client.connect("127.0.0.1", PORT)
    client.loop_start()
    connected.wait(10)
    sent = client.publish("command", "dial", 1)
    sent.wait_for_publish(10)
    answered.wait(10)
    client.disconnect()
    client.loop_stop()
    return sent.is_published(), int(sent.rc), reasons


async def with_aiomqtt(protocol):
    async with aiomqtt.Client("127.0.0.1", PORT, protocol=protocol) as client:
        try:
            return await client.publish("command", "dial", 1)
        except aiomqtt.MqttError as error:
            return repr(error)


rights = FOLDER / "rights"
rights.write_text("topic read #\n")
# the broker changes to another user when root starts it
FOLDER.chmod(0o755)
broker = start_broker(f"acl_file {rights}")
try:
    seen = {
        "paho, MQTT 5": with_paho(mqtt.MQTTv5),
        "paho, MQTT 3.1.1": with_paho(mqtt.MQTTv311),
        "aiomqtt, MQTT 5": asyncio.run(with_aiomqtt(aiomqtt.ProtocolVersion.V5)),
        "aiomqtt, MQTT 3.1.1": asyncio.run(with_aiomqtt(aiomqtt.ProtocolVersion.V311)),
    }
finally:
    broker.terminate()
    broker.wait(10)
for name, value in seen.items():
    print(f"{name}: {value}")
raise SystemExit(list(seen.values()) != [(True, 0, ["Not authorized"]), (True, 0, ["Success"]), None, None])
PYTHON
