"""The edges of decoding Istra: frames, values written in other ways, and JSON that has to be mended."""

import json
import logging
from typing import Any

import pytest

from aiopbx.http.tap import WireStatistics
from aiopbx.istra.decoding import (
    LOOK_EVERY,
    PIECE,
    Frame,
    FrameDecoder,
    Ping,
    Push,
    convert,
    forgiving,
    mended,
    read_answer,
    unknown_fields,
)
from aiopbx.istra.types.base import Id
from aiopbx.istra.types.crm import CrmCallEvent, CrmEvent, CrmTerminal
from aiopbx.istra.types.enduser import Enterprise, Notifications, PhoneLog, Terminal, UserInfo, Voicemails
from aiopbx.istra.types.rcc import CallLine, CallLines, Extension, Extensions, LineAction, LineState
from aiopbx.istra.types.session import Application, ErrorBody, ErrorInfo, SocketTimeout

LINE = {"lineId": "-1", "state": "talking"}


@pytest.fixture
def messages(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO)
    return caplog


@pytest.fixture
def decoder() -> FrameDecoder:
    return FrameDecoder(Application.RCC)


def texts(messages: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage().removesuffix(" (logged once)") for record in messages.records]


def counted(statistics: WireStatistics) -> dict[str, int]:
    """What was counted, but for what was not."""
    names = ("events", "unknown_events", "unknown_values", "unknown_fields", "malformed_frames", "bad_fields")
    return {name: getattr(statistics, name) for name in names if getattr(statistics, name)}


def push(*items: Any, **more: Any) -> bytes:
    return json.dumps({"listenerName": "one", "item": list(items), **more}, separators=(",", ":")).encode()


def the_line(frame: Frame | None) -> CallLine:
    assert isinstance(frame, Push)
    assert frame.listener == "one"
    (line,) = frame.items
    assert isinstance(line, CallLine)
    return line


# ------------------------------------------------------------------------ frames


@pytest.mark.parametrize(
    ("frame", "ping"),
    [
        (b"ping", Ping.PING),
        (b' "PING" ', Ping.PING),
        (b"pong", Ping.OTHER),
        (b'"Pong"', Ping.OTHER),
        (b"", Ping.OTHER),
        (b'""', Ping.OTHER),
        (b"  ", Ping.OTHER),
        (b'{"keepAlive":"true"}', Ping.OTHER),
    ],
)
def test_frames_that_only_say_that_someone_is_there(decoder: FrameDecoder, frame: bytes, ping: Ping) -> None:
    assert decoder.decode(frame) is ping
    assert counted(decoder.statistics) == {}


@pytest.mark.parametrize(
    ("frame", "why"),
    [
        (b"ping ping ping pin", "A frame that was pushed is not JSON and was skipped"),
        (b"hello", "A frame that was pushed is not JSON and was skipped"),
        (b"[" * 5000, "A frame that was pushed is not JSON and was skipped"),
        (b"7", "A frame that was pushed is no object and was skipped"),
        (b"[]", "A frame that was pushed is no object and was skipped"),
    ],
)
def test_frames_that_are_none(
    decoder: FrameDecoder, frame: bytes, why: str, messages: pytest.LogCaptureFixture
) -> None:
    assert decoder.decode(frame) is None
    assert decoder.decode(frame) is None
    assert counted(decoder.statistics) == {"malformed_frames": 2}
    assert texts(messages) == [why]


def test_a_long_ping_is_none(decoder: FrameDecoder) -> None:
    assert decoder.decode(b"ping" + b" " * 12) is Ping.PING
    assert decoder.decode(b"ping" + b" " * 13) is None


@pytest.mark.parametrize(
    ("given", "milliseconds"),
    [
        ({"timeout_milliseconds": 300000}, 300000),
        ({"Timeout_Milliseconds": "300000"}, 300000),
        ({"timeoutMilliseconds": 9.0}, 9),
        ({"timeout_milliseconds": "soon"}, 0),
        ({"timeout_milliseconds": None}, 0),
        ({"timeout_milliseconds": {}}, 0),
    ],
)
def test_the_first_frame(decoder: FrameDecoder, given: dict[str, Any], milliseconds: int) -> None:
    assert decoder.decode(json.dumps(given).encode()) == SocketTimeout(timeout_milliseconds=milliseconds)


