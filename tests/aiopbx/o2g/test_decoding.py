"""From lines of the channel to events, also where a server does not keep to the reference."""

import json
import logging
from pathlib import Path
from typing import Any

import msgspec
import pytest

from aiopbx.http.tap import WireStatistics
from aiopbx.o2g.decoding import LOOK_EVERY, EventDecoder, read_answer
from aiopbx.o2g.types.events import OnChannelInformation, UnknownEvent
from aiopbx.o2g.types.overview import RestErrorInfo
from aiopbx.o2g.types.sessions import SessionInfo, Subscription, SubscriptionRequest, SupervisedAccount
from aiopbx.o2g.types.telephony import (
    DeviceState,
    DeviceStates,
    MakeCallRequest,
    MediaState,
    OnCallCreated,
    OnCallModified,
    OnCallRemoved,
    OnDeviceStateModified,
    OnTelephonyState,
    OnUserStateModified,
    OperationalState,
)
from aiopbx.o2g.types.users import ChangePasswordRequest, OnEventSummaryUpdated

CAPTURE = Path(__file__).parent / "captures" / "o2g-incoming-call.jsonl"


@pytest.fixture
def decoder() -> EventDecoder:
    return EventDecoder()


def line(name: str, **fields: Any) -> bytes:
    return json.dumps({"eventName": name, "loginName": "oxe1000", **fields}).encode()


