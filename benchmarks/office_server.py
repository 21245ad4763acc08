"""A server for benchmarks, in a process of its own: says what a client needs to hear, then streams events.

It is no simulator: answers are made beforehand, so that serving costs next to nothing, and the client is measured.
"""

import asyncio
import itertools
import json
import multiprocessing
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

API = "/api/rest/1.0"
CHUNK = 64 * 1024


def login_of(number: int) -> str:
    return f"oxe{10_000 + number}"


SHAPES = ("short", "capture", "full")
"""What streams are made of: ``short`` leaves out whatever may be left out, ``capture`` is what a live server was seen
to send for an incoming call, ``full`` is a call from outside that is held and retrieved, with all that the reference
has for it."""


def calls(number: int, round_: int, shape: str = "capture") -> list[bytes]:
    """One incoming call of a line from the first ring to the end."""
    made = _full(number, round_) if shape == "full" else _captured(number, round_)
    if shape == "short":
        made = [_without_empty(event) for event in made]
    return [json.dumps(event, separators=(",", ":")).encode() + b"\n" for event in made]


def _without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _without_empty(inner) for key, inner in value.items() if inner != [] and not key.startswith("media")
        }
    return [_without_empty(inner) for inner in value] if isinstance(value, list) else value


EMPTY: dict[str, object] = {
    "addedLegs": [],
    "removedLegs": [],
    "modifiedParticipants": [],
    "addedParticipants": [],
    "deviceCapabilities": [],
}


def _captured(number: int, round_: int) -> list[dict[str, object]]:
    """Six events, key for key those of the capture in ``tests/aiopbx/o2g/captures``."""
    login, own, other = login_of(number), str(10_000 + number), str(50_000 + number)
    base = {"loginName": login, "callRef": f"{round_:08x}{number:08x}"}
    data = {"initialCalled": {"id": {"phoneNumber": own}}, "tags": []}
    party = {
        "participantId": other,
        "identity": {
            "id": {"loginName": f"oxe{other}", "phoneNumber": other},
            "firstName": "Extension",
            "lastName": other,
            "type": {"main": "USER"},
        },
        "medias": [],
        "mediaCapabilities": [{"type": "AUDIO"}],
    }

    def leg(state: str, **capabilities: bool) -> dict[str, object]:
        return {"deviceId": own, "media": "AUDIO", "state": state, "capabilities": capabilities}

    def call(state: str, **capabilities: bool) -> dict[str, object]:
        return {**data, "state": state, "capabilities": {"addMedias": [], **capabilities}}

    return [
        {
            "eventName": "OnCallCreated",
            **base,
            "callData": call("RINGING_INCOMING", redirect=True, pickedUp=True, terminate=True),
            "legs": [leg("RINGING_INCOMING", answer=True)],
            "participants": [party],
            "deviceCapabilities": [{"deviceId": own, "makeCall": True, "makeBusinessCall": True, "unParkCall": True}],
        },
        {
            "eventName": "OnCallModified",
            **base,
            "callData": call("ACTIVE", terminate=True),
            "modifiedLegs": [leg("ACTIVE", drop=True, hold=True)],
            "removedParticipantIds": [],
            **EMPTY,
        },
        {"eventName": "OnUserStateModified", "loginName": login, "state": "BUSY"},
        {
            "eventName": "OnCallModified",
            **base,
            "callData": call("RELEASING", terminate=True),
            "modifiedLegs": [leg("RELEASING", drop=True)],
            "removedParticipantIds": [other],
            **EMPTY,
        },
        {"eventName": "OnCallRemoved", **base, "deviceCapabilities": []},
        {"eventName": "OnUserStateModified", "loginName": login, "state": "FREE"},
    ]


