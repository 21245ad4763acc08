#!/usr/bin/env bash
# A session of aiohttp that is closed in the middle of a request raises AssertionError without a word, but only
# for some methods.
#
# What meets: sessions that share one connector (connector_owner=False, as many plug-ins of one program do), a request
# on its way when its session is closed, and a server that hangs up on it afterwards, as one that restarts does.
# Version: aiohttp 3.14.5, Python 3.11.
# One would guess: an aiohttp.ClientError, which is what callers catch; or RuntimeError, as for a request that begins
# after the close.
# What happens: the request goes on, as the connection is not the session's. When the server hangs up, a POST raises
# ServerDisconnectedError. GET and DELETE are repeated by aiohttp itself, and meet the connector that the close took
# away: a bare AssertionError, no ClientError, with an empty message; under "python -O" an AttributeError of None.
# Seen: POST ServerDisconnectedError; GET and DELETE AssertionError, with -O AttributeError.
#
# Needs python3 (3.11 or later) with venv and pip. Exit code: 0 while this is so, 1 when it has changed, 3 when the
# packages cannot be installed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv --without-pip "$folder/venv"
python3 -m pip --python "$folder/venv/bin/python" install --quiet --no-compile --disable-pip-version-check \
  'aiohttp==3.14.5' || exit 3

cat >"$folder/close.py" <<'PYTHON'
import asyncio

import aiohttp


async def ends_with(method: str) -> str:
    asked, hang_up = asyncio.Event(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await hang_up.wait()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1")
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with server, aiohttp.TCPConnector() as connector:
        session = aiohttp.ClientSession(connector=connector, connector_owner=False)
        request = asyncio.create_task(session.request(method, url))
        await asyncio.wait_for(asked.wait(), 5)
        await session.close()
        hang_up.set()
        try:
            await asyncio.wait_for(request, 5)
        except Exception as error:
            return type(error).__name__
    return "answered"


async def main() -> bool:
    as_described = True
    for method in ("POST", "GET", "DELETE"):
        name = await ends_with(method)
        wanted = "AssertionError" if __debug__ else "AttributeError"
        print(f"{method:6} {name}")
        as_described = as_described and name == ("ServerDisconnectedError" if method == "POST" else wanted)
    return as_described


print("aiohttp", aiohttp.__version__)
raise SystemExit(0 if asyncio.run(main()) else 1)
PYTHON
timeout 60 "$folder/venv/bin/python" "$folder/close.py" || exit 1
timeout 60 "$folder/venv/bin/python" -O "$folder/close.py" || exit 1