def test_a_real_call(decoder: EventDecoder, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    events = decoder.decode_lines(CAPTURE.read_bytes())
    assert [type(event) for event in events] == [
        OnChannelInformation,
        OnDeviceStateModified,
        OnUserStateModified,
        OnCallCreated,
        OnCallModified,
        OnUserStateModified,
        OnCallModified,
        OnCallRemoved,
        OnUserStateModified,
    ]
    created = events[3]
    assert isinstance(created, OnCallCreated)
    assert created.call_data is not None
    assert created.call_data.state is MediaState.RINGING_INCOMING
    assert created.call_data.capabilities is not None
    assert created.call_data.capabilities.redirect
    assert not created.call_data.capabilities.transfer
    assert created.participants[0].identity is not None
    assert created.participants[0].identity.first_name == "SE19140"
    assert decoder.statistics == WireStatistics(events=9)
    assert not caplog.records


def test_unknown_fields_are_ignored(decoder: EventDecoder) -> None:
    assert decoder.decode(line("OnCallRemoved", callRef="1", media={"a": [1]})) == OnCallRemoved(
        login_name="oxe1000", call_ref="1"
    )
    assert decoder.statistics == WireStatistics(events=1)


def test_unknown_fields_are_counted_and_told_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    decoder = EventDecoder()
    created = line(
        "OnCallCreated",
        callRef="1",
        mood="good",
        callData={"state": "ACTIVE", "colour": {"red": 1}, "tags": [{"name": "a", "shade": 1}, {"shade": 2}]},
        legs=[{"deviceId": "1000", "media": "AUDIO"}],
    )
    events = decoder.decode_lines(created + b"\n\n" + line("OnCallRemoved", callRef="1") + b"\n" + created + b"\n")
    assert [type(event) for event in events] == [OnCallCreated, OnCallRemoved, OnCallCreated]
    assert decoder.statistics == WireStatistics(events=3, unknown_fields=3, logged=decoder.statistics.logged)
    assert sorted(record.getMessage() for record in caplog.records) == [
        "The server sends CallData.colour, a field that is not known (logged once)",
        "The server sends OnCallCreated.mood, a field that is not known (logged once)",
        "The server sends Tag.shade, a field that is not known (logged once)",
    ]


def test_unknown_fields_are_looked_for_again_after_a_while(decoder: EventDecoder) -> None:
    known, other = line("OnCallRemoved", callRef="1") + b"\n", line("OnCallRemoved", callRef="1", mood="good") + b"\n"
    for _ in range(LOOK_EVERY - 1):
        decoder.decode_lines(known)
    decoder.decode_lines(other)
    assert decoder.statistics.unknown_fields == 0, "one of so many is looked at"
    decoder.decode_lines(other)
    assert decoder.statistics.unknown_fields == 1
    for _ in range(2 * LOOK_EVERY):
        decoder.decode_lines(other)
    assert decoder.statistics.unknown_fields == 1, "each is counted once"


def test_unknown_fields_beside_bad_ones_are_counted(decoder: EventDecoder) -> None:
    decoder.decode_lines(line("OnCallRemoved", callRef=7, mood="good") + b"\n")
    assert (decoder.statistics.bad_fields, decoder.statistics.unknown_fields) == (1, 1)


def test_an_unknown_event_is_kept_and_told_once(decoder: EventDecoder, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    raw = line("OnSomethingNew", value=1)
    for _ in range(3):
        assert decoder.decode(raw) == UnknownEvent(name="OnSomethingNew", raw=raw, login_name="oxe1000")
    assert decoder.statistics.unknown_events == 3
    assert [record.levelname for record in caplog.records] == ["INFO"]
    assert "OnSomethingNew" in caplog.text


def test_an_unlisted_value_is_kept_and_told_once(decoder: EventDecoder, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for _ in range(3):
        event = decoder.decode(line("OnCallRemoved", cause="WHATEVER_IS_NEW"))
        assert isinstance(event, OnCallRemoved)
        assert event.cause == "WHATEVER_IS_NEW"
    assert decoder.statistics.unknown_values == 3
    assert decoder.statistics.bad_fields == 0
    assert caplog.text.count("WHATEVER_IS_NEW") == 1


def test_unlisted_values_are_counted_once_a_line_also_where_the_line_is_mended(decoder: EventDecoder) -> None:
    good, bad = line("OnCallRemoved", cause="NEW_CAUSE"), line("OnCallRemoved", cause="NEW_CAUSE", callRef=7)
    assert len(decoder.decode_lines(good + b"\n" + bad + b"\n")) == 2
    assert decoder.statistics.unknown_values == 2
    assert decoder.statistics.bad_fields == 1


@pytest.mark.parametrize(
    "bad",
    [b"{", b"[]", b"null", b"7", b"{}", b'{"eventName": 7}', b'{"eventName": ""}', b"\xff\xfe", b'"text"', b"[" * 5000],
)
def test_a_malformed_line_is_counted_and_skipped(
    decoder: EventDecoder, bad: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    good = line("OnUserStateModified", state="FREE")
    events = decoder.decode_lines(good + b"\n" + bad + b"\n" + bad + b"\n" + good + b"\n")
    assert [type(event) for event in events] == [OnUserStateModified, OnUserStateModified]
    assert decoder.statistics.malformed_frames == 2
    assert decoder.statistics.events == 2
    assert len(caplog.records) == 1


@pytest.mark.parametrize("blank", [b"", b"\n", b"\r\n", b"  \n\n", b"\n\r\n"])
def test_empty_lines_are_nothing(decoder: EventDecoder, blank: bytes) -> None:
    good = line("OnUserStateModified", state="FREE")
    assert len(decoder.decode_lines(blank + good + b"\r\n" + blank)) == 1
    assert decoder.decode(blank) is None
    assert decoder.statistics == WireStatistics(events=1)


@pytest.mark.parametrize(
    ("field", "value"),
    [("cause", 3), ("callRef", {"a": 1}), ("deviceCapabilities", "none"), ("newDestination", ["1"]), ("cause", True)],
)
def test_a_field_of_the_wrong_type_costs_that_field(decoder: EventDecoder, field: str, value: Any) -> None:
    whole = {"callRef": "1", "cause": "BUSY", "newDestination": "1001", "deviceCapabilities": [{"deviceId": "1"}]}
    expected = {key: one for key, one in whole.items() if key != field}
    event = decoder.decode(line("OnCallRemoved", **{**whole, field: value}))
    assert event == msgspec.json.decode(line("OnCallRemoved", **expected), type=OnCallRemoved)
    assert decoder.statistics.bad_fields == 1
    assert decoder.statistics.malformed_frames == 0


def test_it_costs_no_more_than_the_innermost_field(decoder: EventDecoder, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    event = decoder.decode(
        line(
            "OnCallCreated",
            callRef="1",
            callData={"state": "ACTIVE", "anonymous": "yes", "capabilities": {"transfer": "maybe", "park": True}},
            legs=[{"deviceId": "1000", "state": 4}, "odd", {"deviceId": "1001"}],
            participants={"participantId": "1"},
        )
    )
    assert isinstance(event, OnCallCreated)
    assert event.call_data is not None
    assert event.call_data.state is MediaState.ACTIVE
    assert event.call_data.anonymous is None
    assert event.call_data.capabilities is not None
    assert event.call_data.capabilities.park
    assert not event.call_data.capabilities.transfer
    assert [leg.device_id for leg in event.legs] == ["1000", "1001"]
    assert event.participants == ()
    assert decoder.statistics.bad_fields == 5
    assert "CallData.anonymous" in caplog.text


def test_null_is_absent(decoder: EventDecoder) -> None:
    event = decoder.decode(line("OnCallRemoved", callRef="1", cause=None, deviceCapabilities=None))
    assert event == OnCallRemoved(login_name="oxe1000", call_ref="1")
    assert decoder.statistics.bad_fields == 0


@pytest.mark.parametrize(
    "states",
    [{"deviceStates": [{"deviceId": "1000", "state": "IN_SERVICE"}]}, [{"deviceId": "1000", "state": "IN_SERVICE"}]],
)
def test_device_states_in_a_snapshot_nested_twice_or_once(decoder: EventDecoder, states: Any) -> None:
    event = decoder.decode(line("OnTelephonyState", state={"calls": [], "deviceStates": states}))
    assert isinstance(event, OnTelephonyState)
    assert event.state is not None
    assert event.state.device_states == DeviceStates(
        device_states=(DeviceState(device_id="1000", state=OperationalState.IN_SERVICE),)
    )


def test_absent_counters_are_unknown(decoder: EventDecoder) -> None:
    event = decoder.decode(line("OnEventSummaryUpdated", eventSummary={"missedCallsNb": 0}))
    assert isinstance(event, OnEventSummaryUpdated)
    assert event.event_summary is not None
    assert event.event_summary.missed_calls_nb == 0
    assert event.event_summary.voice_messages_nb is None


# ------------------------------------------------------------------------------------------------------------- answers


def test_answers_are_read_as_leniently() -> None:
    statistics = WireStatistics()
    info = read_answer(b'{"admin": "yes", "timeToLive": 60, "services": null}', SessionInfo, statistics)
    assert info == SessionInfo(time_to_live=60)
    assert statistics.bad_fields == 1
    with pytest.raises(ValueError, match="no SessionInfo"):
        read_answer(b"[1]", SessionInfo, statistics)
    with pytest.raises(ValueError):
        read_answer(b"<html>", SessionInfo, statistics)
    with pytest.raises(ValueError):
        read_answer(b'"\xff"', SessionInfo, statistics)


def test_a_body_without_what_it_needs_is_no_body() -> None:
    with pytest.raises(ValueError, match="no SubscriptionRequest"):
        read_answer(b'{"webHookUrl": 7}', SubscriptionRequest, WireStatistics())
    assert read_answer(b'{"id": 7}', SupervisedAccount, WireStatistics()) == SupervisedAccount()


# --------------------------------------------------------------------------------------------------------------- repr


def test_secrets_of_wire_types_are_in_no_repr() -> None:
    for value in (
        Subscription(
            subscription_id="topsecret", public_polling_url="http://x/topsecret", private_polling_url="topsecret"
        ),
        MakeCallRequest(device_id="1", callee="2", pin="topsecret", secret_code="topsecret"),
        ChangePasswordRequest(old_password="topsecret", new_password="topsecret"),
        SubscriptionRequest(version="1.0", web_hook_url="https://x/topsecret"),
    ):
        assert "topsecret" not in repr(value)
        assert "topsecret" not in repr(value.__rich_repr__())
        assert "***" in repr(value)
    assert repr(RestErrorInfo(code=1001)) == "RestErrorInfo(code=1001)"