def test_the_strict_way_and_the_forgiving_one_read_the_same(decoder: FrameDecoder) -> None:
    frame = push({**LINE, "creationTime": "17", "conference": "true", "actions": ["hold", "answer"]})
    line = CallLine(
        line_id="-1",
        state=LineState.TALKING,
        creation_time=17,
        conference=True,
        actions=(LineAction.HOLD, LineAction.ANSWER),
    )
    for _ in range(LOOK_EVERY + 3):
        assert the_line(decoder.decode(frame)) == line
    assert counted(decoder.statistics) == {"events": LOOK_EVERY + 3}


def test_several_items_and_one_without_a_list(decoder: FrameDecoder) -> None:
    for _ in range(2):
        got = decoder.decode(push(LINE, {**LINE, "lineId": "-2"}))
        assert isinstance(got, Push)
        assert [item.line_id for item in got.items if isinstance(item, CallLine)] == ["-1", "-2"]
    assert counted(decoder.statistics) == {"events": 4}
    for name in ("item", "items", "results", "Items"):
        frame = json.dumps({"listenerName": "one", name: LINE}).encode()
        assert the_line(decoder.decode(frame)).line_id == "-1"
    got = decoder.decode(json.dumps(LINE).encode())
    assert isinstance(got, Push)
    assert (got.listener, len(got.items)) == ("", 1)
    assert decoder.decode(json.dumps({"listenerName": 7, "item": LINE}).encode()) == got


def test_an_item_beside_a_keepalive_counts(decoder: FrameDecoder) -> None:
    assert the_line(decoder.decode(push(LINE, keepAlive=True))).line_id == "-1"


@pytest.mark.parametrize("application", [Application.CRM, Application.USER])
def test_items_of_the_other_applications(application: Application) -> None:
    decoder = FrameDecoder(application)
    item: dict[str, Any] = {"event": "callRinging", "callId": "-4"}
    read: Any = CrmCallEvent(event=CrmEvent.RINGING, call_id="-4")
    if application is Application.USER:
        item, read = {"unreadMissedCalls": "2"}, Notifications(unread_missed_calls=2)
    for _ in range(3):
        frame = {"listenerName": "one", "item": [item] if application is Application.CRM else item}
        assert decoder.decode(json.dumps(frame).encode()) == Push("one", (read,))
    assert counted(decoder.statistics) == {"events": 3}


def test_counters_without_any(messages: pytest.LogCaptureFixture) -> None:
    decoder = FrameDecoder(Application.USER)
    for _ in range(2):
        assert decoder.decode(b'{"listenerName": "one", "item": {"other": 1}}') is None
    assert counted(decoder.statistics) == {"malformed_frames": 2}
    assert texts(messages) == ["Something that was pushed holds no counter and was skipped"]
    assert isinstance(decoder.decode(b'{"listenerName": "one", "item": {" UNREADMissedCalls": 1}}'), Push)


def test_an_item_without_an_id(decoder: FrameDecoder, messages: pytest.LogCaptureFixture) -> None:
    assert the_line(decoder.decode(push({"state": "held"}, LINE))).line_id == "-1"
    assert decoder.decode(push({"lineId": ""})) is None
    assert decoder.decode(push(7)) is None
    assert decoder.statistics.malformed_frames == 3
    assert "A CallLine that was pushed has no id and was skipped" in texts(messages)
    assert decoder.decode(push()) is None
    assert decoder.statistics.malformed_frames == 3


def test_a_bad_frame_after_good_ones_is_looked_at_the_forgiving_way(decoder: FrameDecoder) -> None:
    the_line(decoder.decode(push(LINE)))
    line = the_line(decoder.decode(push({**LINE, "creationTime": "then", "actions": "hold", "isIncoming": "yes"})))
    assert line == CallLine(line_id="-1", state=LineState.TALKING, actions=(LineAction.HOLD,), is_incoming=True)
    assert counted(decoder.statistics) == {"events": 2, "bad_fields": 1}
    assert the_line(decoder.decode(b'{"listenerName":"one","item":[{"lineId":"-1",}]}')).line_id == "-1"


