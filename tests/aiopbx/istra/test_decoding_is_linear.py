"""Decoding takes a time that grows as the length of a frame does, whatever is in it."""

import json
import logging
from collections.abc import Callable
from time import process_time
from typing import Any, Final

import pytest
from hypothesis import example, given, settings as hypothesis_settings, strategies as some

from aiopbx.http.tap import WireStatistics
from aiopbx.http.transport import MOST_OF_AN_ERROR, shortened
from aiopbx.istra.decoding import FrameDecoder, Push, forgiving, mended
from aiopbx.istra.types.rcc import CallLine
from aiopbx.istra.types.session import Application
from aiopbx.o2g.decoding import EventDecoder

SHORT: Final = 40_000
TIMES: Final = 8
"""So much longer is the long one. What is quadratic takes 64 times as long."""
AT_MOST: Final = 24


def a_push(items: list[bytes]) -> bytes:
    return b'{"listenerName":"one","item":[' + b",".join(items) + b"]}"


def some_of(text: bytes, size: int) -> bytes:
    return text * (size // len(text))


FRAMES: Final[dict[str, Callable[[int], bytes]]] = {
    "objects behind each other": lambda size: some_of(b"{}", size),
    "objects with other names behind each other": lambda size: b"".join(b'{"a%d":1}' % n for n in range(size // 10)),
    "commas": lambda size: some_of(b",", size),
    "a comma before spaces before brackets": lambda size: b"[1," + b" " * (size // 2) + b"]" * (size // 2),
    "commas with spaces": lambda size: b"[" + some_of(b",   ", size) + b"]",
    "spaces before a bracket": lambda size: b"[" + b" " * size + b"] x",
    "quotes": lambda size: b'"' * size + b"]",
    "single quotes": lambda size: b"'" * size,
    "curly quotes": lambda size: some_of("\u201ca\u201d".encode(), size),
    "curly quotes that nothing closes": lambda size: some_of("\u201ea \u2018".encode(), size),
    "backslashes": lambda size: b'"' + b"\\" * size,
    "backslashes in curly quotes": lambda size: "\u201c".encode() + b"\\" * size,
    "brackets": lambda size: b"[" * size,
    "empty items": lambda size: a_push([b"{}"] * (size // 3)),
    "ids as numbers": lambda size: a_push([b'{"lineId":%d}' % n for n in range(size // 16)]),
    "unlisted values": lambda size: a_push([b'{"lineId":"1","state":"s%d"}' % n for n in range(size // 30)]),
    "unknown names": lambda size: a_push(
        [b'{"lineId":1,' + b",".join(b'"k%d":1' % n for n in range(size // 10)) + b"}"]
    ),
    "digits": lambda size: a_push([b'{"lineId":' + b"1" * size + b"}"]),
    "halves of characters": lambda size: b"{,}" + some_of(rb'{"a":"\ud800"}', size),
}


@pytest.fixture(autouse=True)
def nothing_logged(caplog: pytest.LogCaptureFixture) -> None:
    """What these tests make up fills no log."""
    caplog.set_level(logging.WARNING)


def seconds(work: Callable[[], object]) -> float:
    """What it takes at least."""
    took = []
    for _ in range(2):
        began = process_time()
        work()
        took.append(process_time() - began)
    return min(took)


@pytest.mark.parametrize("what", FRAMES)
def test_a_frame_that_is_longer_takes_as_much_longer(what: str) -> None:
    short, long = FRAMES[what](SHORT), FRAMES[what](SHORT * TIMES)
    one = seconds(lambda: FrameDecoder(Application.RCC).decode(short))
    other = seconds(lambda: FrameDecoder(Application.RCC).decode(long))
    assert other < max(one, 0.001) * AT_MOST, f"{len(short)} bytes: {one:.4f} s, {len(long)} bytes: {other:.4f} s"


LINES: Final[dict[str, Callable[[int], bytes]]] = {
    "lines that are no events": lambda size: some_of(b"{}\n", size),
    "empty lines": lambda size: some_of(b"\n", size),
    "fields of the wrong type": lambda size: some_of(b'{"eventName":"OnCallModified","callRef":1}\n', size),
    "unknown events": lambda size: b"".join(b'{"eventName":"On%d"}\n' % n for n in range(size // 22)),
    "unknown names": lambda size: (
        b'{"eventName":"OnCallModified","callRef":1,' + b",".join(b'"k%d":1' % n for n in range(size // 10)) + b"}"
    ),
    "brackets": lambda size: b"[" * size,
}


@pytest.mark.parametrize("what", LINES)
def test_lines_of_the_other_system_do_too(what: str) -> None:
    short, long = LINES[what](SHORT), LINES[what](SHORT * TIMES)
    one = seconds(lambda: EventDecoder().decode_lines(short))
    other = seconds(lambda: EventDecoder().decode_lines(long))
    assert other < max(one, 0.001) * AT_MOST, f"{len(short)} bytes: {one:.4f} s, {len(long)} bytes: {other:.4f} s"


@pytest.mark.parametrize("what", ["<", "<script>", "<style>x</styl>", "< a >", "<script", "</"])
def test_the_page_of_an_error_does_too(what: str) -> None:
    short, long = what * (8192 // len(what)), what * (MOST_OF_AN_ERROR // len(what))
    one, other = seconds(lambda: shortened(short)), seconds(lambda: shortened(long))
    assert other < max(one, 0.001) * AT_MOST, f"{len(short)} letters: {one:.4f} s, {len(long)}: {other:.4f} s"


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<html><head><title>no</title></head><body><h1>Bad  gateway</h1></body>", "Bad gateway"),
        ("a<script>x > y</SCRIPT >b", "a b"),
        ("a<STYLE type=x>no</style\n>b <b>c</b>", "a b c"),
        ("a<script>never closed", "a never closed"),
        ("a <b", "a <b"),
        ("1 < 2", "1 < 2"),
        ("<headed>it is no head</headed>", "it is no head"),
    ],
)
def test_the_page_of_an_error_as_a_few_words(page: str, text: str) -> None:
    assert shortened(page) == text


def test_values_that_are_not_listed_are_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many were seen before: each text has its own looked at, and another client's are not."""
    statistics = WireStatistics()
    decoder = FrameDecoder(Application.RCC, statistics)
    FrameDecoder(Application.RCC).decode(a_push([b'{"lineId":"1","state":"of another client"}']))
    logged: list[str] = []
    monkeypatch.setattr(WireStatistics, "log_once", lambda self, what: logged.append(what))
    for n in range(20):
        decoder.decode(a_push([b'{"lineId":"1","state":"never %d"}' % n, b'{"lineId":"2","state":"first"}']))
    assert len(logged) == 40
    assert logged[-2:] == [
        "The server sends 'never 19', which LineState does not list",
        "The server sends 'first', which LineState does not list",
    ]
    assert statistics.unknown_values == 40
    decoder.decode(a_push([b'{"lineId":"%d","state":"never %d"}' % (n, n) for n in range(1000)]))
    assert statistics.unknown_values == 1040
    assert len(logged) <= 40 + 100, "of very many at once the latest"


# ------------------------------------------------------------------------------- what is mended, letter by letter

ODD: Final = "\u201c\u201d\u201e\u2018\u2019'"
SPACES: Final = " \t\r\n\u00a0\ufeff"


def letter_by_letter(text: str) -> str:
    """What mending means, said in another way."""
    made: list[str] = []
    closing = ""
    escaped = False
    for letter in text:
        if closing:
            if escaped:
                escaped = False
            elif letter == "\\":
                escaped = True
            elif letter in closing:
                closing, letter = "", '"'
        elif letter == '"':
            closing = '"'
        elif letter in ODD:
            closing = f'"\u201c\u201d{letter}' + ("\u2019" if letter == "\u2018" else "")
            letter = '"'
        elif letter in "]}":
            last = len(made) - 1
            while last >= 0 and made[last] in SPACES:
                last -= 1
            if last >= 0 and made[last] == ",":
                made[last] = " "
        elif letter in "\u00a0\ufeff":
            letter = " "
        made.append(letter)
    return "".join(made)


@hypothesis_settings(max_examples=500, deadline=None)
@given(text=some.text(alphabet=f'{ODD}{SPACES}",[]{{}}\\ab1', max_size=40))
@example(text="\u2018a\\")
@example(text="\u201ca\\\u201d\u201d,]")
def test_mending_is_what_it_means_letter_by_letter(text: str) -> None:
    assert mended(text) == letter_by_letter(text)


# ---------------------------------------------------------------------------------------------- halves of characters


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'{"a":"x\ud800y"}', {"a": "x\ufffdy"}),
        (r'{"a":["\udc00"]}', {"a": ["\ufffd"]}),
        (r'{"\ud800":1}', {"\ufffd": 1}),
        (r'{"a":"\ud83d\ude00",}', {"a": "\U0001f600"}),
        (r'{"a":"\\ud800",}', {"a": r"\ud800"}),
    ],
)
def test_half_a_character_costs_that_character(text: str, value: Any) -> None:
    assert forgiving(text.encode()) == value
    json.dumps(value).encode()


def test_half_a_character_in_a_push_costs_no_line() -> None:
    push = FrameDecoder(Application.RCC).decode(
        a_push([rb'{"lineId":"1","displayedLabel":"Ann \ud800"}', b'{"lineId":"2"}'])
    )
    assert isinstance(push, Push)
    first, second = push.items
    assert isinstance(first, CallLine)
    assert isinstance(second, CallLine)
    assert (first.displayed_label, second.line_id) == ("Ann \ufffd", "2")
