"""myIstra: voicemails and their sound, the call history, counters, calls, and the caller ID."""

import math
import struct
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from aiopbx.simulator import UserSpec
from aiopbx.simulator.faces.istra import audio
from aiopbx.simulator.faces.phones.views import outside_view
from aiopbx.simulator.switch import Behaviour
from tests.aiopbx.simulator.conftest import until
from tests.aiopbx.simulator.istra_client import ALICE, BOB, Istra, office

OUTSIDE = "0015550100"


@pytest.fixture
async def istra() -> AsyncIterator[Istra]:
    async with office() as istra:
        yield await istra.user()


def leave(istra: Istra, seconds: int = 4, *, outside: bool = False) -> None:
    """Somebody calls Alice and leaves a message."""
    istra.switch.set_forward(ALICE, target="VOICEMAIL")
    if outside:
        call = istra.switch.incoming_external(OUTSIDE, "1000", "Example Ltd")
    else:
        call = istra.switch.make_call(BOB, "1001", "1000", auto_answer=True)
    istra.clock.advance(seconds)
    if outside:
        istra.switch.external_hang_up(call.ref)
    else:
        istra.switch.release(BOB, call.ref)
    istra.switch.cancel_forward(ALICE)


# ---------------------------------------------------------------------------------------------------------- voicemails


async def test_messages_newest_first(istra: Istra) -> None:
    leave(istra, 4)
    leave(istra, 7, outside=True)
    listed = await istra.get("v1/logs/Voicemail/bean")
    assert listed["count"] == 2
    new, old = listed["items"]
    assert new == {
        "msgid": new["msgid"],
        "filename": f"new-{new['msgid']}.au",
        "id": new["id"],
        "restUri": f"v1/logs/Voicemail/bean/{new['id']}",
        "playNumber": f"5000;lra=1000;cd msgid={new['msgid']}",
        "timestamp": str(round(istra.clock.utc().timestamp() * 1000)),
        "durationSecond": 7,
        "remoteNumber": OUTSIDE,
        "restUriContact": "",
        "remoteLabel": "Example Ltd",
        "type": "external",
        "priority": "normal",
        "read": False,
        "callbackNumber": OUTSIDE,
    }
    assert (old["remoteLabel"], old["type"], old["durationSecond"]) == ("Bob Keller", "internal", 4)
    bobs = await (await istra.other()).user(BOB)
    assert old["restUriContact"] == (await bobs.get("v1/user/Info"))["user"]["restUri"]
    assert await istra.get(new["restUri"]) == new
    assert (await bobs.ask("GET", new["restUri"])).status == 404
    for other in ("v1/logs/Voicemail/", "v1/logs/Voicemail"):
        assert await istra.get(other) == listed


async def test_pages_of_messages(istra: Istra) -> None:
    for _ in range(5):
        leave(istra)
    ids = [each["id"] for each in (await istra.get("v1/logs/Voicemail/bean"))["items"]]
    for query, expected in (
        ("offset=0&length=2", ids[:2]),
        ("offset=4&length=20", ids[4:]),
        ("offset=5", []),
        ("length=0", []),
    ):
        page = await istra.get(f"v1/logs/Voicemail/bean?{query}")
        assert [each["id"] for each in page["items"]] == expected
        assert page["count"] == len(expected), "how many are returned"
    istra.face.variants.set(total_counts=True)
    assert (await istra.get("v1/logs/Voicemail/bean?length=2"))["count"] == 5


async def test_read_and_unread(istra: Istra) -> None:
    push = await istra.listen("mixed")
    leave(istra)
    assert (await push.items())[-1]["unreadVoiceMails"] == 1
    (message,) = (await istra.get("v1/logs/Voicemail/bean"))["items"]
    for value, read in ((True, True), ("false", False), (1, True), (False, False)):
        reply = await istra.ask("PUT", message["restUri"], {"read": value})
        assert reply.status == 200
        assert reply.body["read"] is read
        assert (reply.body["filename"] != message["filename"]) is read
        assert await istra.get(message["restUri"]) == reply.body
        (counters,) = await push.items()
        assert counters["unreadVoiceMails"] == (0 if read else 1)
    assert (await istra.ask("PUT", message["restUri"], {})).body == message
    assert (await istra.ask("PUT", message["restUri"], {"read": "maybe"})).status == 400


