"""What the services of Istra do beyond one request: other paths, pages, streams, and requests written otherwise."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from aiopbx.errors import ConnectionFailed, NotFound, RequestRefused
from aiopbx.http.download import CHUNK
from aiopbx.istra.client import IstraClient
from aiopbx.istra.types.enduser import AudioFormat, CallerIdChoice, User
from aiopbx.istra.types.rcc import CallLine
from tests.aiopbx.istra.conftest import Connect
from tests.aiopbx.istra.istra_server import IstraServer

Call = Callable[[IstraClient], Awaitable[Any]]
LISTENER = "v1/service/EventListener/bean"

# ------------------------------------------------------------------------------------------------------- two addresses

ALIASES: list[tuple[str, str, str, Call]] = [
    (
        "DELETE",
        "v1/logs/Voicemail/bean/-7",
        "v1/logs/Voicemail/-7",
        lambda client: client.enduser.delete_voicemail("-7"),
    ),
    ("GET", "v1/logs/Phone/bean/-7", "v1/logs/Phone/-7", lambda client: client.enduser.phone_log("-7")),
    ("DELETE", "v1/logs/Phone/bean/-7", "v1/logs/Phone/-7", lambda client: client.enduser.delete_phone_log("-7")),
]


@pytest.mark.parametrize("status", [404, 405])
@pytest.mark.parametrize(("method", "path", "other", "call"), ALIASES, ids=[f"{one[0]} {one[1]}" for one in ALIASES])
async def test_the_other_path_is_tried_and_remembered(
    method: str, path: str, other: str, call: Call, status: int, connect: Connect, server: IstraServer
) -> None:
    client = await connect("myistra")
    server.answer(method, path, status=status)
    server.answer(method, other, json={"callHistoryId": "-7"})
    await call(client)
    await call(client)
    assert server.sequence[1:] == [f"{method} {path}", f"{method} {other}", f"{method} {other}"]


@pytest.mark.parametrize(("method", "path", "other", "call"), ALIASES, ids=[f"{one[0]} {one[1]}" for one in ALIASES])
async def test_what_is_at_neither_path_is_not_there(
    method: str, path: str, other: str, call: Call, connect: Connect, server: IstraServer
) -> None:
    client = await connect("myistra")
    server.answer(method, path, status=404, json={"code": "ERR_4", "message": "no such thing"})
    server.answer(method, other, status=405)
    for _ in range(2):  # nothing is remembered of that
        with pytest.raises(NotFound, match="no such thing"):
            await call(client)
    assert len(server.asked(method, path)) == 2


async def test_another_refusal_of_the_other_path_is_told(connect: Connect, server: IstraServer) -> None:
    client = await connect("myistra")
    server.answer("DELETE", "v1/logs/Phone/bean/-7", status=404)
    server.answer("DELETE", "v1/logs/Phone/-7", status=500, json={"code": "ERR_9", "message": "broken"})
    with pytest.raises(RequestRefused, match="ERR_9"):
        await client.enduser.delete_phone_log("-7")


async def test_actions_without_a_body_go_by_get_where_post_is_not_served(connect: Connect, server: IstraServer) -> None:
    client = await connect()
    for action in ("answer", "disconnect", "hold", "unhold", "leave", "startRecord"):
        path = f"v1/rcc/CallLine/-1/{action}"
        server.answer("POST", path, status=405)
        server.answer("GET", path, status=204)
        method = getattr(client.rcc, {"startRecord": "start_record"}.get(action, action))
        await method("-1")
        await method("-1")
        assert server.sequence[-3:] == [f"POST {path}", f"GET {path}", f"GET {path}"]


async def test_actions_with_a_body_do_not(connect: Connect, server: IstraServer) -> None:
    client = await connect()
    server.answer("POST", "v1/rcc/CallLine/-1/redirect", status=405)
    with pytest.raises(RequestRefused):
        await client.rcc.redirect("-1", "102")
    assert server.sequence[-1] == "POST v1/rcc/CallLine/-1/redirect"


async def test_a_listener_of_myCrm_is_written_alone_and_as_two_objects_where_one_is_refused(
    connect: Connect, server: IstraServer
) -> None:
    client = await connect("mycrm")
    server.answer("POST", LISTENER, status=400, json={"code": "ERR_0", "message": "bad terminal ID"})
    server.answer("POST", LISTENER, status=400, json={"code": "ERR_0", "message": "bad terminal ID"}, then=True)
    server.answer("POST", LISTENER, json={"name": "one"}, then=True)
    assert (await client.service.create_listener("one", "-598")).name == "one"
    first, second, third = server.asked("POST", LISTENER)
    assert first.json == {"name": "one", "terminalId": "-598"}
    assert second.json == {"name": "one"}
    assert third.body == b'{"name":"one"}\n{"terminalId":"-598"}'


async def test_a_bad_terminal_is_told_all_the_same(connect: Connect, server: IstraServer) -> None:
    client = await connect("mycrm")
    server.answer("POST", LISTENER, status=400, json={"code": "ERR_0", "message": "bad terminal ID"})
    with pytest.raises(RequestRefused, match="bad terminal ID") as raised:
        await client.service.create_listener("one", "-598")
    assert (raised.value.code, raised.value.can_retry) == ("ERR_0", True)


async def test_a_listener_of_the_others_is_written_once(connect: Connect, server: IstraServer) -> None:
    client = await connect("myrcc")
    server.answer("POST", LISTENER, status=400)
    with pytest.raises(RequestRefused):
        await client.service.create_listener("one")
    assert [one.json for one in server.asked("POST", LISTENER)] == [{"name": "one"}]


# --------------------------------------------------------------------------------------------------------------- pages


def an_extension(number: int) -> dict[str, Any]:
    return {"restUri": f"v1/rcc/Extension/-{number}", "addressNumber": str(number)}


def pages(server: IstraServer, path: str, *bodies: Any) -> None:
    for index, body in enumerate(bodies):
        server.answer("GET", path, json=body, then=index > 0)


@pytest.mark.parametrize("said", ["count", "next", "both", "neither", "count of each"])
@pytest.mark.parametrize("key", ["items", "results"])
async def test_all_extensions_come_page_by_page(said: str, key: str, connect: Connect, server: IstraServer) -> None:
    client = await connect()
    numbers = range(101, 106)
    bodies = []
    for offset in (0, 2, 4):
        body: dict[str, Any] = {key: [an_extension(number) for number in numbers[offset : offset + 2]]}
        if said in {"count", "both"}:
            body["count"] = 5
        elif said == "count of each":
            body["count"] = len(body[key])
        if said in {"next", "both"} and offset < 4:
            body["next"] = f"v1/rcc/Extension?offset={offset + 2}&length=2"
        bodies.append(body)
    pages(server, "v1/rcc/Extension", *bodies)
    found = [one.address_number async for one in client.rcc.extensions(page=2)]
    assert found == [str(number) for number in numbers]
    assert [one.path.partition("?")[2] for one in server.requests[1:]] == [
        "offset=0&length=2",
        "offset=2&length=2",
        "offset=4&length=2",
    ]


async def test_a_server_that_knows_no_pages_is_no_trouble(connect: Connect, server: IstraServer) -> None:
    client = await connect()
    server.answer("GET", "v1/rcc/Extension", json={"count": 9, "items": [an_extension(101), an_extension(102)]})
    assert len([one async for one in client.rcc.extensions(page=2)]) == 2
    assert len(server.asked("GET", "v1/rcc/Extension")) == 2


async def test_an_enterprise_without_extensions_is_empty(connect: Connect, server: IstraServer) -> None:
    client = await connect()
    server.answer("GET", "v1/rcc/Extension", json={"count": 0, "items": []})
    assert [one async for one in client.rcc.extensions()] == []
    assert server.requests[-1].path.endswith("?offset=0&length=50")


@pytest.mark.parametrize("count", ["of this answer", "of all"])
async def test_all_voicemails_and_calls_come_page_by_page(count: str, connect: Connect, server: IstraServer) -> None:
    client = await connect("myistra")
    for path, key in (("v1/logs/Voicemail/bean", "id"), ("v1/logs/Phone/bean", "callHistoryId")):
        bodies = [[{key: f"-{number}"} for number in part] for part in ((1, 2), (3,))]
        pages(server, path, *({"count": len(one) if count == "of this answer" else 3, "items": one} for one in bodies))
    assert [one.id async for one in client.enduser.all_voicemails(page=2)] == ["-1", "-2", "-3"]
    found = [one.call_history_id async for one in client.enduser.all_phone_logs(page=2, is_missed=True)]
    assert found == ["-1", "-2", "-3"]
    assert server.sequence[-1] == "GET v1/logs/Phone/bean?offset=2&length=2&isMissed=true"
    assert len(server.requests) == 5


# -------------------------------------------------------------------------------------------------------------- streams

TYPES = {"ogg": "application/ogg", "aac": "audio/aac", "mp4": "application/mp4", "au": "application/au"}


@pytest.mark.parametrize("audio", list(AudioFormat))
async def test_a_voicemail_is_a_stream_in_each_format(
    audio: AudioFormat, connect: Connect, server: IstraServer, tmp_path: Path
) -> None:
    client = await connect("myistra")
    sound = bytes(range(256)) * 1024
    path = f"v1/logs/Voicemail/bean/-7.{audio}"
    server.answer("GET", path, text=sound, headers=[("Content-Type", TYPES[audio])])
    async with await client.enduser.open_recording("-7", audio) as recording:
        assert (recording.content_type, recording.size) == (TYPES[audio], len(sound))
        chunks = [chunk async for chunk in recording]
    assert b"".join(chunks) == sound
    assert max(len(chunk) for chunk in chunks) <= CHUNK
    async with await client.enduser.open_recording("-7", str(audio), dl=True) as recording:
        assert await recording.to_file(tmp_path / f"it.{audio}") == len(sound)
    assert server.sequence[-1] == f"GET {path}?dl=true"
    assert "Content-Type" not in server.requests[-1].headers


async def test_a_stream_that_is_not_there_is_told(connect: Connect, server: IstraServer) -> None:
    client = await connect("myistra")
    server.answer("GET", "v1/logs/Voicemail/bean/-7.ogg", status=404, json={"code": "ERR_4", "message": "gone"})
    with pytest.raises(NotFound, match="gone"):
        await client.enduser.open_recording("-7")


async def test_a_stream_in_a_session_that_has_expired(connect: Connect, server: IstraServer) -> None:
    client = await connect("myistra")
    server.answer("GET", "v1/logs/Voicemail/bean/-7.ogg", status=401)
    server.answer("GET", "v1/logs/Voicemail/bean/-7.ogg", text=b"OggS", then=True)
    async with await client.enduser.open_recording("-7") as recording:
        assert b"".join([chunk async for chunk in recording]) == b"OggS"


async def test_streams_end_with_the_client(connect: Connect, server: IstraServer) -> None:
    client = await connect("myistra")
    server.answer("GET", "v1/logs/Voicemail/bean/-7.ogg", text=b"OggS" * 100_000)
    recording = await client.enduser.open_recording("-7")
    await client.close()
    assert recording.closed


async def test_a_stream_that_breaks_off_is_told(connect: Connect, server: IstraServer) -> None:
    client = await connect("myistra")
    server.answer("GET", "v1/logs/Voicemail/bean/-7.ogg", text=b"OggS", headers=[("Content-Encoding", "gzip")])
    recording = await client.enduser.open_recording("-7")
    with pytest.raises(ConnectionFailed):
        [chunk async for chunk in recording]


# ----------------------------------------------------------------------------------------------------------- caller ID


@pytest.mark.parametrize("key", ["manualCustomCallerID", " manualCustomCallerID", "customCallerID"])
async def test_the_caller_id_that_was_set_is_answered(key: str, connect: Connect, server: IstraServer) -> None:
    client = await connect("myistra")
    path = "v1/user/IUser/8967300633232582576"
    said = {"restUri": path, "customCallerIDChoice": "ManualSetting", key: "+15550144"}
    server.answer("PUT", path, json=said)
    user = await client.enduser.set_caller_id("8967300633232582576", CallerIdChoice.MANUAL_SETTING, "+15550144")
    sent = server.requests[-1]
    assert sent.path.endswith("?rt=customCallerIDChoice,customCallerID")
    assert sent.json == {"customCallerIDChoice": "ManualSetting", "manualCustomCallerID": "+15550144"}
    assert isinstance(user, User)
    assert (user.id, user.caller_id) == ("8967300633232582576", "+15550144")
    assert user.custom_caller_id_choice is not None
    assert user.custom_caller_id_choice.manual


async def test_the_number_of_the_presence_goes_without_one(connect: Connect, server: IstraServer) -> None:
    client = await connect("myistra")
    assert await client.enduser.set_caller_id("-8", CallerIdChoice.FROM_PRESENCE_STATE) is None
    assert server.requests[-1].json == {"customCallerIDChoice": "FromPresenceState"}


# ---------------------------------------------------------------------------------------------------------------- lines


async def test_another_line_is_named_by_its_uri(connect: Connect, server: IstraServer) -> None:
    client = await connect()
    line = CallLine(line_id="-2903", rest_uri="v1/rcc/CallLine/-2904")
    await client.rcc.merge("-1", line.uri)
    await client.rcc.transfer("-1", "-2903")
    assert [json.loads(one.body) for one in server.requests[-2:]] == [
        {"line": "v1/rcc/CallLine/-2904"},
        {"line": "v1/rcc/CallLine/-2903"},
    ]
