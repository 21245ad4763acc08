#!/usr/bin/env bash
# nginx sends a slow GET, PUT or DELETE to the second address of the same server as well: the action is done twice.
#
# What meets: a telephone system that acts on GET (dial, answer) or DELETE, with two addresses in an upstream - its
# two network addresses, or "localhost" as 127.0.0.1 and ::1 - and nginx in front.
# Versions: nginx 1.22.1 (Debian 12).
# One would guess: a proxy asks again when it could not connect. A request that was sent and is being worked on is
# answered with 504.
# What happens: proxy_next_upstream is "error timeout" by default, and a time-out while waiting for the answer counts.
# All methods but POST, LOCK and PATCH are thought to be safe to repeat: the second address gets the request too. The
# client sees one 504, after twice the time. With POST it is sent once. (proxy_next_upstream off mends it.)
# Seen (requests that reached the server, status): GET 2, 504; PUT 2, 504; DELETE 2, 504; POST 1, 504.
#
# Needs python3 (3.11 or later) with venv and pip and, for the package, Debian 12 (apt-get, dpkg; no root). Exit code:
# 0 while this is so, 1 when it has changed, 3 when the packages cannot be had.
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
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

FOLDER = Path(sys.argv[1])
# out of time: leave through "finally", which ends the server
signal.signal(signal.SIGTERM, lambda *details: sys.exit("out of time"))


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def start_nginx(port, http):
    paths = "".join(f"{kind}_temp_path {FOLDER}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    configuration = FOLDER / "nginx.conf"
    configuration.write_text(
        f"daemon off; pid {FOLDER}/nginx.pid; error_log {FOLDER}/error.log; worker_processes 1; events {{ }}\n"
        f"http {{ access_log off; {paths}\n{http}\n}}\n"
    )
    nginx = subprocess.Popen(
        [FOLDER / "root/usr/sbin/nginx", "-p", FOLDER, "-c", configuration],
        env=os.environ | {"LD_LIBRARY_PATH": os.environ["LIBRARIES"]},
        stderr=subprocess.DEVNULL,
    )
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.1)
        else:
            return nginx
    raise SystemExit("nginx does not listen")

METHODS = ("GET", "PUT", "DELETE", "POST")
arrived = []


def answer(connection):
    """Take the request, and need longer than the proxy waits."""
    with connection:
        arrived.append(connection.recv(65536).split(b" ")[0].decode())
        time.sleep(3)


def accept(listener):
    while True:
        threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()


def ask(port, method):
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(
            f"{method} /calls HTTP/1.1\r\nHost: pbx.example.com\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
        )
        return int(connection.recv(65536).split(b" ")[1])


first = socket.create_server(("127.0.0.1", 0))
port = first.getsockname()[1]
second = socket.create_server(("127.0.0.2", port))
for listener in (first, second):
    threading.Thread(target=accept, args=(listener,), daemon=True).start()
front = free_port()
# max_fails=0: a failure of one case does not keep nginx from an address in the next case
nginx = start_nginx(
    front,
    f"""upstream pbx {{ server 127.0.0.1:{port} max_fails=0; server 127.0.0.2:{port} max_fails=0; }}
    server {{ listen 127.0.0.1:{front}; location / {{ proxy_pass http://pbx; proxy_read_timeout 1s; }} }}""",
)
try:
    seen = {}
    for method in METHODS:
        arrived.clear()
        status = ask(front, method)
        seen[method] = arrived.count(method), status
finally:
    nginx.terminate()
    nginx.wait(10)
print(seen)
raise SystemExit(seen != {"GET": (2, 504), "PUT": (2, 504), "DELETE": (2, 504), "POST": (1, 504)})
PYTHON
