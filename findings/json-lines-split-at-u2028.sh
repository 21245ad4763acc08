#!/usr/bin/env bash
# A JSON line with U+2028 in a caller's name becomes two lines in httpx, and in requests with decode_unicode.
#
# What meets: an event channel of one JSON object a line (newline-delimited JSON) and the clients' iter_lines().
# Versions: httpx 0.28.1, requests 2.34.2, aiohttp 3.14.5, Python 3.11.
# One would guess: JSON escapes every line break inside a string, so "a line" and "an object" are the same thing.
# What happens: JSON must escape U+000A and U+000D, but not U+0085, U+2028 and U+2029, and writers that are told to
# leave non-ASCII text alone do not. httpx and requests (with decode_unicode=True) split the decoded text as
# str.splitlines() does, which breaks at those three as well: neither half is JSON. requests without decode_unicode
# splits bytes, aiohttp splits at \n alone, and both give the objects whole.
# Seen: 2 objects sent; objects that could be read: httpx 0 of 4 lines, requests with decode_unicode 0 of 4 lines,
# requests 2 of 2, aiohttp 2 of 2.
#
# Needs python3 (3.11 or later) with venv and pip. Exit code: 0 while this is so, 1 when it has changed, 3 when the
# packages cannot be installed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv --without-pip "$folder/venv"
python3 -m pip --python "$folder/venv/bin/python" install --quiet --no-compile --disable-pip-version-check \
  'httpx==0.28.1' 'requests==2.34.2' 'aiohttp==3.14.5' || exit 3

timeout 60 "$folder/venv/bin/python" - <<'PYTHON' || exit 1
import asyncio
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import aiohttp
import httpx
import requests

EVENTS = [{"event": "ringing", "name": "Front\u2028desk"}, {"event": "ended", "name": "Front\u0085desk"}]
BODY = "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in EVENTS).encode()


class Channel(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *args):
        pass


def readable(lines):
    """Return how many lines there were, and how many of them are JSON."""
    lines = list(lines)
    objects = 0
    for line in lines:
        try:
            objects += json.loads(line) in EVENTS
        except ValueError:
            pass
    return objects, len(lines)


async def with_aiohttp(url):
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return readable([line async for line in response.content])


server = ThreadingHTTPServer(("127.0.0.1", 0), Channel)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/"
with httpx.stream("GET", url) as response:
    seen = {"httpx": readable(response.iter_lines())}
seen["requests, decode_unicode"] = readable(requests.get(url, stream=True).iter_lines(decode_unicode=True))
seen["requests"] = readable(requests.get(url, stream=True).iter_lines())
seen["aiohttp"] = asyncio.run(with_aiohttp(url))
server.shutdown()

for client, (objects, lines) in seen.items():
    print(f"{client}: {lines} lines, {objects} of them JSON")
expected = {"httpx": (0, 4), "requests, decode_unicode": (0, 4), "requests": (2, 2), "aiohttp": (2, 2)}
raise SystemExit(seen != expected)
PYTHON
