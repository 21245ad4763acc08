#!/usr/bin/env bash
# A server dies in the middle of an answer, and nginx hands its client a complete one.
#
# What meets: a stream of events (or a download without a length) behind nginx, and a server whose process is killed.
# Versions: nginx 1.22.1 (Debian 12), Python 3.11's http.client.
# One would guess: an answer that breaks off reaches the client broken, as a chunked answer without its last chunk does
# without a proxy: http.client raises IncompleteRead, so a client can tell an end from a loss.
# What happens: proxy_pass speaks HTTP/1.0 to the server unless told otherwise. There the end of the connection is the
# end of the answer, and the kernel ends the connections of a killed process as properly as any other. nginx adds the
# last chunk, and what the client gets is complete: nothing says that the server died. Only a reset is passed on as a
# break. With proxy_http_version 1.1 the client gets the error.
# Seen (after three of six lines the connection is closed, or reset): HTTP/1.0 "whole, 3 lines" and IncompleteRead,
# HTTP/1.1 and without nginx IncompleteRead.
#
# Needs python3 (3.11 or later) and, for the package, Debian 12 (apt-get, dpkg; no root). Exit code: 0
# while this is so, 1 when it has changed, 3 when the packages cannot be had.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# The package and what it needs that is not here, unpacked where nothing of the system is touched
mkdir "$folder/packages"
cd "$folder/packages"
package='nginx=1.22.1-*'
needed=$(apt-get --simulate --no-install-recommends install "$package" | awk '/^Inst/ { print $2 }') || exit 3
# shellcheck disable=SC2086 # several names
apt-get download --quiet --quiet "$package" $needed 2>apt-messages || { cat apt-messages >&2; exit 3; }
for file in ./*.deb; do dpkg --extract "$file" "$folder/root"; done
cd "$folder"
libraries=$(find "$folder/root" -name '*.so*' -printf '%h\n' | sort -u | paste -sd :)

LIBRARIES=$libraries timeout 60 python3 - "$folder" <<'PYTHON' || exit 1
import http.client
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

FOLDER = Path(sys.argv[1])
# out of time: leave through "finally", which ends the proxy
signal.signal(signal.SIGTERM, lambda *details: sys.exit("out of time"))


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def answer(connection):
    """Send three lines of six, and be gone as if the process had been killed."""
    request = connection.recv(65536).decode()
    chunked = " HTTP/1.1\r\n" in request
    framing = "Transfer-Encoding: chunked\r\n" if chunked else ""
    connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{framing}\r\n".encode())
    for _ in range(3):
        line = b'{"event": 1}\n'
        connection.sendall(b"%x\r\n%s\r\n" % (len(line), line) if chunked else line)
        time.sleep(0.05)
    if "/reset" in request:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def accept(listener):
    while True:
        threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()


def ask(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    try:
        body = connection.getresponse().read()
    except (http.client.IncompleteRead, ConnectionError) as error:
        return type(error).__name__
    return f"whole, {len(body.splitlines())} lines"


server = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=accept, args=(server,), daemon=True).start()
front = free_port()
upstream = f"proxy_pass http://127.0.0.1:{server.getsockname()[1]};"
paths = "".join(f"{kind}_temp_path {FOLDER}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
(FOLDER / "nginx.conf").write_text(
    f"""daemon off; pid {FOLDER}/nginx.pid; error_log {FOLDER}/error.log; worker_processes 1; events {{ }}
http {{ access_log off; {paths} server {{ listen 127.0.0.1:{front};
    location /old/ {{ {upstream} }}
    location /new/ {{ {upstream} proxy_http_version 1.1; proxy_set_header Connection ""; }} }} }}
"""
)
nginx = subprocess.Popen(
    [FOLDER / "root/usr/sbin/nginx", "-p", FOLDER, "-c", FOLDER / "nginx.conf"],
    env=os.environ | {"LD_LIBRARY_PATH": os.environ["LIBRARIES"]},
    stderr=subprocess.DEVNULL,
)
try:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", front)).close()
            break
        except OSError:
            time.sleep(0.1)
    seen = {
        f"{version}, {end}": ask(front, f"/{name}/{end}")
        for version, name in (("HTTP/1.0", "old"), ("HTTP/1.1", "new"))
        for end in ("close", "reset")
    }
    seen["no proxy, close"] = ask(server.getsockname()[1], "/close")
finally:
    nginx.terminate()
    nginx.wait(10)
for name, what in seen.items():
    print(f"{name}: {what}")
raise SystemExit(list(seen.values()) != ["whole, 3 lines"] + 4 * ["IncompleteRead"])
PYTHON
