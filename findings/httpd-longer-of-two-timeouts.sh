#!/usr/bin/env bash
# Apache httpd's ProxyTimeout ends a quiet answer, and is ignored for a quiet WebSocket if Timeout is longer.
#
# What meets: a stream of events and a WebSocket behind the same ProxyPass (upgrade=websocket), both quiet.
# Versions: Apache httpd 2.4.68 (Debian 12).
# One would guess: ProxyTimeout is how long httpd waits for the server behind it, whatever comes from there; Timeout is
# for the client, who is asked for nothing while a WebSocket is quiet.
# What happens: for an answer that is so. A WebSocket is cut after the longer of the two: a ProxyTimeout of 1 s changes
# nothing beside a Timeout of 4 s (in Debian's files it is 300 s), so that quiet sockets are neither cut nor noticed as
# early as the setting says; and a Timeout of 1 s does not cut what ProxyTimeout keeps for 4 s.
# Seen (seconds until the end): Timeout 4, ProxyTimeout 1: answer 1, WebSocket 4; Timeout 1, ProxyTimeout 4: answer 4,
# WebSocket 4; Timeout 1, ProxyTimeout 1: 1 and 1.
#
# Needs python3 (3.11 or later) and, for the package, Debian 12 (apt-get, dpkg; no root). Exit code: 0
# while this is so, 1 when it has changed, 3 when the packages cannot be had.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# The package and what it needs that is not here, unpacked where nothing of the system is touched
mkdir "$folder/packages"
cd "$folder/packages"
package='apache2-bin=2.4.68-*'
needed=$(apt-get --simulate --no-install-recommends install "$package" | awk '/^Inst/ { print $2 }') || exit 3
# shellcheck disable=SC2086 # several names
apt-get download --quiet --quiet "$package" $needed 2>apt-messages || { cat apt-messages >&2; exit 3; }
for file in ./*.deb; do dpkg --extract "$file" "$folder/root"; done
cd "$folder"
libraries=$(find "$folder/root" -name '*.so*' -printf '%h\n' | sort -u | paste -sd :)

LIBRARIES=$libraries timeout 90 python3 - "$folder" <<'PYTHON' || exit 1
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

FOLDER = Path(sys.argv[1])
# out of time: leave through "finally", which ends the proxy
signal.signal(signal.SIGTERM, lambda *details: sys.exit("out of time"))
CASES = ((4, 1), (1, 4), (1, 1))
"""Timeout and ProxyTimeout."""
UPGRADE = b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
KEY = b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def answer(connection):
    """Begin an answer or a WebSocket, and say nothing more."""
    with connection:
        if b"upgrade: websocket" in connection.recv(65536).lower():
            connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\n" + UPGRADE + b"Sec-WebSocket-Accept: any\r\n\r\n")
        else:
            connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{}\n\r\n")
        time.sleep(20)


def accept(listener):
    while True:
        threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()


def ends_after(port, more):
    with socket.create_connection(("127.0.0.1", port), timeout=15) as connection:
        connection.sendall(b"GET /events HTTP/1.1\r\nHost: pbx.example.com\r\n" + more + b"\r\n")
        connection.recv(65536)
        began = time.monotonic()
        while connection.recv(65536):
            pass
        return time.monotonic() - began


server = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=accept, args=(server,), daemon=True).start()
ports = [free_port() for _ in CASES]
modules = FOLDER / "root/usr/lib/apache2/modules"
load = "".join(
    f"LoadModule {name}_module {modules}/mod_{name}.so\n" for name in ("mpm_event", "authz_core", "proxy", "proxy_http")
)
hosts = "".join(
    f"""Listen 127.0.0.1:{port}
<VirtualHost *:{port}>
Timeout {client}
ProxyTimeout {proxy}
ProxyPass / http://127.0.0.1:{server.getsockname()[1]}/ upgrade=websocket
</VirtualHost>
"""
    for port, (client, proxy) in zip(ports, CASES, strict=True)
)
(FOLDER / "httpd.conf").write_text(f"""
ServerName localhost
ServerRoot {FOLDER}
PidFile {FOLDER}/httpd.pid
DefaultRuntimeDir {FOLDER}
ErrorLog {FOLDER}/error.log
User #65534
Group #65534
{load}
{hosts}
""")
httpd = subprocess.Popen(
    [FOLDER / "root/usr/sbin/apache2", "-X", "-f", FOLDER / "httpd.conf"],
    env=os.environ | {"LD_LIBRARY_PATH": os.environ["LIBRARIES"]},
    stderr=subprocess.DEVNULL,
)
try:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", ports[-1])).close()
            break
        except OSError:
            time.sleep(0.1)
    seen = [(ends_after(port, b""), ends_after(port, UPGRADE + KEY)) for port in ports]
finally:
    httpd.terminate()
    httpd.wait()
for (client, proxy), (stream, socket_) in zip(CASES, seen, strict=True):
    print(f"Timeout {client}, ProxyTimeout {proxy}: answer {stream:.1f} s, WebSocket {socket_:.1f} s")
rounded = [tuple(4 if seconds > 2.5 else 1 for seconds in pair) for pair in seen]
raise SystemExit(rounded != [(1, 4), (4, 4), (1, 1)])
PYTHON
