"""The edges of decoding: what is counted, what is told of it, and what of a bad value is saved."""

import json
import logging
from typing import Any

import pytest

from aiopbx.http.secrets import Mask
from aiopbx.http.tap import WireMessage, WireStatistics
from aiopbx.o2g.decoding import LOOK_EVERY, EventDecoder, read_answer
from aiopbx.o2g.types.events import UnknownEvent
from aiopbx.o2g.types.sessions import SessionInfo, SubscriptionRequest
from aiopbx.o2g.types.telephony import (
    CallCause,
    DeviceState,
    DeviceStates,
    HuntingGroupStatus,
    OnCallCreated,
    OnCallRemoved,
    OnTelephonyState,
    OperationalState,
    TelephonicState,
)


def line(name: str = "OnCallRemoved", **fields: Any) -> bytes:
    return json.dumps({"eventName": name, "loginName": "oxe1000", **fields}).encode()


@pytest.fixture
def decoder() -> EventDecoder:
    return EventDecoder()


@pytest.fixture
def messages(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO)
    return caplog


def counted(statistics: WireStatistics) -> dict[str, int]:
    """What was counted, but for what was not."""
    names = ("events", "unknown_events", "unknown_values", "unknown_fields", "malformed_frames", "bad_fields")
    return {name: getattr(statistics, name) for name in names if getattr(statistics, name)}


def texts(messages: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in messages.records]


# ------------------------------------------------------------------------ lines


def test_events_are_counted_into_what_was_given() -> None:
    statistics = WireStatistics(events=5)
    decoder = EventDecoder(statistics)
    assert decoder.statistics is statistics
    decoder.decode_lines(line(callRef="1") + b"\n" + line(callRef="2") + b"\n")
    decoder.decode(line(callRef="3"))
    assert counted(statistics) == {"events": 8}
    decoder.decode(b"")
    assert counted(statistics) == {"events": 8}


def test_one_bad_line_among_good_ones(decoder: EventDecoder) -> None:
    events = decoder.decode_lines(b"\n".join([line(callRef="1"), b"{", b"", line(callRef="2"), b" "]))
    assert [event.call_ref for event in events if isinstance(event, OnCallRemoved)] == ["1", "2"]
    assert counted(decoder.statistics) == {"events": 2, "malformed_frames": 1}


@pytest.mark.parametrize(
    "bad", [b"\xff\xfe", b"[" * 5000, b'{"eventName": "OnCallRemoved", "callRef": NaN}', b'{"eventName": ""}']
)
def test_what_cannot_be_read_at_all(decoder: EventDecoder, bad: bytes, messages: pytest.LogCaptureFixture) -> None:
    assert decoder.decode(bad) is None
    assert decoder.decode_lines(bad) == []
    assert counted(decoder.statistics) == {"malformed_frames": 2}
    assert texts(messages) == ["A line of the event channel was no event and was skipped (logged once)"]


def test_a_line_that_is_too_long(decoder: EventDecoder, messages: pytest.LogCaptureFixture) -> None:
    decoder.overlong()
    decoder.overlong()
    assert counted(decoder.statistics) == {"malformed_frames": 2}
    assert texts(messages) == ["A line of the event channel was too long and was skipped (logged once)"]


def test_an_event_that_nobody_knows(decoder: EventDecoder, messages: pytest.LogCaptureFixture) -> None:
    long = "On" + "X" * 100
    raw = json.dumps({"eventName": long, "loginName": 7}).encode()
    assert decoder.decode(raw) == UnknownEvent(name=long, raw=raw, login_name=None)
    assert decoder.decode_lines(line(long)) == [UnknownEvent(name=long, raw=line(long), login_name="oxe1000")]
    assert counted(decoder.statistics) == {"events": 2, "unknown_events": 2}
    assert texts(messages) == [f"The server sends {long[:80]!r}, an event that is not known (logged once)"]


# ------------------------------------------------------------------------ values that are not listed


def test_values_that_are_not_listed_are_counted_one_by_one(
    decoder: EventDecoder, messages: pytest.LogCaptureFixture
) -> None:
    word = "W" * 100
    decoder.decode(line(cause="FIRST_NEW"))
    assert counted(decoder.statistics) == {"events": 1, "unknown_values": 1}
    (event,) = decoder.decode_lines(line("OnCallCreated", cause="SECOND_NEW", callData={"state": word}))
    assert isinstance(event, OnCallCreated)
    assert event.cause == "SECOND_NEW"
    assert counted(decoder.statistics) == {"events": 2, "unknown_values": 3}
    told = texts(messages)
    assert "The server sends 'FIRST_NEW', which CallCause does not list (logged once)" in told
    assert f"The server sends {word[:80]!r}, which MediaState does not list (logged once)" in told
    decoder.decode(line(cause="BUSY"))
    decoder.decode_lines(line(cause="BUSY"))
    assert counted(decoder.statistics) == {"events": 4, "unknown_values": 3}
    assert texts(messages) == told