@pytest.mark.parametrize("alias", [False, True])
async def test_deleting_a_message(istra: Istra, alias: bool) -> None:
    leave(istra)
    (message,) = (await istra.get("v1/logs/Voicemail/bean"))["items"]
    path = message["restUri"].replace("/bean", "") if alias else message["restUri"]
    reply = await istra.ask("DELETE", path)
    assert (reply.status, reply.raw) == (200, b"")
    assert await istra.get("v1/logs/Voicemail/bean") == {"count": 0, "items": []}
    assert (await istra.ask("DELETE", path)).status == 404


async def test_without_a_mailbox() -> None:
    async with office(users=[UserSpec(login="ann", number="2000", voicemail=False)]) as istra:
        await istra.user("ann")
        assert await istra.get("v1/logs/Voicemail/bean") == {"count": 0, "items": []}
        assert (await istra.get("v1/logs/Notifications/bean"))["unreadVoiceMails"] == 0


# --------------------------------------------------------------------------------------------------------------- sound


@pytest.mark.parametrize(
    ("ending", "media_type"),
    [("au", "application/au"), ("ogg", "application/ogg"), ("mp4", "application/mp4"), ("aac", "application/aac")],
)
async def test_a_message_as_sound(istra: Istra, ending: str, media_type: str) -> None:
    leave(istra, 3, outside=True)
    (message,) = (await istra.get("v1/logs/Voicemail/bean"))["items"]
    reply = await istra.ask("GET", f"{message['restUri']}.{ending}", headers={"Content-Type": None})
    assert reply.status == 200
    assert reply.headers["Content-Type"] == media_type
    assert int(reply.headers["Content-Length"]) == len(reply.raw)
    assert "Content-Disposition" not in reply.headers
    samples = {"au": au, "ogg": ogg, "mp4": mp4, "aac": mp4}[ending](reply.raw)
    assert len(samples) == 3 * 8000
    assert_tones(samples, OUTSIDE)
    reply = await istra.ask("GET", f"{message['restUri']}.{ending}?dl=true")
    assert reply.headers["Content-Disposition"].startswith("attachment;")
    assert (await istra.get(message["restUri"]))["read"] is False, "fetching is not listening"


async def test_sound_that_is_not_there(istra: Istra) -> None:
    leave(istra)
    (message,) = (await istra.get("v1/logs/Voicemail/bean"))["items"]
    assert (await istra.ask("GET", f"{message['restUri']}.wav")).status == 400
    assert (await istra.ask("GET", "v1/logs/Voicemail/bean/1.ogg")).status == 404


@pytest.mark.parametrize("ending", ["au", "ogg", "mp4"])
@pytest.mark.parametrize("seconds", [1, 30, 70])
def test_lengths_are_known_before(ending: str, seconds: int) -> None:
    made = audio.recording(ending, "12#", seconds)
    assert made is not None
    assert sum(map(len, made.pieces)) == made.length


def test_formats_that_are_none() -> None:
    assert audio.recording("wav", "1", 1) is None


def au(data: bytes) -> list[int]:
    """Read µ-law in an AU file."""
    magic, offset, length, encoding, rate, channels = struct.unpack(">4sIIIII", data[:24])
    assert (magic, encoding, rate, channels) == (b".snd", 1, 8000, 1)
    assert length == len(data) - offset
    found = []
    for byte in data[offset:]:
        code = ~byte & 0xFF
        level = ((code & 0x0F) << 3) + 0x84 << (code >> 4 & 7)
        found.append((0x84 - level) if code & 0x80 else (level - 0x84))
    return found


def crc(data: bytes, polynomial: int, bits: int) -> int:
    """Compute a checksum bit by bit."""
    value = 0
    for byte in data:
        value ^= byte << (bits - 8)
        for _ in range(8):
            value = (value << 1 ^ polynomial if value >> (bits - 1) else value << 1) & (1 << bits) - 1
    return value


