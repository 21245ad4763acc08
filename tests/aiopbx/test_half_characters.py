"""Half a character costs that character: not the event, the answer or the refusal that it is part of."""

import json
from typing import Any

import pytest

from aiopbx import Status
from aiopbx.http.tap import WireStatistics
from aiopbx.o2g.decoding import EventDecoder, read_answer
from aiopbx.o2g.types.users import User
from aiopbx.wire import whole_characters
from tests.aiopbx.office import Opened

HALVES = [rb"\ud83d", rb"\uDFFF", rb"\ud83d\ud83d", rb"\ud83d\u0041", rb"\udc00\ud800", b"\xed\xa0\xbd"]


@pytest.mark.parametrize(
    ("written", "whole"),
    [
        (b"plain", b"plain"),
        (rb"\ud83d\ude00", rb"\ud83d\ude00"),
        (rb"\ud83d\ud83d\ude00", rb"\ufffd\ud83d\ude00"),
        (rb"\ude00\ud83d", rb"\ufffd\ufffd"),
        (rb"\\ud83d", rb"\\ud83d"),
        (rb"\\\ud83d", rb"\\\ufffd"),
        (rb"\u00e9\ufffd", rb"\u00e9\ufffd"),
        ("é😀".encode(), "é😀".encode()),
        (b"a\xed\xa0\x80\xed\xbf\xbfb", rb"a\ufffd\ufffdb"),
        (b"\xed\x9f\xbf\xee\x80\x80", b"\xed\x9f\xbf\xee\x80\x80"),
        (b"a\xffb", b"a\xffb"),
    ],
)
def test_what_is_no_character(written: bytes, whole: bytes) -> None:
    assert whole_characters(written) == whole


@pytest.mark.parametrize("half", HALVES)
def test_in_an_event(half: bytes) -> None:
    decoder = EventDecoder()
    line = b'{"eventName": "OnUserInfoChanged", "loginName": "oxe1000", "user": {"lastName": "M' + half + b'ller"}}'
    other = b'{"eventName": "OnChannelInformation", "text": "keepalive"}'
    events: list[Any] = decoder.decode_lines(other + b"\n" + line + b"\n" + other + b"\n")
    assert len(events) == 3
    assert events[1].login_name == "oxe1000"
    assert decoder.statistics.malformed_frames == decoder.statistics.bad_fields == 0


@pytest.mark.parametrize("half", HALVES)
def test_in_an_answer(half: bytes) -> None:
    user = read_answer(b'{"loginName": "a", "lastName": "M' + half + b'ller"}', User, WireStatistics())
    assert user.login_name == "a"
    assert user.last_name is not None
    assert "\ufffd" in user.last_name
    json.dumps(user.last_name, ensure_ascii=False).encode()


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", rb'{"loginName": "\ud83d"'])
def test_what_cannot_be_read_anyway(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        read_answer(body, User, WireStatistics())


@pytest.mark.office("chunk", "webhook", "tunnel")
async def test_no_link_is_lost_by_it(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        half = rb'{"eventName": "OnUserInfoChanged", "loginName": "oxe1000", "user": {"lastName": "M\ud83d"}}'
        for subscribed in one.simulator.server.subscriptions.all:
            subscribed.put(half + b"\n")
        await one.caught_up(pbx)
        assert pbx.status is Status.ONLINE
        assert pbx.statistics.losses == pbx.statistics.malformed_frames == pbx.statistics.bad_fields == 0