def test_names_in_other_letters_are_read_from_then_on(decoder: FrameDecoder) -> None:
    the_line(decoder.decode(push(LINE)))
    for _ in range(2):
        frame = b'{"listenerName":"one","item":[{"lineid":"-1","State ":"held"}]}'
        assert the_line(decoder.decode(frame)) == CallLine(line_id="-1", state=LineState.HELD)
        frame = push({"lineId": "-1", "STATE": "held"})
        assert the_line(decoder.decode(frame)).state is LineState.HELD
    assert counted(decoder.statistics) == {"events": 4 + 1}


@pytest.mark.parametrize("name", ["state ", " state", "STATE", "state\ufeff", "\u00a0State"])
def test_a_name_written_in_another_way_is_found_on_any_push(decoder: FrameDecoder, name: str) -> None:
    def frame(**item: str) -> bytes:
        item = {"lineId": "-1", **item}
        return json.dumps({"listenerName": "one", "item": [item]}, ensure_ascii=False, separators=(",", ":")).encode()

    first = frame(**{name: "held"})
    assert the_line(decoder.decode(first)).state is LineState.HELD
    assert the_line(decoder.decode(frame(state="talking"))).state is LineState.TALKING
    assert the_line(decoder.decode(frame(state="talking", mood="good"))).state is LineState.TALKING
    assert the_line(decoder.decode(first)).state is LineState.HELD, "this server writes so, and will again"
    assert decoder.statistics.unknown_fields == 1


def test_a_space_at_a_name_that_comes_late(decoder: FrameDecoder) -> None:
    the_line(decoder.decode(push(LINE)))
    frame = b'{"listenerName":"one","item":[{"lineId":"-1"," state":"held"}]}'
    assert the_line(decoder.decode(frame)).state is LineState.HELD


def test_numbers_as_text_need_no_look(decoder: FrameDecoder) -> None:
    the_line(decoder.decode(push(LINE)))
    line = the_line(decoder.decode(push({**LINE, "creationTime": "17", "conference": "true", "mood": 1})))
    assert (line.creation_time, line.conference) == (17, True)
    assert decoder.statistics.unknown_fields == 0, "the strict way reads them as well"


def test_items_that_are_no_objects(messages: pytest.LogCaptureFixture) -> None:
    decoder = FrameDecoder(Application.USER)
    assert decoder.decode(b'{"listenerName": "one", "item": [7]}') is None
    assert "A Notifications that was pushed has no id and was skipped" in texts(messages)
    decoder = FrameDecoder(Application.RCC)
    assert decoder.decode(b'{"listenerName": "one", "item": [{"other": 1}]}') is None
    assert "A CallLine that was pushed has no id and was skipped" in texts(messages)
    assert "Something that was pushed holds no counter and was skipped" not in texts(messages)


def test_unknown_fields_do_not_make_a_server_one_that_writes_in_other_letters(decoder: FrameDecoder) -> None:
    the_line(decoder.decode(push({**LINE, "mood": 1})))
    assert decoder.statistics.unknown_fields == 1
    the_line(decoder.decode(push({**LINE, "weather": 1})))
    assert decoder.statistics.unknown_fields == 1, "looked at once in a thousand"


def test_when_a_push_is_looked_at_again(decoder: FrameDecoder) -> None:
    the_line(decoder.decode(push(LINE)))
    for _ in range(LOOK_EVERY):
        the_line(decoder.decode(push({**LINE, "mood": 1})))
    assert decoder.statistics.unknown_fields == 0
    the_line(decoder.decode(push({**LINE, "mood": 1})))
    assert decoder.statistics.unknown_fields == 1


def test_values_that_are_not_listed(decoder: FrameDecoder, messages: pytest.LogCaptureFixture) -> None:
    word = "s" * 100
    for number in range(1, 4):
        assert the_line(decoder.decode(push({**LINE, "state": word}))).state == word
        assert decoder.statistics.unknown_values == number
    assert f"The server sends {word[:80]!r}, which LineState does not list" in texts(messages)
    the_line(decoder.decode(push({**LINE, "state": "waltz", "creationTime": "then"})))
    assert decoder.statistics.unknown_values == 4, "counted once, although it was tried twice"
    the_line(decoder.decode(push(LINE)))
    assert decoder.statistics.unknown_values == 4