def flac_block(block: bytes, number: int) -> list[int]:
    """Read a FLAC block that carries its samples as they are, and check its sums."""
    assert block[:4] == b"\xff\xf8\x74\x08"
    assert block[4] == number
    size = struct.unpack(">H", block[5:7])[0] + 1
    assert crc(block[:7], 0x07, 8) == block[7]
    assert block[8] == 2
    assert len(block) == 9 + 2 * size + 2
    assert crc(block, 0x8005, 16) == 0
    return list(struct.unpack(f">{size}h", block[9:-2]))


def stream_info(data: bytes) -> int:
    """Check what a stream is; returns how many samples it has."""
    assert len(data) == 34
    packed = int.from_bytes(data[10:18], "big")
    assert (packed >> 44, packed >> 41 & 7, packed >> 36 & 31) == (8000, 0, 15)
    return packed & (1 << 36) - 1


def pages(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Flags, position and packet of each page of Ogg, the sums checked."""
    at = number = 0
    while at < len(data):
        count = data[at + 26]
        length = sum(data[at + 27 : at + 27 + count])
        page = data[at : at + 27 + count + length]
        assert page[:5] == b"OggS\0"
        assert struct.unpack("<I", page[18:22])[0] == number
        assert crc(page[:22] + bytes(4) + page[26:], 0x04C11DB7, 32) == struct.unpack("<I", page[22:26])[0]
        yield page[5], struct.unpack("<q", page[6:14])[0], page[27 + count :]
        at += len(page)
        number += 1


def ogg(data: bytes) -> list[int]:
    """Read FLAC in Ogg."""
    (first, _, head), (_, _, comment), *rest = pages(data)
    assert first == 2
    assert head[:13] == b"\x7fFLAC\x01\x00\x00\x01fLaC"
    total = stream_info(head[17:])
    assert comment[0] == 0x84
    found: list[int] = []
    for number, (flags, position, packet) in enumerate(rest):
        found += flac_block(packet, number)
        assert position == len(found)
        assert flags == (4 if len(found) == total else 0)
    assert len(found) == total
    return found


def boxes(data: bytes) -> dict[str, bytes]:
    """Return the boxes of MP4 by name."""
    found, at = {}, 0
    while at < len(data):
        length = struct.unpack(">I", data[at : at + 4])[0]
        assert length >= 8
        found[data[at + 4 : at + 8].decode()] = data[at + 8 : at + length]
        at += length
    assert at == len(data)
    return found


def mp4(data: bytes) -> list[int]:
    """Read FLAC in MP4, by its tables."""
    top = boxes(data)
    assert list(top) == ["ftyp", "moov", "mdat"]
    media = boxes(boxes(boxes(top["moov"])["trak"])["mdia"])
    table = boxes(boxes(media["minf"])["stbl"])
    entry = boxes(table["stsd"][8:])["fLaC"]
    total = stream_info(boxes(entry[28:])["dfLa"][8:])
    _, _, count = struct.unpack(">III", table["stsz"][:12])
    sizes = struct.unpack(f">{count}I", table["stsz"][12:])
    at = struct.unpack(">III", table["stco"])[2]
    found: list[int] = []
    for number, size in enumerate(sizes):
        found += flac_block(data[at : at + size], number)
        at += size
    assert at == len(data)
    assert len(found) == total
    return found


def assert_tones(samples: list[int], keys: str) -> None:
    """The two tones of each key are there, one key after the other."""
    rows = {697: "123A", 770: "456B", 852: "789C", 941: "*0#D"}
    columns = {1209: "147*", 1336: "2580", 1477: "369#", 1633: "ABCD"}

    def strength(part: list[int], tone: int) -> float:
        turn = 2 * math.pi * tone / 8000
        return math.hypot(
            sum(x * math.cos(turn * n) for n, x in enumerate(part)),
            sum(x * math.sin(turn * n) for n, x in enumerate(part)),
        )

    for number, key in enumerate(keys):
        part = samples[number * 1600 : number * 1600 + 1200]
        row = max(rows, key=lambda tone, part=part: strength(part, tone))  # type: ignore[misc]
        column = max(columns, key=lambda tone, part=part: strength(part, tone))  # type: ignore[misc]
        assert {key} == set(rows[row]) & set(columns[column])


# --------------------------------------------------------------------------------------------------------- the history


async def test_calls_that_were(istra: Istra) -> None:
    switch = istra.switch
    call = switch.make_call(BOB, "1001", "1000", auto_answer=True)
    istra.clock.advance(3)
    switch.answer(ALICE, call.ref, "1000")
    istra.clock.advance(8)
    assert (await istra.get("v1/logs/Phone/bean"))["items"] == [], "it is not over"
    switch.release(ALICE, call.ref)
    istra.clock.advance(60)
    missed = switch.incoming_external(OUTSIDE, "1000", "Example Ltd")
    istra.clock.advance(5)
    switch.external_hang_up(missed.ref)
    istra.clock.advance(60)
    switch.external.set("0015550101", Behaviour(answer_after=2, hang_up_after=9))
    switch.make_call(ALICE, "1000", "0015550101", auto_answer=True)
    istra.clock.advance(60)
    listed = await istra.get("v1/logs/Phone/bean")
    assert listed["count"] == 3
    placed, lost, answered = listed["items"]
    assert answered == {
        "restUri": f"v1/logs/Phone/bean/{answered['callHistoryId']}",
        "callHistoryId": answered["callHistoryId"],
        "isIncoming": True,
        "isMissed": False,
        "isRejected": False,
        "isWritten": False,
        "remoteLabel": "Bob Keller",
        "remoteType": "STATION",
        "ringDurationSecond": 3,
        "talkDurationSecond": 8,
        "timestamp": str(round(istra.clock.utc().timestamp() * 1000) - (11 + 60 + 5 + 60 + 60) * 1000),
        "callbackNumber": "1001",
        "userEntName": "example",
        "userNumber": "1000",
    }
    assert (lost["isIncoming"], lost["isMissed"], lost["remoteType"]) == (True, True, "EXTERNAL_NUMBER")
    assert (lost["ringDurationSecond"], lost["talkDurationSecond"], lost["callbackNumber"]) == (5, 0, OUTSIDE)
    assert (placed["isIncoming"], placed["isMissed"], placed["talkDurationSecond"]) == (False, False, 9)
    for query, expected in (
        ("isIncoming=true", [lost, answered]),
        ("isIncoming=false", [placed]),
        ("isMissed=true", [lost]),
        ("isIncoming=true&isMissed=false", [answered]),
        ("isIncoming=true&offset=1&length=1", [answered]),
        ("offset=1&length=1", [lost]),
    ):
        assert (await istra.get(f"v1/logs/Phone/bean?{query}"))["items"] == expected, query
    assert (await istra.ask("GET", "v1/logs/Phone/bean?isMissed=some")).status == 400
    for path in (lost["restUri"], lost["restUri"].replace("/bean", "")):
        assert await istra.get(path) == lost


@pytest.mark.parametrize("alias", [False, True])
async def test_deleting_from_the_history_counts(istra: Istra, alias: bool) -> None:
    push = await istra.listen("mixed")
    call = istra.switch.make_call(BOB, "1001", "1000", auto_answer=True)
    istra.switch.release(BOB, call.ref)
    assert (await push.items())[-1]["unreadMissedCalls"] == 1
    (record,) = (await istra.get("v1/logs/Phone/bean"))["items"]
    path = record["restUri"].replace("/bean", "") if alias else record["restUri"]
    reply = await istra.ask("DELETE", path)
    assert (reply.status, reply.raw) == (200, b"")
    assert (await push.items())[-1]["unreadMissedCalls"] == 0
    assert (await istra.ask("DELETE", path)).status == 404
    assert (await istra.ask("GET", path)).status == 404


async def test_what_others_are(istra: Istra) -> None:
    switch = istra.switch
    for number in ("5000", "5001"):
        call = switch.make_call(ALICE, "1000", number, auto_answer=True)
        switch.release(ALICE, call.ref)
    call = switch.incoming_external(OUTSIDE, "1000", "Example Ltd", anonymous=True)
    switch.external_hang_up(call.ref)
    found = (await istra.get("v1/logs/Phone/bean"))["items"]
    assert [each["remoteType"] for each in found] == ["EXTERNAL_NUMBER", "MEDIASERVER", "VOICEMAIL"]
    assert (found[0]["remoteLabel"], found[0]["callbackNumber"]) == ("anonymous", "")
    istra.face.variants.set(remote_type="TRUNK_MNO")
    assert {each["remoteType"] for each in (await istra.get("v1/logs/Phone/bean"))["items"]} == {"TRUNK_MNO"}


# ------------------------------------------------------------------------------------------------------------ counters


async def test_counters(istra: Istra) -> None:
    push = await istra.socket()
    await istra.ask("POST", "v1/service/EventListener/bean", {"name": "MixedLogsL"})
    first = await istra.get("v1/logs/Notifications/bean?listenerName=MixedLogsL")
    assert first == {
        "model": "v1/data/RestletApiSessionCounters",
        "unreadMissedCalls": 0,
        "unreadTextMessages": 0,
        "unreadVoiceMails": 0,
    }
    istra.switch.send_text(BOB, "1000", "Lunch?")
    call = istra.switch.make_call(BOB, "1001", "1000", auto_answer=True)
    istra.switch.release(BOB, call.ref)
    istra.clock.advance(0.1)
    pushed = await push.next()
    now = first | {"unreadTextMessages": 1, "unreadMissedCalls": 1}
    assert pushed == {"listenerName": "MixedLogsL", "item": now}
    assert await istra.get("v1/logs/Notifications/bean") == now
    istra.switch.make_call(BOB, "1001", "1002", auto_answer=True)
    assert await push.silent(), "others are not reported"


# --------------------------------------------------------------------------------------------------------------- calls


async def terminal(istra: Istra) -> str:
    found: list[dict[str, str]] = (await istra.get("v1/user/Info"))["terminals"]
    assert [each["label"] for each in found] == ["Desk phone 1000", "Mobile 61000"]
    return found[0]["abstractTerminalID"]


async def test_placing_a_call(istra: Istra) -> None:
    path = f"v1/user/Terminal/{await terminal(istra)}/placeCall"
    reply = await istra.ask("POST", path, {"destination": "1001"})
    assert (reply.status, reply.raw) == (200, b"")
    (call,) = istra.switch.calls_of(ALICE)
    assert istra.switch.leg_actions(ALICE, call.ref, "1000") >= {"answer"}, "the own telephone rings first"
    assert (await istra.ask("POST", path, {"destination": "9999"})).status == 400
    assert (await istra.ask("POST", "v1/user/Terminal/1/placeCall", {"destination": "1001"})).status == 400
    istra.switch.set_device_state("1000", "OUT_OF_SERVICE")
    assert (await istra.ask("POST", path, {"destination": "1001"})).status == 512


async def test_a_message_is_played_at_the_telephone(istra: Istra) -> None:
    leave(istra, 4)
    leave(istra, 6)
    _, old = (await istra.get("v1/logs/Voicemail/bean"))["items"]
    path = f"v1/user/Terminal/{await terminal(istra)}/placeCall"
    assert (await istra.ask("POST", path, {"destination": old["playNumber"]})).status == 200
    (call,) = istra.switch.calls_of(ALICE)
    assert [each["read"] for each in (await istra.get("v1/logs/Voicemail/bean"))["items"]] == [False, False]
    istra.switch.answer(ALICE, call.ref, "1000")
    assert [each["read"] for each in (await istra.get("v1/logs/Voicemail/bean"))["items"]] == [False, True]
    rcc = await (await istra.other()).rcc()
    (line,) = await rcc.lines()
    assert (line["state"], line["isPlaying"], line["isMediaAvailable"]) == ("talking", True, True)
    istra.clock.advance(3)
    assert istra.switch.calls_of(ALICE)
    istra.clock.advance(2)
    assert not istra.switch.calls_of(ALICE), "it is over with the message"


async def test_messages_of_others_are_not_played(istra: Istra) -> None:
    leave(istra)
    (message,) = (await istra.get("v1/logs/Voicemail/bean"))["items"]
    bobs = await (await istra.other()).user(BOB)
    own = (await bobs.get("v1/user/Info"))["terminals"][0]["abstractTerminalID"]
    reply = await bobs.ask("POST", f"v1/user/Terminal/{own}/placeCall", {"destination": message["playNumber"]})
    assert (reply.status, reply.body["code"]) == (400, "ERR_0")


# ------------------------------------------------------------------------------------------------------------ the user


async def test_what_a_user_is(istra: Istra) -> None:
    info = await istra.get("v1/user/Info")
    assert info["userName"] == "Alice Martin"
    assert info["istraVersion"] == "9.1"
    assert info["istraBuildID"]
    assert info["ent"] == {"fullName": "example"}
    own = info["user"]
    assert (own["customCallerIDChoice"], own["customCallerID"]) == ("FromPresenceState", "")
    uri = own["restUri"]
    only = {"restUri": uri, "customCallerIDChoice": "FromPresenceState", "customCallerID": ""}
    assert await istra.get(f"{uri}?rt=customCallerIDChoice,customCallerID") == only
    assert await istra.get(f"{uri}?rt=customCallerIDChoice.customCallerID") == only
    assert await istra.get(f"{uri}?rt=customCallerID") == {"restUri": uri, "customCallerID": ""}
    assert (await istra.get(uri)).items() > only.items()
    bobs = await (await istra.other()).user(BOB)
    assert (await bobs.ask("GET", uri)).status == 403
    assert (await bobs.ask("PUT", uri, {"customCallerIDChoice": "FromPresenceState"})).status == 403
    assert (await bobs.ask("GET", "v1/user/IUser/1")).status == 404


async def test_the_caller_id_is_what_is_seen_outside(istra: Istra) -> None:
    uri = (await istra.get("v1/user/Info"))["user"]["restUri"]
    raw = '{"customCallerIDChoice":"ManualSetting", " manualCustomCallerID":"+15550199"}'
    reply = await istra.ask("PUT", f"{uri}?rt=customCallerIDChoice,customCallerID", raw=raw)
    assert reply.status == 200
    assert reply.body == {
        "customCallerIDChoice": "ManualSetting",
        "manualCustomCallerID": "+15550199",
        "restUri": uri,
    }
    now = await istra.get(f"{uri}?rt=customCallerIDChoice,customCallerID")
    assert now == {"restUri": uri, "customCallerIDChoice": "ManualSetting", "customCallerID": "+15550199"}
    call = istra.switch.make_call(ALICE, "1000", OUTSIDE, auto_answer=True)
    assert call.calling_number == "+15550199"
    (seen,) = outside_view(istra.switch)
    assert seen["with"] == "Alice Martin +15550199"
    istra.switch.release(ALICE, call.ref)
    reply = await istra.ask("PUT", uri, {"customCallerIDChoice": "FromPresenceState"})
    assert reply.body == {"customCallerIDChoice": "FromPresenceState", "restUri": uri}
    istra.switch.make_call(ALICE, "1000", OUTSIDE, auto_answer=True)
    (seen,) = outside_view(istra.switch)
    assert seen["with"] == "Alice Martin 1000"
    inside = istra.switch.make_call(BOB, "1001", "1002", auto_answer=True)
    assert inside.calling_number is None


async def test_both_words_for_a_chosen_caller_id(istra: Istra) -> None:
    uri = (await istra.get("v1/user/Info"))["user"]["restUri"]
    body = {"customCallerIDChoice": "manualCustomCallerID", "manualCustomCallerID": "+15550199"}
    assert (await istra.ask("PUT", uri, body)).status == 200
    assert (await istra.get(uri))["customCallerIDChoice"] == "ManualSetting"
    istra.face.variants.set(manual_choice="manualCustomCallerID")
    assert (await istra.get(uri))["customCallerIDChoice"] == "manualCustomCallerID"


@pytest.mark.parametrize("number", ["15550199", "+0155", "1000", "", None, "+" + "1" * 16, "+1555x", "+15550199 "])
async def test_caller_ids_that_are_none(istra: Istra, number: Any) -> None:
    uri = (await istra.get("v1/user/Info"))["user"]["restUri"]
    body = {"customCallerIDChoice": "ManualSetting", "manualCustomCallerID": number}
    reply = await istra.ask("PUT", uri, body)
    accepted = number == "+15550199 "
    assert reply.status == (200 if accepted else 400)
    assert accepted or reply.body["message"].startswith("manualCustomCallerID: ")
    assert (await istra.get(uri))["customCallerID"] == ("+15550199" if accepted else "")
    assert (await istra.ask("PUT", uri, {"customCallerIDChoice": "Other"})).status == 400
    assert (await istra.ask("PUT", uri, {})).status == 400


async def test_what_the_platform_lets_one_show() -> None:
    people = [UserSpec(login="ann", number="2000", pstn_numbers=("+15550100",), caller_id="+15550101")]
    async with office(users=people, caller_ids=("+1555*",)) as istra:
        await istra.user("ann")
        own = (await istra.get("v1/user/Info"))["user"]
        assert (own["customCallerIDChoice"], own["customCallerID"]) == ("ManualSetting", "+15550101")
        body = {"customCallerIDChoice": "ManualSetting", "manualCustomCallerID": "+4415550100"}
        assert (await istra.ask("PUT", own["restUri"], body)).status == 400
        await istra.ask("PUT", own["restUri"], {"customCallerIDChoice": "FromPresenceState"})
        assert (await istra.get(own["restUri"]))["customCallerID"] == "+15550100", "the own number"


# ------------------------------------------------------------------------------------------------- through other faces


async def test_a_call_through_o2g_is_seen_everywhere(istra: Istra, connect: Any) -> None:
    rcc = await (await istra.other()).rcc()
    lines = await rcc.listen()
    crm = await (await istra.other()).crm(BOB)
    calls = await crm.listen_to((await crm.get("v1/crm/GetTerminals"))[0]["terminalId"])
    counters = await (await (await istra.other()).user(BOB)).listen("mixed")
    o2g = await (await connect(istra.simulator)).log_in(ALICE, "secret")
    body = {"deviceId": "1000", "callee": "1001", "autoAnswer": True}
    assert (await o2g.call("POST", "/telephony/calls", body)).status == 201
    mine, theirs = await lines.items()
    assert (mine["state"], mine["displayedLabel"]) == ("prompting", "Bob Keller")
    assert (theirs["state"], theirs["isIncoming"]) == ("prompting", True)
    assert [each["event"] for each in await calls.items()] == ["callRinging"]
    await rcc.do(theirs, "answer")
    seen = (await o2g.call("GET", "/telephony/calls")).body["calls"]
    assert [each["callData"]["state"] for each in seen] == ["ACTIVE"]
    assert [each["event"] for each in await calls.items()] == ["callTalking"]
    await rcc.do(mine, "disconnect")
    assert (await o2g.call("GET", "/telephony/calls")).body == {"calls": []}
    assert [each["state"] for each in await lines.all_items()][-2:] == ["dropped", "dropped"]
    assert (await o2g.call("POST", "/telephony/calls", body)).status == 201
    mine, _ = await lines.items()
    await rcc.do(mine, "disconnect")
    (waiting,) = await counters.items()
    assert waiting["unreadMissedCalls"] == 1


async def test_a_call_through_istra_is_seen_in_o2g(istra: Istra, connect: Any) -> None:
    o2g = await (await connect(istra.simulator)).log_in(BOB, "secret")
    channel = await o2g.channel(await o2g.subscribe("telephony", ids=[BOB]), greetings=2)
    path = f"v1/user/Terminal/{await terminal(istra)}/placeCall"
    await istra.ask("POST", path, {"destination": "1001"})
    rcc = await (await istra.other()).rcc()
    await rcc.do(await rcc.line_of("1000"), "answer")
    event = await channel.next()
    assert event["eventName"] == "OnCallCreated"
    assert event["callData"]["state"] == "RINGING_INCOMING"
    await until(lambda: istra.switch.calls_of(BOB))
