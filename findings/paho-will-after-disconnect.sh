#!/usr/bin/env bash
# paho-mqtt 2.2.0 with Mosquitto 2.0.11: after a clean disconnect() the last will is published all the same.
#
# What meets: a client with a will that is also subscribed to what it publishes (or to any busy topic), which says
# farewell with disconnect(); and a broker that is still sending to it.
# Versions: mosquitto 2.0.11 (Debian 12), paho-mqtt 2.2.0, Python 3.11.
# One would guess: the DISCONNECT is sent, so the broker drops the will, whatever is on its way to the client.
# What happens: the client closes its socket as soon as the DISCONNECT is written. Messages that it has not read are
# thrown away with it, so the connection is reset, and the broker notices that before it reads the farewell. Consumers of
# the will are told that the client has died. A client that writes the same DISCONNECT and reads on until the broker
# closes has no will published.
# Seen: of 60 farewells each, wills after 13 to 15 of disconnect(), after none of the patient client.
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

FOLDER = Path(sys.argv[1])
ROUNDS = 60
# out of time: leave through "finally", which ends the server
signal.signal(signal.SIGTERM, lambda *details: sys.exit("out of time"))

with socket.create_server(("127.0.0.1", 0)) as listener:
    PORT = listener.getsockname()[1]


def start_broker():
    configuration = FOLDER / "mosquitto.conf"
    configuration.write_text(f"listener {PORT} 127.0.0.1\nallow_anonymous true\n")
    FOLDER.chmod(0o755)  # started by root, it reads this as another user
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


def new_client(name):
    connected = threading.Event()
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, name, protocol=mqtt.MQTTv5, reconnect_on_failure=False)
    client.on_connect = lambda *details: connected.set()
    return client, connected


def connect(client, connected):
    client.connect("127.0.0.1", PORT)
    client.loop_start()
    if not connected.wait(10):
        raise SystemExit("no connection")


def leave(name, patient):
    """One that publishes what it also listens to, and says farewell."""
    client, connected = new_client(name)
    client.will_set("will", name, qos=1)
    subscribed, ended = threading.Event(), threading.Event()
    client.on_subscribe = lambda *details: subscribed.set()
    client.on_disconnect = lambda *details: ended.set()
    client.on_message = lambda *details: time.sleep(0.002)  # as one that does something with a message
    connect(client, connected)
    client.subscribe("noise", 0)
    subscribed.wait(10)
    for _ in range(300):
        last = client.publish("noise", bytes(500), 0)
    last.wait_for_publish(10)  # all are written; some come back by now
    if patient:
        client.socket().sendall(bytes([0xE0, 0]))  # DISCONNECT, and the loop reads on until the broker closes
        ended.wait(10)
    client.disconnect()
    client.loop_stop()


broker = start_broker()
try:
    watching, connected = new_client("watching")
    wills, end = [], threading.Event()

    def on_message(client, data, message):
        if message.payload == b"end":
            end.set()
        else:
            wills.append(message.payload.decode())

    subscribed = threading.Event()
    watching.on_message = on_message
    watching.on_subscribe = lambda *details: subscribed.set()
    connect(watching, connected)
    watching.subscribe("will", 1)
    subscribed.wait(10)
    for number in range(ROUNDS):
        leave(f"disconnect-{number}", patient=False)
        leave(f"patient-{number}", patient=True)
    watching.publish("will", "end", 1)
    end.wait(10)
    watching.disconnect()
    watching.loop_stop()
finally:
    broker.terminate()
    broker.wait(10)
kinds = [name.partition("-")[0] for name in wills]
seen = {kind: kinds.count(kind) for kind in ("disconnect", "patient")}
print(f"wills published of {ROUNDS} each: {seen}")
raise SystemExit(not (seen["disconnect"] > 0 and seen["patient"] == 0))
PYTHON
