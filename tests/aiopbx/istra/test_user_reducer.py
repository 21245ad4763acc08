"""The reducer of myIstra: counters, caller ID, history and messages as the model shows them."""

from datetime import UTC, datetime

import pytest

from aiopbx import CallerId, CallerIdChoice, Counters, Direction, LineSnapshot, PartyKind
from aiopbx.istra.reducer.user import caller_id, counters, message_of, record_of, user
from aiopbx.istra.types import enduser as wire

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
LINE = LineSnapshot(id="anna")


def test_counters() -> None:
    told = wire.Notifications(unread_missed_calls=2, unread_text_messages=0, unread_voice_mails=1)
    line, events = counters(LINE, told, NOW)
    assert line.counters == Counters(missed_calls=2, new_texts=0, voicemails=1)
    assert [event.changed for event in events] == [{"counters"}]  # type: ignore[attr-defined]
    assert counters(line, told, NOW) == (line, ())
    line, _ = counters(line, wire.Notifications(unread_missed_calls=3), NOW)
    assert line.counters == Counters(missed_calls=3, new_texts=0, voicemails=1), "what is not told is as it was"


def test_the_user() -> None:
    told = wire.UserInfo(
        user_name="Anna Weber",
        terminals=(wire.Terminal(abstract_terminal_id="-5", label="Desk"), wire.Terminal(abstract_terminal_id="6")),
        user=wire.User(
            rest_uri="v1/user/IUser/8967",
            custom_caller_id_choice=wire.CallerIdChoice.MANUAL_SETTING,
            custom_caller_id="+12025550123",
        ),
    )
    line, events = user(LINE, told, NOW)
    assert line.name == "Anna Weber"
    assert [(device.id, device.kind) for device in line.devices] == [("-5", "Desk"), ("6", "")]
    assert line.caller_id == CallerId(choice=CallerIdChoice.MANUAL, number="+12025550123")
    assert events[0].changed == {"name", "devices", "caller_id"}  # type: ignore[attr-defined]
    assert line.in_service is None, "nothing says so"


@pytest.mark.parametrize(
    ("choice", "shown"),
    [
        ("FromPresenceState", CallerIdChoice.FROM_PRESENCE),
        ("ManualSetting", CallerIdChoice.MANUAL),
        ("manualCustomCallerID", CallerIdChoice.MANUAL),
        ("SomethingNew", CallerIdChoice.UNKNOWN),
    ],
)
def test_every_word_for_the_choice(choice: str, shown: CallerIdChoice) -> None:
    told = wire.User(custom_caller_id_choice=wire.CallerIdChoice(choice), custom_caller_id="+12025550123")
    line, _ = caller_id(LINE, told, NOW)
    assert line.caller_id == CallerId(choice=shown, number="+12025550123")
    line, _ = caller_id(line, wire.User(), NOW)
    assert line.caller_id == CallerId(choice=shown, number="+12025550123")
    line, _ = caller_id(line, wire.User(custom_caller_id=""), NOW)
    assert line.caller_id is not None
    assert line.caller_id.number is None


def test_a_call_in_the_history() -> None:
    told = wire.PhoneLog(
        call_history_id="-12",
        is_incoming=True,
        is_missed=False,
        remote_label="Bob",
        remote_type=wire.RemoteType.STATION,
        ring_duration_second=4,
        talk_duration_second=60,
        timestamp="1700000000000",
        callback_number="101",
    )
    record = record_of(told)
    assert record is not None
    assert (record.id, record.direction, record.answered, record.missed) == (-12, Direction.INCOMING, True, False)
    assert record.party is not None
    assert (record.party.number, record.party.name, record.party.kind) == ("101", "Bob", PartyKind.USER)
    assert record.started_at == datetime.fromtimestamp(1_700_000_000, UTC)
    assert record.seconds == 64
    assert record.answered_at is not None
    assert (record.answered_at - record.started_at).total_seconds() == 4


@pytest.mark.parametrize(
    ("incoming", "missed", "talk", "answered"),
    [
        (True, True, 0, False),
        (True, False, 0, True),
        (False, False, 0, False),
        (False, False, 9, True),
        (False, False, None, True),
        (None, None, None, None),
        (True, None, 3, None),
    ],
)
def test_whether_it_was_answered(
    incoming: bool | None, missed: bool | None, talk: int | None, answered: bool | None
) -> None:
    record = record_of(
        wire.PhoneLog(call_history_id="1", is_incoming=incoming, is_missed=missed, talk_duration_second=talk)
    )
    assert record is not None
    assert record.answered is answered
    assert record.started_at is None


def test_a_missed_call_is_missed() -> None:
    record = record_of(wire.PhoneLog(call_history_id="1", is_incoming=True, is_missed=True, timestamp="1700000000"))
    assert record is not None
    assert record.missed


def test_a_call_without_an_id_that_can_be_used_is_left_out() -> None:
    assert record_of(wire.PhoneLog(call_history_id="what")) is None


def test_a_message() -> None:
    told = wire.Voicemail(
        id="-9",
        timestamp="1700000000000",
        duration_second=12,
        remote_number="+12025550123",
        remote_label="Carol",
        type="external",
        priority="urgent",
        read=False,
        play_number="555;lra=144;cd msgid=9",
    )
    message = message_of(told)
    assert (message.id, message.seconds, message.unread, message.urgent) == ("-9", 12, True, True)
    assert message.caller is not None
    assert (message.caller.number, message.caller.name, message.caller.kind) == (
        "+12025550123",
        "Carol",
        PartyKind.EXTERNAL,
    )
    assert message.play_number == "555;lra=144;cd msgid=9"
    bare = message_of(wire.Voicemail(id="1"))
    assert (bare.caller, bare.at, bare.unread, bare.urgent, bare.play_number) == (None, None, None, None, None)


def test_a_duration_that_leads_beyond_all_calendars_costs_only_the_end() -> None:
    record = record_of(
        wire.PhoneLog(call_history_id="1", timestamp="1700000000000", is_missed=False, ring_duration_second=2**62)
    )
    assert record is not None
    assert record.started_at is not None
    assert (record.answered_at, record.ended_at) == (None, None)
