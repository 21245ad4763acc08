#!/usr/bin/env bash
# Mosquitto 2.0.11: without a limit for queues, a publish that the access list refuses ends the connection at the next.
#
# What meets: max_queued_messages 0 ("no limit", for consumers of many retained topics) and an access list, with a
# client that publishes at QoS 1 something it may, after something it may not.
# Versions: mosquitto 2.0.11 (Debian 12), paho-mqtt 2.2.0, Python 3.11.
# One would guess: the refused publish is answered with reason 0x87 and that is all; a limit of queues has nothing to do
# with publishing.
# What happens: the first is answered with 0x87, and the next one, which is allowed, ends the connection, unanswered.
# With any other number there, however large, both are answered.
# Seen: with 0 only the first answer (0x87) and the connection lost; with 1000000 0x87, 0x10, and it stays.
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


def publish_two(*lines):
    """Return the reasons of two acknowledgements, and whether the connection was lost."""
    broker = start_broker(*lines)
    reasons, lost, connected = [], threading.Event(), threading.Event()
    answered = threading.Semaphore(0)
    client = mqtt.Client(
        mqtt.CallbackAPIVersion.VERSION2, "someone", protocol=mqtt.MQTTv5, reconnect_on_failure=False
    )
    client.on_connect = lambda *details: connected.set()
    client.on_disconnect = lambda *details: (lost.set(), answered.release())

    def on_publish(client, data, number, reason, properties):
        reasons.append(reason.value)
        answered.release()

    client.on_publish = on_publish
    try:
        client.connect("127.0.0.1", PORT)
        client.loop_start()
        connected.wait(10)
        for topic in ("forbidden/x", "allowed/x"):
            client.publish(topic, "x", 1)
            answered.acquire(timeout=10)
        return reasons, lost.is_set()
    finally:
        client.disconnect()
        client.loop_stop()
        broker.terminate()
        broker.wait(10)


FOLDER.chmod(0o755)  # started by root, it reads this as another user
rights = FOLDER / "rights"
rights.write_text("topic write allowed/#\n")
rights.chmod(0o644)
seen = {}
for limit in ("0", "1000000"):
    seen[limit] = publish_two(f"acl_file {rights}", f"max_queued_messages {limit}")
print(seen)
# 16: no one has subscribed, which is no refusal
raise SystemExit(seen != {"0": ([0x87], True), "1000000": ([0x87, 16], False)})
PYTHON
