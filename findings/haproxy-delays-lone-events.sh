#!/usr/bin/env bash
# HAProxy passes each event on 0.2 s late to an http client, and at once to an https client.
#
# What meets: a channel of small chunked JSON lines behind HAProxy in http mode, with Debian's defaults.
# Versions: HAProxy 2.6.12 (Debian 12), Linux.
# One would guess: HAProxy does not buffer answers (that is nginx), so an event passes as soon as it comes; and TLS
# makes things slower, not faster.
# What happens: HAProxy expects more data after each chunk and says so to the kernel (MSG_MORE), which waits 200 ms for
# it. An event that comes alone is 0.2 s late; the next one, if it comes within that time, brings it along, so that a
# test with many events finds little wrong. Over TLS no such hint is given, and the same event comes at once. "option
# http-no-delay" mends it, in the frontend or the backend.
# Seen (least delay of 5 lone events): http 0.21 s, https 0.00 s, http with http-no-delay 0.00 s; events every 0.05 s
# over http: 0.05 s.
#
# Needs python3 (3.11 or later) with openssl and, for the package, Debian 12 (apt-get, dpkg; no root). Exit code: 0
# while this is so, 1 when it has changed, 3 when the packages cannot be had.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# The package and what it needs that is not here, unpacked where nothing of the system is touched
mkdir "$folder/packages"
cd "$folder/packages"
package='haproxy=2.6.12-*'
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
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

FOLDER = Path(sys.argv[1])
# out of time: leave through "finally", which ends the proxy
signal.signal(signal.SIGTERM, lambda *details: sys.exit("out of time"))
sent = []


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def answer(connection):
    """Send lines at an interval, the path, and note when."""
    with connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        interval = float(connection.recv(65536).split()[1][1:])
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        sent.clear()
        for number in range(5):
            time.sleep(interval)
            line = b'{"event": %d}\n' % number
            sent.append(time.monotonic())
            connection.sendall(b"%x\r\n%s\r\n" % (len(line), line))
        time.sleep(0.5)
        connection.sendall(b"0\r\n\r\n")


def accept(listener):
    while True:
        threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()


def least_delay(port, context=None, interval="0.6"):
    with socket.create_connection(("127.0.0.1", port)) as plain:
        connection = context.wrap_socket(plain, server_hostname="127.0.0.1") if context else plain
        connection.sendall(f"GET /{interval} HTTP/1.1\r\nHost: pbx.example.com\r\n\r\n".encode())
        delays, received = [], b""
        while len(delays) < 5:
            received += connection.recv(65536)
            while len(delays) < 5 and b'{"event": %d}' % len(delays) in received:
                delays.append(time.monotonic() - sent[len(delays)])
        return min(delays)


server = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=accept, args=(server,), daemon=True).start()
subprocess.run(
    ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1"]
    + ["-keyout", FOLDER / "both.pem", "-out", FOLDER / "certificate.pem"],
    check=True,
    capture_output=True,
)
with open(FOLDER / "both.pem", "a") as both:
    both.write((FOLDER / "certificate.pem").read_text())
plain_port, tls_port, mended_port = free_port(), free_port(), free_port()
(FOLDER / "haproxy.cfg").write_text(f"""
defaults
    mode http
    timeout connect 5000
    timeout client 50000
    timeout server 50000
backend pbx
    server pbx 127.0.0.1:{server.getsockname()[1]}
frontend plain
    bind 127.0.0.1:{plain_port}
    default_backend pbx
frontend tls
    bind 127.0.0.1:{tls_port} ssl crt {FOLDER}/both.pem
    default_backend pbx
frontend mended
    bind 127.0.0.1:{mended_port}
    option http-no-delay
    default_backend pbx
""")
haproxy = subprocess.Popen(
    [FOLDER / "root/usr/sbin/haproxy", "-db", "-f", FOLDER / "haproxy.cfg"],
    env=os.environ | {"LD_LIBRARY_PATH": os.environ["LIBRARIES"]},
    stderr=subprocess.DEVNULL,
)
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
try:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", mended_port)).close()
            break
        except OSError:
            time.sleep(0.1)
    seen = [least_delay(plain_port), least_delay(tls_port, context), least_delay(mended_port)]
    seen.append(least_delay(plain_port, interval="0.05"))
finally:
    haproxy.terminate()
    haproxy.wait()
for name, delay in zip(("http", "https", "http, http-no-delay", "http, every 0.05 s"), seen, strict=True):
    print(f"{name}: an event is {delay:.3f} s late")
raise SystemExit([delay > 0.15 for delay in seen] != [True, False, False, False])
PYTHON