# ------------------------------------------------------------------------ answers


def test_pages_of_an_answer() -> None:
    statistics = WireStatistics()
    page = {"count": 1, "items": [LINE]}
    strict = read_answer(json.dumps(page, separators=(",", ":")).encode(), CallLines, statistics)
    loose = read_answer(json.dumps(page).replace('"count"', '"count" ').encode(), CallLines, statistics)
    assert strict == loose == CallLines(count=1, items=(CallLine(line_id="-1", state=LineState.TALKING),))
    assert read_answer(b'{"count":0,"items":[]}', CallLines, statistics) == CallLines(count=0)
    assert read_answer(b'{"count":1,"Items":[{"lineId":"-1"}]}', CallLines, statistics).items[0].line_id == "-1"
    listed = read_answer(b'[{"lineId":"-1"},{"lineId":"-2"}]', CallLines, statistics)
    assert (listed.count, [one.line_id for one in listed.items]) == (2, ["-1", "-2"])
    spaced = b'{"count":1,"items":[{"lineId":"-1"," state":"held"}]}'
    assert read_answer(spaced, CallLines, statistics).items[0].state is LineState.HELD
    assert counted(statistics) == {}


@pytest.mark.parametrize("name", ["items", "results", "item", "Results"])
def test_a_list_that_comes_in_a_page(name: str) -> None:
    body = json.dumps({name: [{"terminalId": "5"}]}).encode()
    assert read_answer(body, tuple[CrmTerminal, ...], WireStatistics()) == (CrmTerminal(terminal_id="5"),)


def test_a_list_of_one_that_comes_alone() -> None:
    body = b'{"terminalId": "5"}'
    assert read_answer(body, tuple[CrmTerminal, ...], WireStatistics()) == (CrmTerminal(terminal_id="5"),)


def test_unlisted_values_of_answers() -> None:
    statistics = WireStatistics()
    read_answer(b'{"count":1,"items":[{"lineId":"-1","state":"polka"}]}', CallLines, statistics)
    assert counted(statistics) == {"unknown_values": 1}
    read_answer(b'{"count":1,"items":[{"lineId":"-1","state":"polka"}]}', CallLines, statistics)
    assert counted(statistics) == {"unknown_values": 2}
    read_answer(b'{"count":1,"items":[{"lineId":"-1","state":"polka","creationTime":"x"}]}', CallLines, statistics)
    assert counted(statistics) == {"unknown_values": 3, "bad_fields": 1}
    read_answer(b'{"lineId":"-1","state":"polka"}', CallLine, statistics)
    assert counted(statistics) == {"unknown_values": 4, "bad_fields": 1}


@pytest.mark.parametrize("body", [b"7", b'"text"', b"{}", b"[]"])
def test_an_answer_that_is_something_else(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"^not what was asked for$"):
        read_answer(body, CallLine, WireStatistics())


def test_an_answer_that_is_not_json() -> None:
    with pytest.raises(ValueError):
        read_answer(b"<html>", CallLine, WireStatistics())


def test_unknown_fields_of_answers(messages: pytest.LogCaptureFixture) -> None:
    statistics = WireStatistics()
    long = "f" * 100
    body = {"userName": "Anna", long: 1, "terminals": [{"abstractTerminalID": "5", "odd": 1}], "ent": {"odd": 1}}
    for _ in range(2):
        read_answer(json.dumps(body).encode(), UserInfo, statistics)
    assert sorted(texts(messages)) == [
        f"The server sends {name}, a field that is not known"
        for name in ("Enterprise.odd", "Terminal.odd", f"UserInfo.{long[:80]}")
    ]
    assert counted(statistics) == {"unknown_fields": 3}
    unknown_fields({" username ": 1, "userName\ufeff": 1}, UserInfo, statistics)
    unknown_fields(None, UserInfo | None, statistics)
    unknown_fields([{"odd": 1}], UserInfo, statistics)
    unknown_fields(7, tuple[Terminal, ...], statistics)
    unknown_fields({"odd": 1}, str, statistics)
    unknown_fields({"odd": 1}, Id, statistics)
    assert counted(statistics) == {"unknown_fields": 3}