def test_what_one_decoder_does_not_know_is_told_by_the_other_only_when_it_meets_it(
    messages: pytest.LogCaptureFixture,
) -> None:
    first, second = EventDecoder(), EventDecoder()
    first.decode(line(cause="THIRD_NEW"))
    second.decode(line(cause="BUSY"))
    assert counted(second.statistics) == {"events": 1}
    assert second.statistics.logged == set()


@pytest.mark.parametrize("way", ["decode", "decode_lines"])
def test_values_of_a_line_that_is_mended_are_counted_once(way: str) -> None:
    decoder = EventDecoder()
    getattr(decoder, way)(line(cause="FOURTH_NEW", callRef=7))
    assert counted(decoder.statistics) == {"events": 1, "unknown_values": 1, "bad_fields": 1}


def test_values_of_an_answer_that_is_mended_are_counted_once() -> None:
    statistics = WireStatistics()
    decoder = EventDecoder(statistics)
    body = line("OnCallCreated", cause="FIFTH_NEW", callRef=7)
    assert read_answer(body, OnCallCreated, statistics).cause == "FIFTH_NEW"
    decoder.decode(line())
    assert counted(statistics) == {"events": 1, "bad_fields": 1}


# ------------------------------------------------------------------------ fields that are unknown


def test_fields_are_looked_for_in_the_first_of_each_kind(decoder: EventDecoder) -> None:
    decoder.decode_lines(line(callRef="1") + b"\n")
    decoder.decode_lines(line(mood="good") + b"\n")
    assert decoder.statistics.unknown_fields == 0, "this kind was looked at"
    decoder.decode_lines(line("OnCallCreated", mood="good") + b"\n" + line(mood="good"))
    assert decoder.statistics.unknown_fields == 1, "this one was not"


def test_when_they_are_looked_for_again(decoder: EventDecoder) -> None:
    for number in range(LOOK_EVERY):
        decoder.decode_lines(line(callRef=str(number)))
    for _ in range(LOOK_EVERY):
        decoder.decode_lines(line(mood="good"))
    assert decoder.statistics.unknown_fields == 1
    for _ in range(LOOK_EVERY - 1):
        decoder.decode_lines(line())
    decoder.decode_lines(line(weather="bad"))
    assert decoder.statistics.unknown_fields == 1, "looked at once in a thousand"
    decoder.decode_lines(line(weather="bad"))
    assert decoder.statistics.unknown_fields == 2


def test_they_are_not_looked_for_meanwhile(decoder: EventDecoder) -> None:
    decoder.decode_lines(line(callRef="1"))
    for _ in range(LOOK_EVERY - 1):
        decoder.decode_lines(line(mood="good"))
    assert decoder.statistics.unknown_fields == 0


def test_a_look_at_what_is_no_text_hurts_nobody(decoder: EventDecoder) -> None:
    (event,) = decoder.decode_lines(b'{"eventName": "OnCallRemoved", "callRef": "1", "mood": "\xff"}')
    assert event == OnCallRemoved(call_ref="1")
    assert counted(decoder.statistics) == {"events": 1}


def test_what_is_mended_does_not_count_as_a_look(decoder: EventDecoder) -> None:
    for _ in range(LOOK_EVERY + 5):
        decoder.decode_lines(line(callRef=7))
    decoder.decode_lines(line(callRef="1"))
    decoder.decode_lines(line(mood="good"))
    assert decoder.statistics.unknown_fields == 0


def test_where_unknown_fields_are_found(decoder: EventDecoder, messages: pytest.LogCaptureFixture) -> None:
    long = "f" * 100
    decoder.decode_lines(
        line(
            "OnTelephonyState",
            state={"calls": [{"callRef": "1", "odd": 1}], "deviceStates": {"deviceStates": [{"odd": 1}], long: 2}},
            media=1,
            medias=1,
            mediaCapabilities=1,
            addMedias=1,
        )
    )
    assert sorted(texts(messages)) == [
        f"The server sends {name}, a field that is not known (logged once)"
        for name in ("Call.odd", "DeviceState.odd", f"DeviceStates.{long[:80]}")
    ]
    assert decoder.statistics.unknown_fields == 3


# ------------------------------------------------------------------------ values that are bad


