"""Text is made clean at the border, once, in both decoders: what no text should hold costs those characters alone."""

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from aiopbx import Status
from aiopbx.clean_text import clean, read_json, unclean
from aiopbx.http.tap import WireStatistics
from aiopbx.istra.decoding import FrameDecoder, Push, read_answer as read_istra
from aiopbx.istra.types.rcc import CallLines
from aiopbx.istra.types.session import Application
from aiopbx.o2g.decoding import EventDecoder, read_answer as read_o2g
from aiopbx.o2g.types.users import User
from tests.aiopbx.office import Opened, until

BROKEN = {
    "a byte that is not UTF-8": (b"M\xffller", "M\ufffdller", 1),
    "a character that is cut": (b"M\xc3", "M\ufffd", 1),
    "latin-1": (b"M\xfcller", "M\ufffdller", 1),
    "half a pair": (rb"M\ud83dller", "M\ufffdller", 1),
    "the other half": (rb"M\udc00", "M\ufffd", 1),
    "half a pair as bytes": (b"M\xed\xa0\xbdller", "M\ufffdller", 1),
    "a raw control character": (b"M\x01ller", "Mller", 1),
    "a raw NUL": (b"M\x00ller", "Mller", 1),
    "NUL as an escape": (rb"M\u0000ller", "Mller", 1),
    "a control character as an escape": (rb"M\u001bller\b", "Mller", 2),
    "DEL": (b"M\x7fller", "Mller", 1),
    "DEL as an escape": (rb"M\u007fller", "Mller", 1),
    "C1": ("M\x85ller".encode(), "Mller", 1),
    "C1 as an escape": (rb"M\u009Bller", "Mller", 1),
    "a direction": ("M\u202eller".encode(), "Mller", 1),
    "a direction as an escape": (rb"M\u202Eller", "Mller", 1),
    "isolates": ("\u2067Müller\u2069".encode(), "Müller", 2),
    "isolates as escapes": (rb"\u2067M\u00fcller\u2069", "Müller", 2),
}
FINE = {
    "plain": (b"Ada", "Ada"),
    "accents": ("Müller é 😀".encode(), "Müller é 😀"),
    "escapes": (rb"M\u00fcller \ud83d\ude00 \"\\\/", 'Müller 😀 "\\/'),
    "an escaped backslash": (rb"C:\\u0000", "C:\\u0000"),
    "a tab and a line": (rb"a\tb\nc", "a\tb\nc"),
    "marks of Hebrew": ("\u200f\u05e9\u200e".encode(), "\u200f\u05e9\u200e"),
    "quotes that begin as directions do": ("“Ada” €".encode(), "“Ada” €"),
    "signs that begin as C1 does": ("«£ 5»".encode(), "«£ 5»"),
}
EVENT = b'{"eventName": "OnUserInfoChanged", "loginName": "oxe1000", "user": {"lastName": "%s"}}'
PUSH = b'{"listenerName":"one","item":[{"lineId":"7","displayedLabel":"%s"}]}'


@pytest.mark.parametrize("case", BROKEN)
def test_in_an_event_of_o2g(case: str) -> None:
    written, meant, lost = BROKEN[case]
    decoder = EventDecoder()
    other = b'{"eventName": "OnChannelInformation", "text": "keepalive"}'
    events: list[Any] = decoder.decode_lines(b"\n".join((other, EVENT % written, other, b"")))
    assert len(events) == 3
    assert events[1].user.last_name == meant
    assert decoder.statistics.bad_characters == lost
    assert decoder.statistics.malformed_frames == decoder.statistics.bad_fields == 0


@pytest.mark.parametrize("case", BROKEN)
def test_in_an_answer_of_o2g(case: str) -> None:
    written, meant, lost = BROKEN[case]
    statistics = WireStatistics()
    user = read_o2g(b'{"loginName": "a", "lastName": "%s"}' % written, User, statistics)
    assert (user.login_name, user.last_name) == ("a", meant)
    assert statistics.bad_characters == lost


