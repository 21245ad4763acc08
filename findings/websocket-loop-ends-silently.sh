#!/usr/bin/env bash
# "async for" over a WebSocket ends without an error when the server goes away: in websockets for 1001, in aiohttp
# always.
#
# What meets: a telephone system's WebSocket that its server closes (Java containers send 1001 at an idle time-out and
# at a shutdown) or loses, and the loop in which Python clients read it.
# Versions: websockets 17.4, aiohttp 3.14.5, Python 3.11.
# One would guess: the loop ends at a normal close (1000); anything else raises, at least where no close frame came at
# all.
# What happens: websockets counts 1001 (going away) as a normal end, and raises for 1012, 4000 and a lost connection.
# aiohttp ends the loop silently in every case, the lost connection included; only ws.close_code (1006) tells. A
# reader that reconnects in "except" never does.
# Seen (1000, 1001, 1012, 4000, lost): websockets ends, ends, raises, raises, raises; aiohttp ends, ends, ends, ends,
# ends.
#
# Needs python3 (3.11 or later) with venv and pip. Exit code: 0 while this is so, 1 when it has changed, 3 when the
# packages cannot be installed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv --without-pip "$folder/venv"
python3 -m pip --python "$folder/venv/bin/python" install --quiet --no-compile --disable-pip-version-check \
  'aiohttp==3.14.5' 'websockets==17.4' || exit 3

timeout 60 "$folder/venv/bin/python" - <<'PYTHON' || exit 1
import asyncio

import aiohttp
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosedError

CASES = ["1000", "1001", "1012", "4000", "lost"]


async def handler(connection):
    await connection.send("event")
    case = connection.request.path.removeprefix("/")
    if case == "lost":
        connection.transport.abort()
    else:
        await connection.close(int(case))


async def with_websockets(url):
    async with connect(url, proxy=None) as connection:
        try:
            async for _ in connection:
                pass
        except ConnectionClosedError:
            return "raises"
    return "ends"


async def with_aiohttp(url):
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as connection:
        kinds = [message.type.name async for message in connection]
        print(f"aiohttp {url.rpartition('/')[2]}: {kinds}, close_code {connection.close_code}")
    return "ends"


async def main():
    async with serve(handler, "127.0.0.1", 0) as server:
        base = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        seen = {
            "websockets": [await with_websockets(base + case) for case in CASES],
            "aiohttp": [await with_aiohttp(base + case) for case in CASES],
        }
    print(CASES)
    for library, outcome in seen.items():
        print(library, outcome)
    return seen == {"websockets": ["ends", "ends", "raises", "raises", "raises"], "aiohttp": ["ends"] * 5}


raise SystemExit(not asyncio.run(main()))
PYTHON