def test_what_of_a_bad_value_is_saved(decoder: EventDecoder, messages: pytest.LogCaptureFixture) -> None:
    event = decoder.decode(
        line("OnTelephonyState", state={"deviceStates": [{"deviceId": "1", "state": "IN_SERVICE"}, {"deviceId": 2}, 3]})
    )
    assert isinstance(event, OnTelephonyState)
    assert event.state is not None
    assert event.state.device_states == DeviceStates(
        device_states=(DeviceState(device_id="1", state=OperationalState.IN_SERVICE), DeviceState())
    )
    assert decoder.statistics.bad_fields == 2
    assert texts(messages) == [
        f"The server sends {where} as another type than the reference says; it is left out (logged once)"
        for where in ("DeviceState.deviceId", "DeviceStates.deviceStates")
    ]


@pytest.mark.parametrize("body", [b"7", b'"text"', b"[]", b"null"])
def test_an_answer_that_is_something_else(body: bytes, messages: pytest.LogCaptureFixture) -> None:
    statistics = WireStatistics()
    with pytest.raises(ValueError, match=r"^no SessionInfo$"):
        read_answer(body, SessionInfo, statistics)
    assert counted(statistics) == {"bad_fields": 1}
    assert texts(messages) == [
        "The server sends SessionInfo as another type than the reference says; it is left out (logged once)"
    ]


def test_an_answer_that_is_no_text() -> None:
    with pytest.raises(ValueError, match=r"^too deep$"):
        read_answer(b"[" * 100_000, SessionInfo, WireStatistics())


@pytest.mark.parametrize("body", [b"{}", b'{"version": 1}', b'{"version": null}'])
def test_an_answer_without_what_it_must_have(body: bytes, messages: pytest.LogCaptureFixture) -> None:
    statistics = WireStatistics()
    with pytest.raises(ValueError, match=r"^no SubscriptionRequest$"):
        read_answer(body, SubscriptionRequest, statistics)
    assert counted(statistics) == {"bad_fields": 1}
    assert "SubscriptionRequest.version" in texts(messages)[0]


def test_a_list_without_its_wrapping_is_wrapped_only_where_there_is_one_field() -> None:
    statistics = WireStatistics()
    assert read_answer(b'[{"deviceId": "1"}]', DeviceStates, statistics) == DeviceStates(
        device_states=(DeviceState(device_id="1"),)
    )
    assert counted(statistics) == {}
    for kind in (DeviceState, HuntingGroupStatus, TelephonicState):
        with pytest.raises(ValueError, match=f"no {kind.__name__}"):
            read_answer(b"[]", kind, statistics)
    wrapped = b'{"calls": 7, "deviceStates": {"deviceStates": [{"deviceId": "1"}]}}'
    state = read_answer(wrapped, TelephonicState, statistics)
    assert state == TelephonicState(device_states=DeviceStates(device_states=(DeviceState(device_id="1"),)))


def test_null_in_a_line_that_is_mended(decoder: EventDecoder) -> None:
    event = decoder.decode(line(callRef=7, cause=None, newDestination=None, deviceCapabilities=None))
    assert event == OnCallRemoved(login_name="oxe1000")
    assert decoder.statistics.bad_fields == 1
    event = decoder.decode(line(callRef=7, cause="BUSY"))
    assert event == OnCallRemoved(login_name="oxe1000", cause=CallCause.BUSY)


# ------------------------------------------------------------------------ listening in


@pytest.mark.parametrize("way", ["decode", "decode_lines"])
def test_who_listens_in_is_shown_what_comes(way: str) -> None:
    statistics = WireStatistics()
    seen: list[WireMessage] = []
    end = statistics.tap.listen(seen.append)
    decoder = EventDecoder(statistics)
    getattr(decoder, way)(line(callRef="1"))
    (message,) = seen
    assert (message.what, message.sent) == ("OnCallRemoved", False)
    assert json.loads(message.body)["callRef"] == "1"
    end()
    getattr(decoder, way)(line(callRef="2"))
    assert len(seen) == 1


def test_who_listens_in_is_shown_every_line_without_secrets() -> None:
    statistics = WireStatistics()
    seen: list[WireMessage] = []
    statistics.tap.listen(seen.append)
    mask = Mask(lambda text, also: "1001" in text, lambda text, also: text.replace("1001", "***"))
    decoder = EventDecoder(statistics, mask)
    decoder.decode_lines(b"\n".join([line(callRef="1"), b"", b" ", b"{", line("OnNew", number="1001"), b"{}"]))
    assert [message.what for message in seen] == ["OnCallRemoved", "(no event)", "OnNew", "(no event)"]
    assert '"***"' in seen[2].body
