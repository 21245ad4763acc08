#!/usr/bin/env bash
# Neither setting of aiohttp's cookie jar gives a cookie back as it came.
#
# What meets: session cookies as servers make them (base64, name=value, an address, a value in quotes) and
# aiohttp.CookieJar.
# Versions: aiohttp 3.14.5, requests 2.34.2, httpx 0.28.1, Python 3.11.
# One would guess: a client stores the value as an opaque string and sends the same bytes back (RFC 6265, section
# 5.4); quote_cookie is about cookies that one sets oneself.
# What happens: with quote_cookie=True (the default) a value with one of = , @ / ( ) { } or nothing at all comes back
# in quotes, commas as \054: a server that compares strings does not know the session. With quote_cookie=False these
# are right, and quotes that belong to the value are taken away. A server that uses both forms is right with neither.
# requests and httpx send every one of them as it came.
# Seen: sid=YWJj== -> sid="YWJj==" | sid=YWJj==; sid=a,b -> sid="a\054b" | sid=a,b; sid= -> sid="" | sid=;
# sid=ann@example.com -> quoted | same; sid="abc" -> sid="abc" | sid=abc (quote_cookie True | False).
#
# Needs python3 (3.11 or later) with venv and pip. Exit code: 0 while this is so, 1 when it has changed, 3 when the
# packages cannot be installed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv --without-pip "$folder/venv"
python3 -m pip --python "$folder/venv/bin/python" install --quiet --no-compile --disable-pip-version-check \
  'aiohttp==3.14.5' 'requests==2.34.2' 'httpx==0.28.1' || exit 3

timeout 60 "$folder/venv/bin/python" - <<'PYTHON' || exit 1
import asyncio
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import aiohttp
import httpx
import requests

VALUES = ["YWJj==", "a,b", "", "ann@example.com", "user=2042", '"abc"', "abc:1"]
came_back = []
value = ""


class Server(BaseHTTPRequestHandler):
    def do_GET(self):
        came_back.append(self.headers.get("Cookie"))
        self.send_response(200)
        self.send_header("Set-Cookie", f"sid={value}; Path=/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/"


def with_aiohttp(quote_cookie):
    async def run():
        jar = aiohttp.CookieJar(unsafe=True, quote_cookie=quote_cookie)
        async with aiohttp.ClientSession(cookie_jar=jar) as session:
            for _ in range(2):
                async with session.get(url):
                    pass

    asyncio.run(run())


def with_session(session):
    with session:
        session.get(url)
        session.get(url)


clients = {
    "aiohttp": lambda: with_aiohttp(True),
    "aiohttp, quote_cookie=False": lambda: with_aiohttp(False),
    "requests": lambda: with_session(requests.Session()),
    "httpx": lambda: with_session(httpx.Client()),
}
seen = {}
for value in VALUES:
    for client, ask_twice in clients.items():
        came_back.clear()
        ask_twice()
        seen[value, client] = came_back[-1].removeprefix("sid=")
        if seen[value, client] != value:
            print(f"{client}: sid={value} came back as sid={seen[value, client]}")
server.shutdown()
expected = {(value, client): value for value in VALUES for client in clients}
for value in ("YWJj==", "", "ann@example.com", "user=2042"):
    expected[value, "aiohttp"] = f'"{value}"'
expected["a,b", "aiohttp"] = r'"a\054b"'
expected['"abc"', "aiohttp, quote_cookie=False"] = "abc"
raise SystemExit(seen != expected)
PYTHON
