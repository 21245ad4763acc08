"""What live servers and released official clients write otherwise than the reference: read here, and written."""

from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest

from aiopbx import LineSnapshot
from aiopbx.o2g.parts.objects import _kind
from aiopbx.o2g.queries import hexadecimal, text_of
from aiopbx.o2g.records import agent_config_of, nodes_of, record_of
from aiopbx.o2g.reducer.call import _attached
from aiopbx.o2g.types import agent, comlog, maintenance, pbx_management, telephony
from tests.aiopbx.office import office, until

ALICE, BOB = "oxe1000", "oxe1001"
LINE = LineSnapshot(id=ALICE, number="1000")


def read(kind: Any, data: dict[str, Any]) -> Any:
    return msgspec.json.decode(msgspec.json.encode(data), type=kind)


def record(**data: Any) -> Any:
    whole = {"recordId": 7, "beginDate": "2026-11-28T10:00:00.000Z", "endDate": "2026-11-28T10:05:00.000Z", **data}
    found = record_of(LINE, read(comlog.ComHistoryRecord, whole))
    assert found is not None
    return found


def test_when_a_logged_call_was_answered() -> None:
    assert record().answered_at is None
    answered = record(convDate="2026-11-28T10:00:20.000Z")
    assert answered.answered_at == datetime(2026, 11, 28, 10, 0, 20, tzinfo=UTC)
    invented = record(extensions=[{"name": "conversationDate", "value": "2026-11-28T10:00:20.000Z"}])
    assert invented.answered_at is None, "no server writes this"


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [(None, None), (0, 0.0), (12, 12.0), (281, 281.0), (282, 0.282), (12_000, 12.0), (281_000, 281.0), (-1, None)],
)
def test_how_long_it_was_held_in_seconds_or_milliseconds(duration: int | None, seconds: float | None) -> None:
    """No description names the unit; what is longer than the conversation (280 s) in seconds is milliseconds."""
    assert record(convDate="2026-11-28T10:00:20.000Z", holdDuration=duration).held_seconds == seconds


def test_how_long_it_was_held_is_unknown_while_it_goes_on() -> None:
    assert record(holdDuration=12, endDate=None).held_seconds is None


def test_who_transferred_a_logged_call_and_what_was_attached() -> None:
    whole = record(transferredBy="1002", hexaBinaryAssociatedData="63617365 3432")
    assert (whole.transferred_by, whole.attached_data) == ("1002", "case42")
    assert record(associatedData="case 42", hexaBinaryAssociatedData="00").attached_data == "case 42"
    assert (record().transferred_by, record().attached_data) == (None, None)


@pytest.mark.parametrize(
    ("digits", "text"),
    [
        ("63617365203432", "case 42"),
        ("c3a4", "ä"),
        ("C3A4", "ä"),
        ("ff", "ff"),
        ("00", "00"),
        ("no digits", "no digits"),
        ("", ""),
        (None, None),
    ],
)
def test_data_in_hexadecimal(digits: str | None, text: str | None) -> None:
    """It is shown as text where it is text, else as it came."""
    assert text_of(digits) == text
    if text is not None and text != digits:
        assert hexadecimal(text) == (digits or "").lower()
    assert _attached(read(telephony.CallData, {"hexaBinaryAssociatedData": digits})) == text
    both = {"hexaBinaryAssociatedData": digits, "associatedData": "clear"}
    assert _attached(read(telephony.CallData, both)) == "clear"


async def test_data_goes_both_ways_and_comes_from_clients_that_know_one() -> None:
    async with office() as one:
        pbx = await one.connect()
        sent: list[str] = []
        pbx.wire(lambda message: sent.append(message.body) if message.sent else None)
        call = await pbx.line(ALICE).dial("1001", associated_data="ä 42")
        assert call is not None
        assert any(
            '"associatedData":"ä 42"' in body and '"hexaBinaryAssociatedData":"c3a4203432"' in body for body in sent
        )
        ringing = await pbx.line(BOB).wait_for_call(timeout=30)
        assert ringing.snapshot.associated_data == "ä 42"
        await call.attach_data("other")
        assert any('"hexaBinaryAssociatedData":"6f74686572"' in body for body in sent)
        await until(lambda: ringing.snapshot.associated_data == "other")
        body = telephony.SendAssociatedDataRequest(device_id="1000", hexa_binary_associated_data="7468697264")
        await pbx.o2g.telephony.attach_data(call.ref, body)
        await until(lambda: ringing.snapshot.associated_data == "third")


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("31-dec-2026", date(2026, 12, 31)),
        ("1-Jan-2027", date(2027, 1, 1)),
        ("05-SEPT-2026", date(2026, 9, 5)),
        ("12/30/2026", date(2026, 12, 30)),
        ("2026-12-31", date(2026, 12, 31)),
        ("2026-12-31T00:00:00.000Z", date(2026, 12, 31)),
        ("31-foo-2026", None),
        ("31-feb-2026", None),
        ("30/12/2026", None),
        ("permanent", None),
        ("", None),
        (None, None),
    ],
)
def test_when_a_licence_ends(text: str | None, day: date | None) -> None:
    status = {"license": {"lics": [{"name": "ROXE_API_TEL_ADVANCED", "total": 5, "expiration": text}]}}
    (licence,) = nodes_of(read(maintenance.SystemStatus, status)).licences
    assert licence.expires == day


@pytest.mark.parametrize(
    ("license", "trouble"),
    [
        (None, None),
        ({}, None),
        ({"status": "NORMAL", "statusMessage": ""}, None),
        ({"status": "PANIC", "statusMessage": ""}, "PANIC"),
        ({"status": "PANIC", "statusMessage": "no licence server"}, "PANIC: no licence server"),
    ],
)
def test_whether_the_licence_server_is_well(license: dict[str, str] | None, trouble: str | None) -> None:
    assert nodes_of(read(maintenance.SystemStatus, {"license": license})).licence_trouble == trouble


def test_what_a_skill_is_called() -> None:
    skills = {"skills": [{"number": 1, "name": "French", "abvName": "FR", "domain": 2}, {"number": 2, "abvName": "DE"}]}
    config = agent_config_of(None, read(agent.AgentConfig, {"skills": skills}))
    assert [one.name for one in config.skills] == ["French", "DE"]


@pytest.mark.parametrize(
    ("data", "default"),
    [
        ({"defaultValue": "A"}, "A"),
        ({"defautValue": "B"}, "B"),
        ({"defaultValue": "A", "defautValue": "B"}, "A"),
        ({"defaultValue": "", "defautValue": "B"}, ""),
        ({}, None),
    ],
)
def test_the_default_of_an_attribute_however_it_is_spelled(data: dict[str, str], default: str | None) -> None:
    model = read(pbx_management.ObjectModel, {"objectName": "Subscriber", "attributes": [{"name": "Station", **data}]})
    (attribute,) = _kind(model).attributes
    assert attribute.default == default
