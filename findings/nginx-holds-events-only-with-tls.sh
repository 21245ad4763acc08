#!/usr/bin/env bash
# nginx passes events on at once to an http client, and holds the same events back when the client uses https.
#
# What meets: a channel of small chunked JSON lines (proxy_http_version 1.1) behind nginx, which ends TLS as it
# usually does.
# Versions: nginx 1.22.1 (Debian 12), Python 3.11's ssl.
# One would guess: proxy_buffering holds events back or it does not; how the client is connected is another matter.
# What happens: with buffering on (the default) and HTTP/1.1 to the server, every chunk reaches a plain client as it
# comes: a test with curl over http finds nothing wrong. Over TLS the same location gives nothing, not even the
# answer's head, until 16 kB have come together or the channel ends. With HTTP/1.0 to the server (proxy_pass's
# default) even plain clients wait. proxy_buffering off, or X-Accel-Buffering: no from the server, mends all of it.
# Seen (first byte, for 5 events in the first 0.1 s of a channel that ends after 2 s): HTTP/1.1 plain 0.0 s, TLS 2.1
# s; HTTP/1.0 plain 2.1 s; buffering off TLS 0.0 s.
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

import ssl

EVENT = b'{"eventName": "OnCallModified"}\n'


def answer(connection):
    """Five events at once, the end after two seconds."""
    with connection:
        chunked = b" HTTP/1.1\r\n" in connection.recv(65536)
        framing = b"Transfer-Encoding: chunked" if chunked else b"Connection: close"
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + framing + b"\r\n\r\n")
        for _ in range(5):
            connection.sendall(b"%x\r\n%s\r\n" % (len(EVENT), EVENT) if chunked else EVENT)
            time.sleep(0.02)
        time.sleep(2)
        connection.sendall(b"0\r\n\r\n" if chunked else b"")


def answer_quietly(connection):
    try:
        answer(connection)
    except OSError:
        pass  # who asked has seen enough, and gone


def accept(listener):
    while True:
        threading.Thread(target=answer_quietly, args=(listener.accept()[0],), daemon=True).start()


def first_byte(port, path, context=None):
    with socket.create_connection(("127.0.0.1", port)) as plain:
        connection = context.wrap_socket(plain, server_hostname="127.0.0.1") if context else plain
        began = time.monotonic()
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: pbx.example.com\r\n\r\n".encode())
        connection.recv(1)
        return time.monotonic() - began


server = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=accept, args=(server,), daemon=True).start()
subprocess.run(
    ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1"]
    + ["-keyout", FOLDER / "key.pem", "-out", FOLDER / "certificate.pem"],
    check=True,
    capture_output=True,
)
plain_port, tls_port = free_port(), free_port()
upstream = f"proxy_pass http://127.0.0.1:{server.getsockname()[1]};"
nginx = start_nginx(
    plain_port,
    f"""server {{ listen 127.0.0.1:{plain_port}; listen 127.0.0.1:{tls_port} ssl;
    ssl_certificate {FOLDER}/certificate.pem; ssl_certificate_key {FOLDER}/key.pem;
    location /old {{ {upstream} }}
    location /new {{ {upstream} proxy_http_version 1.1; proxy_set_header Connection ""; }}
    location /off {{ {upstream} proxy_http_version 1.1; proxy_buffering off; }} }}""",
)
tls = ssl.create_default_context(cafile=FOLDER / "certificate.pem")
tls.check_hostname = False
try:
    seen = {
        "HTTP/1.1, plain": first_byte(plain_port, "/new"),
        "HTTP/1.1, TLS": first_byte(tls_port, "/new", tls),
        "HTTP/1.0, plain": first_byte(plain_port, "/old"),
        "buffering off, TLS": first_byte(tls_port, "/off", tls),
    }
finally:
    nginx.terminate()
    nginx.wait(10)
for name, seconds in seen.items():
    print(f"{name}: first byte after {seconds:.1f} s")
raise SystemExit([seconds > 1.5 for seconds in seen.values()] != [False, True, True, False])
PYTHON