# ------------------------------------------------------------------------ values


@pytest.mark.parametrize(
    ("given", "kind", "value"),
    [
        ("7", int, 7),
        (" 7 ", int, 7),
        ("-7", int, -7),
        (7.0, int, 7),
        ("7.0", int, 7),
        ("7.9", int, 7),
        (True, bool, True),
        ("TRUE ", bool, True),
        ("1", bool, True),
        (1, bool, True),
        ("yes", bool, True),
        ("False", bool, False),
        ("0", bool, False),
        ("no", bool, False),
        (0, bool, False),
        ("", bool, False),
        (7, str, "7"),
        (7.0, str, "7"),
        (True, str, "true"),
        (False, str, "false"),
        (" a ", str, " a "),
        (" Talking ", LineState, LineState.TALKING),
        (2**63 - 1, int, 2**63 - 1),
        (-(2**63) + 1, int, -(2**63) + 1),
        ("", int | None, None),
        ("", bool | None, None),
        (None, int | None, None),
        ("", str | None, ""),
        ("a", str | None, "a"),
    ],
)
def test_values_written_in_other_ways(given: Any, kind: Any, value: Any) -> None:
    statistics = WireStatistics()
    read = convert(given, kind, statistics)
    assert read == value
    assert type(read) is type(value)
    assert counted(statistics) == {}


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ("x", int),
        ("1.x", int),
        ("", int),
        ("1e999.", int),
        (2**63, int),
        (-(2**63), int),
        (7.5, int),
        (7.5, str),
        (None, str),
        ({}, str),
        ([], bool),
        ("maybe", bool),
        ("  ", LineState),
        ("", LineState),
    ],
)
def test_values_that_cannot_become_what_they_should(given: Any, kind: Any, messages: pytest.LogCaptureFixture) -> None:
    statistics = WireStatistics()
    convert(given, kind, statistics, "Some.field")
    assert counted(statistics) == {"bad_fields": 1}
    assert texts(messages) == [
        "The server sends Some.field as another type than the guides say, or not at all; it is left out"
    ]


@pytest.mark.parametrize(
    ("given", "read", "bad"),
    [
        (["a", "b"], ("a", "b"), 0),
        ("a", ("a",), 0),
        ("", (), 0),
        (None, (), 0),
        ([], (), 0),
        (["a", {}, "b"], ("a", "b"), 1),
        ({}, (), 1),
    ],
)
def test_lists(given: Any, read: tuple[str, ...], bad: int) -> None:
    statistics = WireStatistics()
    assert convert(given, tuple[str, ...], statistics) == read
    assert statistics.bad_fields == bad
    assert convert(given, tuple[str, ...] | None, statistics) == (None if given is None else read)


def test_where_something_bad_was_sent(messages: pytest.LogCaptureFixture) -> None:
    statistics = WireStatistics()
    convert(["a", {}], tuple[str, ...], statistics, "Some.list")
    convert({"ent": 7, "terminals": [7, {"abstractTerminalID": "5", "label": {}}]}, UserInfo, statistics)
    convert(7, UserInfo, statistics)
    assert [text.split()[3] for text in texts(messages)] == [
        "Some.list",
        "UserInfo.ent",
        "UserInfo.terminals",
        "Terminal.label",
        "UserInfo",
    ]


def test_structures_by_names_in_any_letters(messages: pytest.LogCaptureFixture) -> None:
    statistics = WireStatistics()
    assert convert({" ABSTRACTterminalid\ufeff": 5, "LABEL": "x"}, Terminal, statistics) == Terminal(
        abstract_terminal_id="5", label="x"
    )
    assert convert({"abstractTerminalID": "5", "label": None, "Label": "y"}, Terminal, statistics).label == "y"
    assert convert({"label": "x"}, Terminal, statistics) is convert(7, Terminal, statistics)
    assert counted(statistics) == {"bad_fields": 2}
    assert [text.split()[3] for text in texts(messages)] == ["Terminal.abstractTerminalID", "Terminal"]