def _full(number: int, round_: int) -> list[dict[str, object]]:
    """Eight events of a call from outside: rings, is answered, held, retrieved, recorded, and given up."""
    login, own, outside = login_of(number), str(10_000 + number), f"+1555010{number:04d}"
    base = {"loginName": login, "callRef": f"{round_:08x}{number:08x}"}
    devices = [
        {"deviceId": device, "makeCall": True, "makeBusinessCall": True, "makePrivateCall": True, "unParkCall": True}
        for device in (own, f"6{own}")
    ]
    data = {
        "initialCalled": {
            "id": {"loginName": login, "phoneNumber": own},
            "firstName": "Extension",
            "lastName": own,
            "displayName": f"Extension {own}",
            "type": {"main": "USER", "subType": "ALE300"},
        },
        "deviceCall": False,
        "anonymous": False,
        "callUUID": f"00000000-0000-4000-8000-{round_:04x}{number:08x}",
        "tags": [{"name": "customer", "value": f"C-{number:06d}", "visibilities": ["ALL"]}],
        "accountInfo": "4711",
        "associatedData": f"case {number:06d}",
    }
    party = {
        "participantId": f"{number:08x}-1",
        "identity": {
            "id": {"phoneNumber": outside},
            "firstName": "Caller",
            "lastName": f"Number {number}",
            "displayName": f"Caller Number {number}",
            "type": {"main": "EXTERNAL", "subType": "TRUNK"},
        },
        "anonymous": False,
        "undroppable": False,
        "state": "ACTIVE",
        "medias": [{"type": "AUDIO", "state": "ACTIVE"}],
        "mediaCapabilities": [{"type": "AUDIO", "add": False, "remove": False}],
    }

    def leg(state: str, **capabilities: bool) -> dict[str, object]:
        return {
            "deviceId": own,
            "media": "AUDIO",
            "state": state,
            "ringingRemote": False,
            "capabilities": {"mute": True, "sendDtmf": True, "switchDevice": True, **capabilities},
        }

    def call(state: str, **capabilities: bool) -> dict[str, object]:
        return {
            **data,
            "state": state,
            "capabilities": {
                "addMedias": ["AUDIO"],
                "addDevice": True,
                "terminate": True,
                "dropMe": True,
                **capabilities,
            },
        }

    def modified(state: str, own_can: dict[str, bool], leg_can: dict[str, bool], gone: tuple[str, ...] = ()) -> Any:
        return {
            "eventName": "OnCallModified",
            **base,
            "callData": call(state, **own_can),
            "modifiedLegs": [leg(state, **leg_can)],
            "removedParticipantIds": list(gone),
            **EMPTY,
            "modifiedParticipants": [] if gone else [party],
        }

    talking = {
        "addParticipant": True,
        "transfer": True,
        "blindTransfer": True,
        "park": True,
        "startRecord": True,
        "dropParticipant": True,
    }
    return [
        {
            "eventName": "OnCallCreated",
            **base,
            "initiator": party["participantId"],
            "callData": call("RINGING_INCOMING", redirect=True, redirectToVoiceMail=True, pickedUp=True, callBack=True),
            "legs": [leg("RINGING_INCOMING", answer=True)],
            "participants": [party],
            "deviceCapabilities": devices,
        },
        modified("ACTIVE", talking, {"drop": True, "hold": True}),
        {"eventName": "OnUserStateModified", "loginName": login, "state": "BUSY"},
        modified("HELD", {"addParticipant": True, "park": True}, {"drop": True, "retrieve": True}),
        modified("ACTIVE", talking, {"drop": True, "hold": True}),
        modified("RELEASING", {}, {"drop": True}, (str(party["participantId"]),)),
        {"eventName": "OnCallRemoved", **base, "cause": "CLEARED", "deviceCapabilities": devices},
        {"eventName": "OnUserStateModified", "loginName": login, "state": "FREE"},
    ]


def stream(lines: int, events: int, shape: str = "capture") -> tuple[bytes, int]:
    """About so many events of so many lines whose calls run side by side; the bytes, and how many they are."""
    made: list[bytes] = []
    round_ = 0
    while len(made) < events:
        group = [calls(number, round_, shape) for number in range(lines)]
        for step in zip(*group, strict=True):
            made.extend(step)
        round_ += 1
    return b"".join(made), len(made)


