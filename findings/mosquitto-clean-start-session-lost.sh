#!/usr/bin/env bash
# Mosquitto: a lasting session that began with Clean Start 1 does not outlive the broker's restart, one with 0 does.
#
# What meets: MQTT 5 sessions with a Session Expiry Interval, persistence, and a restart (an update) of the broker.
# Versions: mosquitto 2.0.11 (Debian 12), paho-mqtt 2.2.0, Python 3.11.
# One would guess: Clean Start only throws an older session away; how long the new one lasts is the expiry interval's
# business. So every client finds its session, the subscription and what was published meanwhile.
# What happens: the broker stores only sessions whose last CONNECT had Clean Start 0. After the restart the other
# client has no session and no subscription, and connecting "succeeds": it waits for messages for ever. paho's default
# at the first connect is Clean Start 1, and 0 at its reconnects, so that only a worker that never lost its line is
# deaf after an update of the broker.
# Seen (session present, messages after the restart): Clean Start 1 False, 0; Clean Start 1 and one reconnect before
# the restart True, 1; Clean Start 0 True, 1.
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

HOUR = 3600
store = ("persistence true", f"persistence_location {FOLDER}/store/")
(FOLDER / "store").mkdir()
# the broker changes to another user when root starts it
FOLDER.chmod(0o755)
(FOLDER / "store").chmod(0o777)


CASES = ("Clean Start 1", "Clean Start 1, came back once", "Clean Start 0")


def come_back(case):
    return Client(f"worker {case}", clean_start=False, session_expiry=HOUR)


seen = {}
broker = start_broker(*store)
try:
    for case in CASES:
        worker = Client(f"worker {case}", clean_start="1" in case.partition(",")[0], session_expiry=HOUR)
        worker.subscribe("command/#", qos=1)
        worker.close()
    worker = come_back(CASES[1])
    seen["session present before the restart"] = worker.session_present
    worker.close()
    time.sleep(0.5)
    broker.terminate()
    broker.wait(10)
    broker = start_broker(*store)
    publisher = Client("publisher")
    publisher.client.publish("command/dial", "5550100", 1).wait_for_publish(10)
    publisher.close()
    for case in CASES:
        worker = come_back(case)
        seen[case] = worker.session_present, len(worker.settle())
        worker.close()
finally:
    broker.terminate()
    broker.wait(10)
for name, value in seen.items():
    print(f"{name}: {value}")
raise SystemExit(list(seen.values()) != [True, (False, 0), (True, 1), (True, 1)])
PYTHON
