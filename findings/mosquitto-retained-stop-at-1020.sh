#!/usr/bin/env bash
# Mosquitto: a wildcard subscription at QoS 1 gets only the first 1,020 retained messages; at QoS 0 it gets all.
#
# What meets: a state kept in many retained topics (one for each line) and a subscriber that asks for the better
# quality.
# Versions: mosquitto 2.0.11 (Debian 12), paho-mqtt 2.2.0, Python 3.11.
# One would guess: QoS 1 is the safer one: at least once, so at least as much as QoS 0.
# What happens: the retained messages go through the subscriber's queue: 20 in flight (max_inflight_messages) and
# 1,000 waiting (max_queued_messages, the default). What does not fit is dropped. The subscription is granted, nothing
# is said, and the rest never comes. At QoS 0 nothing is queued, so all come.
# Seen (1,500 retained topics): QoS 0 1,500; QoS 1 1,020; still 1,020 after waiting.
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
  'paho-mqtt==2.2.0' || exit 3

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

broker = start_broker()
try:
    publisher = Client("publisher")
    for number in range(1500):
        last = publisher.client.publish(f"line/{number}", "idle", 1, retain=True)
    last.wait_for_publish(20)
    seen = {}
    for qos in (0, 1):
        subscriber = Client(f"subscriber-{qos}")
        subscriber.subscribe("line/#", qos=qos)
        seen[f"QoS {qos}"] = len(subscriber.settle(2.0))
        subscriber.close()
    publisher.close()
finally:
    broker.terminate()
    broker.wait(10)
print(seen)
raise SystemExit(seen != {"QoS 0": 1500, "QoS 1": 1020})
PYTHON
