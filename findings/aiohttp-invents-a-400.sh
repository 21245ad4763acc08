#!/usr/bin/env bash
# aiohttp turns a login that worked into "400", because of a cookie of 9 kB; requests and httpx take it.
#
# What meets: a signed token with many rights in a cookie (one header of more than 8,190 bytes), sent by a server that
# answers 200.
# Versions: aiohttp 3.14.5, httpx 0.28.1, requests 2.34.2, Python 3.11 or later.
# One would guess: a client takes the heads that servers send; limits of 8 kB are those of servers. And an exception
# with a status has the status that the server sent.
# What happens: aiohttp stops reading at 8,190 bytes of a header (max_field_size) and raises ClientResponseError with
# status 400, a status that nobody has sent: code that tells errors apart by their status blames the request. By then
# the server has logged the user in, and the session stays open there. max_field_size=32768 for the session or the
# request mends it.
# Seen: aiohttp ClientResponseError 400 "Got more than 8190 bytes when reading: …"; with the limit raised 200; httpx and
# requests 200, with all 9,000 letters of the cookie.
#
# Needs python3 (3.11 or later) with venv and pip. Exit code: 0 while this is so, 1 when it has changed, 3 when the
# packages cannot be had.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv --without-pip "$folder/venv"
python3 -m pip --python "$folder/venv/bin/python" install --quiet --no-compile --disable-pip-version-check \
    'aiohttp==3.14.5' 'httpx==0.28.1' 'requests==2.34.2' >"$folder/pip" 2>&1 || { cat "$folder/pip" >&2; exit 3; }

timeout 60 "$folder/venv/bin/python" - <<'PYTHON' || exit 1
import asyncio
import socket
import threading

import aiohttp
import httpx
import requests

COOKIE = "0" * 9000


def answer(connection):
    with connection:
        connection.recv(65536)
        connection.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\nSet-Cookie: token=%s\r\n\r\nok"
            % COOKIE.encode()
        )


def accept(listener):
    while True:
        threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()


server = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=accept, args=(server,), daemon=True).start()
URL = f"http://127.0.0.1:{server.getsockname()[1]}/login"


async def of_aiohttp(**limits):
    async with aiohttp.ClientSession(**limits) as http:
        try:
            async with http.get(URL) as response:
                return response.status, len(response.headers["Set-Cookie"])
        except aiohttp.ClientResponseError as error:
            return type(error).__name__, error.status, error.message[:40]


def of_requests():
    response = requests.get(URL, timeout=10)
    return response.status_code, len(response.headers["Set-Cookie"])


def of_httpx():
    response = httpx.get(URL, trust_env=False)
    return response.status_code, len(response.headers["Set-Cookie"])


seen = {
    "aiohttp": asyncio.run(of_aiohttp()),
    "aiohttp, max_field_size": asyncio.run(of_aiohttp(max_field_size=32768)),
    "httpx": of_httpx(),
    "requests": of_requests(),
}
for name, what in seen.items():
    print(f"{name}: {what}")
whole = (200, len("token=") + len(COOKIE))
raise SystemExit(seen["aiohttp"][:2] != ("ClientResponseError", 400) or any(
    seen[name] != whole for name in ("aiohttp, max_field_size", "httpx", "requests")
))
PYTHON
