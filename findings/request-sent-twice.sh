#!/usr/bin/env bash
# One request, two on the wire: aiohttp repeats GET, PUT and DELETE, libcurl POST as well, when a kept connection
# closes.
#
# What meets: a telephone system that acts on GET or POST (dial, hang up), closes instead of answering (a restart, a
# worker that dies), and HTTP clients with connections kept alive.
# Versions: aiohttp 3.14.5, pycurl 7.49.0 (libcurl 8.23.0), requests 2.34.2, httpx 0.28.1, Python 3.11.
# One would guess: without a retry policy a request is sent once, and a failure is raised.
# What happens: if the connection ends before the first byte of the answer, aiohttp takes it for stale and sends GET, PUT
# and DELETE again, even where the connection was fresh; libcurl does so with every method, POST included, if the
# connection had served a request before. Here the server had read the request: the action is done twice, and the
# caller still gets an error. requests and httpx send once on a kept connection, too.
# Seen (requests on the wire for one call): aiohttp GET 2, PUT 2, DELETE 2, POST 1; libcurl GET 2, PUT 2, DELETE 2,
# POST 2; requests and httpx 1 each.
#
# Needs python3 (3.11 or later) with venv and pip. Exit code: 0 while this is so, 1 when it has changed, 3 when the
# packages cannot be installed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv --without-pip "$folder/venv"
python3 -m pip --python "$folder/venv/bin/python" install --quiet --no-compile --disable-pip-version-check \
  'aiohttp==3.14.5' 'pycurl==7.49.0' 'requests==2.34.2' 'httpx==0.28.1' || exit 3

timeout 60 "$folder/venv/bin/python" - <<'PYTHON' || exit 1
import asyncio
import io
import socket
import threading

import aiohttp
import httpx
import pycurl
import requests

METHODS = ("GET", "PUT", "DELETE", "POST")
arrived = []


def serve(connection):
    """Answer /warm; read /act whole, and close without an answer."""
    data = b""
    with connection:
        while True:
            while b"\r\n\r\n" not in data:
                received = connection.recv(65536)
                if not received:
                    return
                data += received
            head, _, data = data.partition(b"\r\n\r\n")
            target = head.split(b" ", 2)[1].decode()
            arrived.append(target)
            if target == "/act":
                return
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


def listen():
    listener = socket.create_server(("127.0.0.1", 0))

    def accept():
        while True:
            threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


BASE = listen()


def with_aiohttp(method):
    async def run():
        async with aiohttp.ClientSession() as session:
            async with session.get(BASE + "/warm") as response:
                await response.read()
            async with session.request(method, BASE + "/act"):
                pass

    asyncio.run(run())


def with_libcurl(method):
    curl = pycurl.Curl()
    curl.setopt(pycurl.WRITEDATA, io.BytesIO())
    curl.setopt(pycurl.URL, BASE + "/warm")
    curl.perform()
    curl.setopt(pycurl.CUSTOMREQUEST, method)
    curl.setopt(pycurl.URL, BASE + "/act")
    curl.perform()


def with_session(session, method):
    with session:
        session.get(BASE + "/warm")
        session.request(method, BASE + "/act")


clients = {
    "aiohttp": (with_aiohttp, aiohttp.ClientError),
    "libcurl": (with_libcurl, pycurl.error),
    "requests": (lambda method: with_session(requests.Session(), method), requests.ConnectionError),
    "httpx": (lambda method: with_session(httpx.Client(), method), httpx.TransportError),
}
seen = {}
for client, (call, error) in clients.items():
    for method in METHODS:
        arrived.clear()
        try:
            call(method)
        except error as caught:
            outcome = type(caught).__name__
        else:
            outcome = "no error"
        seen[client, method] = arrived.count("/act"), outcome != "no error"
        print(f"{client} {method}: {arrived.count('/act')} on the wire, {outcome}")
expected = {(client, method): (1, True) for client in clients for method in METHODS}
expected |= {("aiohttp", method): (2, True) for method in ("GET", "PUT", "DELETE")}
expected |= {("libcurl", method): (2, True) for method in METHODS}
raise SystemExit(seen != expected)
PYTHON