def test_a_needed_value_that_is_bad_or_empty() -> None:
    statistics = WireStatistics()
    dropped = convert({}, Terminal, statistics)
    assert convert({"abstractTerminalID": {}}, Terminal, statistics) is dropped
    assert convert({"abstractTerminalID": ""}, Terminal, statistics) is dropped
    assert convert({"abstractTerminalID": "5", "label": {}}, Terminal, statistics) == Terminal(abstract_terminal_id="5")
    assert convert({"abstractTerminalID": "5", "label": ""}, Terminal, statistics).label == ""


@pytest.mark.parametrize(
    ("given", "lower", "upper"),
    [
        ({"department": "a", "Department": "b"}, "a", "b"),
        ({"Department": "b"}, None, "b"),
        ({"department": "a"}, "a", None),
        ({"DEPARTMENT": "c"}, "c", "c"),
    ],
)
def test_two_fields_that_differ_by_a_letter(given: dict[str, str], lower: str | None, upper: str | None) -> None:
    read = convert({"restUri": "v1/rcc/Extension/-1", **given}, Extension, WireStatistics())
    assert (read.department, read.other_department) == (lower, upper)


def test_an_enterprise_that_is_a_text() -> None:
    assert convert("Acme", Enterprise, WireStatistics()) == Enterprise(full_name="Acme")
    assert convert({"ent": "Acme"}, UserInfo, WireStatistics()).ent == Enterprise(full_name="Acme")
    statistics = WireStatistics()
    convert("Acme", Terminal, statistics)
    convert("Acme", UserInfo, statistics)
    assert counted(statistics) == {"bad_fields": 2}


def test_structures_in_structures() -> None:
    given = {"code": 12, "info": {"type": {"id": 1, "msg": "m"}, "property": "p"}}
    read = convert(given, ErrorBody, WireStatistics())
    assert read.code == "12"
    assert isinstance(read.info, ErrorInfo)
    assert (read.info.property, read.info.type.id) == ("p", "1")


@pytest.mark.parametrize("kind", [Extensions, Voicemails])
def test_pages_that_come_as_lists(kind: Any) -> None:
    assert read_answer(b"[]", kind, WireStatistics()) == kind(count=0)


def test_a_record_of_the_history_as_text() -> None:
    body = b'{"callHistoryId": -7, "isMissed": "true", "ringDurationSecond": "4"}'
    assert read_answer(body, PhoneLog, WireStatistics()) == PhoneLog(
        call_history_id="-7", is_missed=True, ring_duration_second=4
    )


# ------------------------------------------------------------------------ JSON


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a": 1}', {"a": 1}),
        (b"\xef\xbb\xbf" + b'{"a": 1,}', {"a": 1}),
        (b'{"a": [1, 2, ], }', {"a": [1, 2]}),
        (b'{"a": "x,}"}', {"a": "x,}"}),
        (b'{"a": "x,}", }', {"a": "x,}"}),
        ("{\u201ca\u201d: \u201cb\u201d}".encode(), {"a": "b"}),
        ("{\u201ea\u201c: \u2018b\u2019}".encode(), {"a": "b"}),
        ("{\u201da\u201d: \u2019b\u2019}".encode(), {"a": "b"}),
        (b"{'a': 'b'}", {"a": "b"}),
        ("{\u201ca\u201d: \u201cit\u2019s\u201d}".encode(), {"a": "it\u2019s"}),
        ("{\u2018a\u2019: \u2018bXc\u2019, \u201cd\u201d: \u201ceXf\u201d}".encode(), {"a": "bXc", "d": "eXf"}),
        ('{\u201ca": "b"}'.encode(), {"a": "b"}),
        ("{\u201ca\u201d: \u201cit's\u201d, }".encode(), {"a": "it's"}),
        (b"{'a': 'x\\'y', }", None),
        (b'{"a": "x\\"y", }', {"a": 'x"y'}),
        (b'{"a": "x\\\\", }', {"a": "x\\"}),
        ('\u00a0{\u00a0"a":\u00a01\ufeff}'.encode(), {"a": 1}),
        ('{"a": "x\u00a0y", }'.encode(), {"a": "x\u00a0y"}),
        (b'{"a": 1} {"b": 2}', {"a": 1, "b": 2}),
        (b'{"a": 1}, {"b": 2}, {"a": 3}', {"a": 3, "b": 2}),
        (b'{"a": 1}}]', {"a": 1}),
        (b'{"a": 1} ] }', {"a": 1}),
        (b'"a": 1}', {"a": 1}),
        (b'{"a": "line\nbreak", }', {"a": "line\nbreak"}),
        (b'{"a": "\xff", }', {"a": "\ufffd"}),
        (b'"text"', "text"),
        (b'"text"]', "text"),
        ('\ufeff\ufeff{"a": 1,}\ufeff'.encode(), {"a": 1}),
        (b"[1, 2,]", [1, 2]),
    ],
)
def test_json_that_has_to_be_mended(body: bytes, value: Any) -> None:
    if value is None:
        with pytest.raises(ValueError):
            forgiving(body)
    else:
        assert forgiving(body) == value


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"a" 1}',
        b"<html>",
        b'[1] {"a": 1}',
        b'{"a": 1} [2]',
        b'{"a": 1} x',
        b"{,}x",
        b'{"a": 1} X',
        b'{"a": 1}]X',
    ],
)
def test_what_cannot_be_mended(body: bytes) -> None:
    with pytest.raises(ValueError):
        forgiving(body)