class Server:
    """Answers what it was given; the channel waits for a gate, then says everything at once."""

    def __init__(self, lines: int, body: bytes) -> None:
        self.lines = lines
        self.body = body
        self.url = ""
        self.requests = 0

    def answer(self, method: str, path: str) -> tuple[int, object]:
        path, _, query = path.partition("?")
        self.requests += 1
        path = path.rstrip("/")
        if path == "/api/rest":
            login = f"{self.url}/api/rest/authenticate"
            version = {"id": "1.0", "status": "CURRENT", "publicUrl": login, "internalUrl": login}
            return 200, {"serverInfo": {"productName": "benchmark"}, "versions": [version]}
        if path == "/api/rest/authenticate":
            sessions = f"{self.url}{API}/sessions"
            return 200, {"credential": "credential-of-a-benchmark", "publicUrl": sessions, "internalUrl": sessions}
        if path == f"{API}/sessions":
            base = f"{self.url}{API}"
            return 200, {
                "admin": True,
                "login": "admin",
                "timeToLive": 3600,
                "publicBaseUrl": base,
                "privateBaseUrl": base,
            }
        if path == f"{API}/subscriptions" and method == "POST":
            polling = f"{self.url}/channel"
            return 200, {
                "subscriptionId": "subscription-of-a-benchmark",
                "publicPollingUrl": polling,
                "privatePollingUrl": polling,
                "status": "ACCEPTED",
            }
        if path == f"{API}/logins" and "onlyACD" in query:
            return 200, {"loginNames": []}
        if path == f"{API}/logins":
            return 200, {"loginNames": [login_of(number) for number in range(self.lines)]}
        if path.startswith(f"{API}/users/"):
            login = path.rpartition("/")[2]
            number = login.removeprefix("oxe")
            return 200, {
                "loginName": login,
                "companyPhone": number,
                "firstName": "Extension",
                "lastName": number,
                "devices": [{"type": "DESKPHONE", "id": number, "subType": "NOE_C_Color_IP"}],
                "voicemail": {"number": "5000", "type": "VM_4645"},
                "nodeId": "1",
            }
        if path == f"{API}/routing":
            return 200, {"presentationRoute": True, "forwardRoute": True, "overflowRoute": True, "dnd": True}
        if path == f"{API}/telephony/devices":
            number = query.partition("oxe")[2]
            return 200, {"deviceStates": [{"deviceId": number, "state": "IN_SERVICE"}]}
        if path == f"{API}/eventSummary":
            return 200, {"missedCallsNb": 0, "voiceMessagesNb": 0, "eventWaiting": False}
        if path == f"{API}/telephony/huntingGroupLogOn":
            return 200, {"logon": False}
        return 204, None

    def snapshots(self, *, routing: bool) -> bytes:
        """What a request for a snapshot of everybody sends on the channel."""
        made = []
        for number in range(self.lines):
            login, own = login_of(number), str(10_000 + number)
            event: dict[str, object]
            if routing:
                presented = [{"destinations": [{"type": "OFFICE", "deviceId": own, "selected": True}]}]
                state = {"presentationRoutes": presented, "dndState": {"activate": False}}
                event = {"eventName": "OnRoutingStateChanged", "loginName": login, "routingState": state}
            else:
                capabilities = [{"deviceId": own, "makeCall": True, "unParkCall": True}]
                event = {
                    "eventName": "OnTelephonyState",
                    "loginName": login,
                    "state": {"calls": [], "deviceCapabilities": capabilities},
                }
            made.append(json.dumps(event, separators=(",", ":")).encode() + b"\n")
        return b"".join(made)

    async def serve(self, pipe: Connection) -> None:
        channels: set[asyncio.StreamWriter] = set()
        going: set[asyncio.Task[None]] = set()
        snapshots = {routing: self.snapshots(routing=routing) for routing in (False, True)}

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                while head := await reader.readuntil(b"\r\n\r\n"):
                    first, *fields = head.decode().split("\r\n")
                    method, path, _ = first.split(" ", 2)
                    for field in fields:
                        name, _, value = field.partition(":")
                        if name.lower() == "content-length":
                            await reader.readexactly(int(value))
                    if path == "/channel":
                        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                        hello = b'{"eventName":"OnChannelInformation","text":"Chunk started"}\n'
                        writer.write(b"%x\r\n%s\r\n" % (len(hello), hello))
                        channels.add(writer)
                        await writer.drain()
                        continue
                    if path.partition("?")[0].endswith("/state/snapshot"):
                        for channel in list(channels):
                            await send(channel, snapshots["routing" in path])
                    status, answer = self.answer(method, path)
                    body = b"" if answer is None else json.dumps(answer).encode()
                    kind = b"Content-Type: application/json\r\n" if body else b""
                    writer.write(b"HTTP/1.1 %d X\r\n%sContent-Length: %d\r\n\r\n%s" % (status, kind, len(body), body))
                    await writer.drain()
            except (asyncio.IncompleteReadError, ConnectionError):
                pass
            finally:
                channels.discard(writer)
                writer.close()

        async def send(channel: asyncio.StreamWriter, body: bytes) -> None:
            try:
                for start in range(0, len(body), CHUNK):
                    part = body[start : start + CHUNK]
                    channel.write(b"%x\r\n%s\r\n" % (len(part), part))
                    await channel.drain()
            except ConnectionError:
                channels.discard(channel)  # the client behind it is gone

        async def go() -> None:
            # One chunk an event, as live servers flush them; made beforehand, so that many go in one write.
            chunks = [b"%x\r\n%s\n\r\n" % (len(line) + 1, line) for line in self.body.split(b"\n") if line]
            for channel in list(channels):
                try:
                    for start in range(0, len(chunks), 100):
                        channel.write(b"".join(chunks[start : start + 100]))
                        await channel.drain()
                except ConnectionError:
                    continue

        async def pace(rate: float) -> None:
            """Say so many events a second, evenly, from the beginning again at the end, until told otherwise."""
            events = itertools.cycle(
                [b"%x\r\n%s\n\r\n" % (len(line) + 1, line) for line in self.body.split(b"\n") if line]
            )
            loop = asyncio.get_running_loop()
            begun, said = loop.time(), 0
            while True:
                due = int((loop.time() - begun) * rate) - said
                part = b"".join(itertools.islice(events, due))
                said += due
                for channel in list(channels):
                    channel.write(part)
                await asyncio.sleep(0.02)

        async def stamp(rate: float) -> None:
            """The same, with the time of sending (nanoseconds of the monotonic clock) as first name of the callers."""
            lines = itertools.cycle([line for line in self.body.split(b"\n") if line])
            loop = asyncio.get_running_loop()
            begun, said = loop.time(), 0
            while True:
                due = int((loop.time() - begun) * rate) - said
                said += due
                for line in itertools.islice(lines, due):
                    event = line.replace(b"Extension", b"%d" % time.monotonic_ns())
                    for channel in list(channels):
                        channel.write(b"%x\r\n%s\n\r\n" % (len(event) + 1, event))
                await asyncio.sleep(0.005)

        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        pipe.send(self.url)
        ended = asyncio.Event()

        def told() -> None:
            word = pipe.recv()
            if isinstance(word, (float, tuple)):
                for task in going:
                    task.cancel()
            if isinstance(word, tuple):
                going.add(asyncio.ensure_future(stamp(word[1])))
            elif word == "go" or isinstance(word, float):
                task = asyncio.ensure_future(go() if word == "go" else pace(word))
                going.add(task)
                task.add_done_callback(going.discard)
            elif word == "requests":
                pipe.send(self.requests)
                self.requests = 0
            elif isinstance(word, bytes):
                self.body = word
                pipe.send("ready")
            else:
                ended.set()

        asyncio.get_running_loop().add_reader(pipe.fileno(), told)
        await ended.wait()
        server.close()


def _main(lines: int, body: bytes, pipe: Connection) -> None:
    asyncio.run(Server(lines, body).serve(pipe))
    sys.exit()


@contextmanager
def serving(lines: int, body: bytes = b"") -> Iterator[tuple[str, Connection]]:
    """A server in a process of its own: its URL, and the pipe that lets it ``go``, or say so many events a second."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_main, args=(lines, body, there), daemon=True)
    process.start()
    try:
        yield here.recv(), here
    finally:
        here.send("end")
        process.join(5)