@pytest.mark.parametrize("case", BROKEN)
def test_in_a_push_of_istra(case: str) -> None:
    written, meant, lost = BROKEN[case]
    decoder = FrameDecoder(Application.RCC)
    for _ in range(2):  # the first is looked at, the second would go the strict way
        before = decoder.statistics.bad_characters
        frame = decoder.decode(PUSH % written)
        assert isinstance(frame, Push)
        assert [item.displayed_label for item in frame.items] == [meant]  # type: ignore[union-attr]
        assert decoder.statistics.bad_characters == before + lost
    assert decoder.statistics.malformed_frames == 0


@pytest.mark.parametrize("case", BROKEN)
def test_in_an_answer_of_istra(case: str) -> None:
    written, meant, lost = BROKEN[case]
    statistics = WireStatistics()
    page = read_istra(b'{"count":1,"items":[{"lineId":"7","displayedLabel":"%s"}]}' % written, CallLines, statistics)
    assert [item.displayed_label for item in page.items] == [meant]
    assert statistics.bad_characters == lost


@pytest.mark.parametrize("case", FINE)
def test_what_is_fine_stays(case: str) -> None:
    written, meant = FINE[case]
    decoder = EventDecoder()
    (event,) = decoder.decode_lines(EVENT % written)
    assert event.user.last_name == meant  # type: ignore[union-attr]
    frame = FrameDecoder(Application.RCC).decode(PUSH % written)
    assert isinstance(frame, Push)
    assert frame.items[0].displayed_label == meant  # type: ignore[union-attr]
    assert decoder.statistics.bad_characters == 0


def test_a_byte_order_mark_is_read() -> None:
    decoder = EventDecoder()
    assert len(decoder.decode_lines(b"\xef\xbb\xbf" + EVENT % b"Ada" + b"\n\xef\xbb\xbf\n")) == 1
    assert read_o2g(b'\xef\xbb\xbf{"loginName": "a"}', User, decoder.statistics).login_name == "a"
    frame = FrameDecoder(Application.RCC).decode(b"\xef\xbb\xbf" + PUSH % b"Ada")
    assert isinstance(frame, Push)
    assert decoder.statistics.malformed_frames == decoder.statistics.bad_characters == 0


def test_it_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    decoder = EventDecoder()
    with caplog.at_level("INFO"):
        decoder.decode_lines(b"\n".join([EVENT % b"\x01"] * 5))
    assert decoder.statistics.bad_characters == 5
    assert [record.message for record in caplog.records if "characters" in record.message] == [
        "The server sends characters that no text should hold; they are left out (logged once)"
    ]


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_comes_clean_and_can_be_stored(text: str) -> None:
    body = json.dumps({"text": text}).encode()
    value, lost = read_json(body)
    made = value["text"]
    made.encode()
    assert clean(made) == (made, 0)
    assert (made == text) is (lost == 0)
    if lost and not any(0xD800 <= ord(letter) < 0xE000 for letter in text):
        assert unclean(body), "the strict way would have let it through"
        assert unclean(json.dumps({"text": text}, ensure_ascii=False).encode()) or any(ord(one) < 32 for one in text)


@given(st.binary())
def test_any_bytes_never_cost_more_than_characters(raw: bytes) -> None:
    inside = raw.replace(b'"', b"").replace(b"\\", b"").replace(b"\n", b"")
    decoder = EventDecoder()
    (event,) = decoder.decode_lines(EVENT % inside)
    (event.user.last_name or "").encode()  # type: ignore[union-attr]
    assert event.login_name == "oxe1000"  # type: ignore[union-attr]


NAME = "M\u0000\u202e\x1bller"


@pytest.mark.office("chunk", "webhook", "tunnel")
async def test_a_call_of_a_broken_name_appears(office: Opened) -> None:
    """One character lost a whole call that rings, made log and directory unreadable, and the connection impossible."""
    async with office() as one:
        one.switch.users["oxe1001"].last_name = NAME
        pbx = await one.connect()
        line = pbx.line("oxe1000")
        await pbx.line("oxe1001").dial("1000")
        call = await line.wait_for_call(timeout=30)
        assert call.party is not None
        assert "Mller" in call.party.name
        await call.hang_up()
        await until(lambda: not line.calls)
        assert [record async for record in line.call_log()]
        figures = pbx.statistics
        assert figures.bad_characters > 0
        assert (figures.losses, figures.malformed_frames, figures.bad_fields) == (0, 0, 0)
        assert pbx.status is Status.ONLINE