def test_what_is_too_deep() -> None:
    with pytest.raises(ValueError, match=r"^too deep$"):
        forgiving(b"[" * 100_000)


def test_more_than_one_value() -> None:
    with pytest.raises(ValueError, match=r"^more than one value$"):
        forgiving(b'{"a": 1} [2]')
    with pytest.raises(ValueError, match=r"^more than one value$"):
        forgiving(b'[2] {"a": 1}')


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("", ""),
        ("]", "]"),
        (",}", " }"),
        (",X", ",X"),
        (", \n}", "  \n}"),
        ("[1,,]", "[1, ]"),
        ('",}"', '",}"'),
        ('"\\",}"', '"\\",}"'),
        ("\u00a0,\ufeff]", "   ]"),
        ("'a\"", '"a"'),
    ],
)
def test_mending(text: str, after: str) -> None:
    assert mended(text) == after


@pytest.mark.parametrize(("text", "after"), [("“b", '"b'), ("“b\\", '"b\\'), ("“", '"')])
def test_a_curly_quote_that_nothing_closes(text: str, after: str) -> None:
    assert mended(text) == after, "it stays open"


def test_what_cannot_be_read_is_said_in_words(decoder: FrameDecoder) -> None:
    said: list[str] = []
    decoder.on_missed = said.append
    assert decoder.decode(b"[1]") is None
    assert said == ["A frame that was pushed is no object and was skipped"]


# ------------------------------------------------------------------------ long frames


def test_the_forgiving_way_reads_no_more_than_a_piece_at_a_time(decoder: FrameDecoder) -> None:
    frame = push(*(LINE | {"lineId": str(n)} for n in range(2 * PIECE + 1)))
    pieces = decoder.pieces(frame)
    for sizes, total in ((PIECE, PIECE), (PIECE, 2 * PIECE), (1, 2 * PIECE + 1)):
        piece = next(pieces)
        assert isinstance(piece, Push)
        assert (len(piece.items), decoder.statistics.events) == (sizes, total)
    assert next(pieces, None) is None


def test_the_strict_way_reads_a_long_frame_at_once(decoder: FrameDecoder) -> None:
    the_line(decoder.decode(push(LINE)))
    frame = push(*(LINE | {"lineId": str(n)} for n in range(PIECE + 1)))
    pieces = decoder.pieces(frame)
    first = next(pieces)
    assert decoder.statistics.events == PIECE + 2
    (second,) = pieces
    assert isinstance(first, Push)
    assert isinstance(second, Push)
    assert (first.listener, second.listener) == ("one", "one")
    assert [line.line_id for line in (*first.items, *second.items) if isinstance(line, CallLine)] == [
        str(n) for n in range(PIECE + 1)
    ]
