"""What Istra servers write differently from one another: the client meets each, and all of them at once."""

import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from hypothesis import given, settings as hypothesis_settings, strategies as st

from aiopbx.http.tap import WireStatistics
from aiopbx.istra.client import IstraClient
from aiopbx.istra.decoding import FrameDecoder, Push, forgiving, mended, read_answer
from aiopbx.istra.types.crm import CrmCallEvent, CrmTerminal
from aiopbx.istra.types.enduser import Notifications, PhoneLog, PhoneLogs, User, UserInfo, Voicemail, Voicemails, moment
from aiopbx.istra.types.rcc import CallLine, CallLines, Extension, Extensions, LineState
from aiopbx.istra.types.session import Application, Listener
from aiopbx.settings.connection import ConnectionSettings
from tests.aiopbx.istra.istra_server import PASSWORD, SESSION, IstraServer
from tests.contract.istra_samples import sample, value
from tests.contract.rows import Row, held, istra_inconsistencies

TEXTS = {row.id: row for row in istra_inconsistencies()}
LINE = sample("CallLine")


def the(text: str) -> list[Row]:
    """The row that begins so."""
    found = [row for name, row in TEXTS.items() if name.startswith(text)]
    assert len(found) == 1, text
    return found


def inconsistency(*beginnings: str) -> Any:
    """This test holds these rows."""
    return held("Istra inconsistencies", "client", [row for text in beginnings for row in the(text)])


def read(raw: Any, kind: Any) -> Any:
    return read_answer(raw if isinstance(raw, bytes) else json.dumps(raw).encode(), kind, WireStatistics())


def pushed(raw: Any, application: Application = Application.RCC) -> Push:
    """Decode as the first frame and as a later one, and hold that both give the same."""
    body = raw if isinstance(raw, bytes) else json.dumps(raw).encode()
    decoder = FrameDecoder(application)
    first = decoder.decode(body)
    assert isinstance(first, Push), decoder.statistics
    assert decoder.decode(body) == first
    assert decoder.statistics.malformed_frames == 0
    return first


def a_line(**changes: Any) -> dict[str, Any]:
    whole = {**LINE, **changes}
    for name in ("extension", "extensionURI", "uriExtension"):
        if name not in changes:
            whole.pop(name, None)
    return {key: one for key, one in whole.items() if one is not None}


@pytest.fixture
async def client_and_server() -> AsyncIterator[Callable[[str], Awaitable[tuple[IstraClient, IstraServer]]]]:
    made: list[IstraClient] = []
    async with IstraServer() as server, aiohttp.ClientSession() as http:

        async def connect(system: str) -> tuple[IstraClient, IstraServer]:
            enterprise = "example" if system == "myrcc" else None
            settings = ConnectionSettings.make(
                system=system, url=server.url, username="jdoe", password=PASSWORD, enterprise=enterprise
            )
            client = IstraClient(settings, http)
            made.append(client)
            await client.open()
            return client, server

        yield connect
        for client in made:
            await client.close()


# --------------------------------------------------------------------------------------------------------- one by one


@inconsistency("lists come as items or results")
def test_lists(row: Row) -> None:
    pages: list[tuple[Any, str]] = [
        (Extensions, "Extension"),
        (CallLines, "CallLine"),
        (Voicemails, "Voicemail"),
        (PhoneLogs, "PhoneLog"),
    ]
    for kind, item in pages:
        for key in ("items", "results", "Items", " items", "Results"):
            page = read({"count": 1, key: [sample(item)]}, kind)
            assert (page.count, len(page.all)) == (1, 1), (kind, key)
        assert len(read([sample(item)], kind).all) == 1
        assert read({"count": 0, "items": []}, kind).all == ()
    for key in ("item", "items", "results"):
        assert len(pushed({"listenerName": "one", key: [a_line(), a_line(lineId="-2")]}).items) == 2
        assert len(pushed({"listenerName": "one", key: a_line()}).items) == 1
    terminal = {"terminalId": "-598", "deviceModel": "a telephone"}
    for answer in ([terminal], {"items": [terminal]}, {"results": [terminal]}, terminal):
        assert read(answer, tuple[CrmTerminal, ...]) == (CrmTerminal(terminal_id="-598", device_model="a telephone"),)


@inconsistency("the extension of a line")
def test_the_extension_of_a_line(row: Row) -> None:
    for name in ("extension", "extensionURI", "uriExtension", "extensionUri", "ExtensionURI"):
        (line,) = pushed({"listenerName": "one", "item": [a_line(**{name: "v1/rcc/Extension/-102"})]}).items
        assert isinstance(line, CallLine)
        assert line.extension_id == "-102"
        assert read(a_line(**{name: "v1/rcc/Extension/-102"}), CallLine).extension_id == "-102"
    assert read(a_line(), CallLine).extension_id is None


@inconsistency("department or Department")
def test_the_department(row: Row) -> None:
    for name in ("department", "Department"):
        extension = read({"restUri": "v1/rcc/Extension/-1", name: "Sales"}, Extension)
        assert extension.department_name == "Sales"
        page = read({"items": [{"restUri": "v1/rcc/Extension/-1", name: "Sales"}]}, Extensions)
        assert page.all[0].department_name == "Sales"
    assert read({"restUri": "v1/rcc/Extension/-1"}, Extension).department_name is None
    both = read({"restUri": "v1/rcc/Extension/-1", "department": "", "Department": "HR"}, Extension)
    assert both.department_name == ""


@inconsistency("actions is absent on a dropped line")
def test_actions_of_a_dropped_line(row: Row) -> None:
    for actions in (None, [], ""):
        raw = a_line(state="dropped", actions=actions)
        (line,) = pushed({"listenerName": "one", "item": [raw]}).items
        assert isinstance(line, CallLine)
        assert (line.state, line.actions) == (LineState.DROPPED, ())


@inconsistency("times are strings of milliseconds")
def test_times(row: Row) -> None:
    for time in ("1420707629436", 1420707629436, 1420707629436.0, " 1420707629436 "):
        (line,) = pushed({"listenerName": "one", "item": [a_line(creationTime=time, talkingTime=time)]}).items
        assert isinstance(line, CallLine)
        assert (line.creation_time, line.talking_time) == (1420707629436, 1420707629436)
    for time in ("262", 262):
        event = sample("CrmCallEvent") | {"ringingTime": time, "talkingTime": time}
        (item,) = pushed({"listenerName": "one", "item": [event]}, Application.CRM).items
        assert isinstance(item, CrmCallEvent)
        assert (item.ringing_time, item.talking_time) == (262, 262)
    for seconds in (12, "12"):
        assert read(sample("Voicemail") | {"durationSecond": seconds}, Voicemail).duration_second == 12
        log = read(sample("PhoneLog") | {"ringDurationSecond": seconds, "talkDurationSecond": seconds}, PhoneLog)
        assert (log.ring_duration_second, log.talk_duration_second) == (12, 12)
    for stamp in ("1456000000000", 1456000000000, "1456000000", 1456000000, "2016-02-20T20:26:40Z"):
        for kind in (Voicemail, PhoneLog):
            at = read(sample(kind.__name__) | {"timestamp": stamp}, kind).at
            assert at is not None
            assert at.isoformat() == "2016-02-20T20:26:40+00:00"
    assert moment("200") is not None
    for nothing in (None, "", "a number to dial", "9" * 400, "nan", "1e400"):
        assert moment(nothing) is None


@inconsistency("the myCrm listener body")
async def test_the_listener_of_crm(row: Row, client_and_server: Any) -> None:
    """One object is sent, without the terminal and as two where that is refused; an answer in two is read as one."""
    client, server = await client_and_server("mycrm")
    path = "v1/service/EventListener/bean"
    server.answer("POST", path, status=400)
    server.answer("POST", path, status=400, then=True)
    server.answer("POST", path, text=b'{"name":"one"}\n{"restUri":"v1/service/EventListener/bean/one"}', then=True)
    listener = await client.service.create_listener("one", "-598")
    assert listener == Listener(name="one", rest_uri="v1/service/EventListener/bean/one")
    first, second, third = (one.body for one in server.asked("POST", path))
    assert json.loads(first) == forgiving(third) == {"name": "one", "terminalId": "-598"}
    assert json.loads(second) == {"name": "one"}
    assert len(third.split(b"\n")) == 2


@inconsistency("the logout cookie name")
async def test_the_cookie_of_the_logout(row: Row, client_and_server: Any) -> None:
    for system, other in (("myrcc", "myIstra"), ("mycrm", "myIstra"), ("myistra", "myRCC")):
        client, server = await client_and_server(system)
        over = f"{other}_SESSIONID={SESSION};Path=/restletrouter;Expires=Thu, 01-Jan-1970 00:00:00"
        server.answer("POST", "v1/service/Logout", status=204, headers=[("Set-Cookie", over)])
        await client.service.logout()
        assert list(server.requests[-1].cookies) == [f"{client.application}_SESSIONID"]
        assert not client.opened
        assert not client._transport.cookies


@inconsistency("ids are signed")
def test_ids(row: Row) -> None:
    for one in ("-9223372036854775808", "9223372036854775807", "-5499", -5499, -9223372036854775808, 0):
        (line,) = pushed({"listenerName": "one", "item": [a_line(lineId=one)]}).items
        assert isinstance(line, CallLine)
        assert line.line_id == str(one)
        uri = f"v1/rcc/Extension/{one}"
        assert read({"restUri": uri}, Extension).id == str(one)
        assert read({"id": one}, Voicemail).id == str(one)
        assert read({"callHistoryId": one}, PhoneLog).call_history_id == str(one)
        assert read([{"terminalId": one}], tuple[CrmTerminal, ...])[0].terminal_id == str(one)
        assert read({"terminals": [{"abstractTerminalID": one}]}, UserInfo).terminals[0].abstract_terminal_id == str(
            one
        )
        event = sample("CrmCallEvent") | {"callId": one}
        (item,) = pushed({"listenerName": "one", "item": [event]}, Application.CRM).items
        assert isinstance(item, CrmCallEvent)
        assert item.call_id == str(one)


@inconsistency("lineId and the id in restUri")
def test_the_key_of_a_line(row: Row) -> None:
    raw = a_line(lineId="-2903", restUri="v1/rcc/CallLine/-2904")
    (line,) = pushed({"listenerName": "one", "item": [raw]}).items
    assert isinstance(line, CallLine)
    assert (line.line_id, line.uri) == ("-2903", "v1/rcc/CallLine/-2904")
    assert read(a_line(lineId="-2903", restUri=None), CallLine).uri == "v1/rcc/CallLine/-2903"


@inconsistency("creationTime of one line changes")
def test_the_creation_of_a_line(row: Row) -> None:
    """It is read as it is sent, and nothing is made of it: the line is the same by its id."""
    first, second = (
        read(a_line(creationTime=time, restUri="v1/rcc/CallLine/-5499"), CallLine)
        for time in ("1420707628893", "1420707629436")
    )
    assert first.creation_time != second.creation_time
    assert (first.line_id, first.uri) == (second.line_id, second.uri)


FAULTY = {
    '{"a": 1,}': {"a": 1},
    '{"a": [1, 2,], }': {"a": [1, 2]},
    '{"a": ["x" ,\n ] ,\n }': {"a": ["x"]},
    "{“name” : “free text”}": {"name": "free text"},
    "{\u2018line” : “the uri”}": {"line": "the uri"},
    '{\'line" : "the uri"}': {"line": "the uri"},
    '["+15550101", “+15550102”]': ["+15550101", "+15550102"],
    '{"a": "keeps “these”, and ,] and \\" too",}': {"a": 'keeps “these”, and ,] and " too'},
    '\ufeff{"a":\u00a01,}': {"a": 1},
    '{"a": 1}\n{"b": 2}': {"a": 1, "b": 2},
    '{"a": 1}]}': {"a": 1},
    '"a": 1,\n"b": 2\n}': {"a": 1, "b": 2},
    '{"a": "line\nbreak"}': {"a": "line\nbreak"},
}


@inconsistency("trailing commas in JSON samples")
def test_json_that_is_none(row: Row) -> None:
    for text, meant in FAULTY.items():
        assert forgiving(text.encode()) == meant, text
    for nothing in ("", "no", "{", '{"a": }', "{]", '{"a": 1} no', "[1] [2]", "}", ","):
        with pytest.raises(ValueError):
            forgiving(nothing.encode())
    user = read({" manualCustomCallerID": "+15550144", "restUri ": "v1/user/IUser/-8"}, User)
    assert (user.caller_id, user.id) == ("+15550144", "-8")
    (line,) = pushed(b'{"listenerName": "one", "item": [{" lineId": "-1", "state ": "held",},],}').items
    assert isinstance(line, CallLine)
    assert (line.line_id, line.state) == ("-1", LineState.HELD)


@inconsistency("numbers and booleans as strings")
def test_numbers_and_booleans(row: Row) -> None:
    for said, meant in ((True, True), ("true", True), ("True", True), (1, True), ("1", True), (False, False)):
        (line,) = pushed({"listenerName": "one", "item": [a_line(isIncoming=said, conference=said)]}).items
        assert isinstance(line, CallLine)
        assert (line.is_incoming, line.conference) == (meant, meant)
        assert read({"id": "-1", "read": said}, Voicemail).read is meant
        assert read({"callHistoryId": "-1", "isMissed": said}, PhoneLog).is_missed is meant
    for said in (3, "3", 3.0, "3.0", " 3"):
        counters = dict.fromkeys(("unreadMissedCalls", "unreadTextMessages", "unreadVoiceMails"), said)
        (item,) = pushed({"listenerName": "one", "item": counters}, Application.USER).items
        assert isinstance(item, Notifications)
        assert (item.unread_missed_calls, item.unread_text_messages, item.unread_voice_mails) == (3, 3, 3)
        assert read({"count": said, "items": []}, Voicemails).count == 3
    extension = read({"restUri": "v1/rcc/Extension/-1", "addressNumber": 101, "pstnNumbers": [15550101]}, Extension)
    assert (extension.address_number, extension.pstn_numbers) == ("101", ("15550101",))
    assert read({"restUri": "x/-1", "pstnNumbers": "+15550101"}, Extension).pstn_numbers == ("+15550101",)


def test_every_inconsistency_of_the_catalogue_is_held() -> None:
    assert len(TEXTS) == 12


def test_what_cannot_be_made_of_anything_is_left_out_and_counted() -> None:
    statistics = WireStatistics()
    raw = {"lineId": "-1", "isIncoming": "perhaps", "creationTime": {"no": 1}, "talkingTime": True, "actions": [7, {}]}
    line = read_answer(json.dumps(raw).encode(), CallLine, statistics)
    assert line == CallLine(line_id="-1", actions=line.actions)
    assert [str(one) for one in line.actions] == ["7"]
    assert statistics.bad_fields == 4
    assert read({"ent": "Example", "userName": "Jane"}, UserInfo).ent.full_name == "Example"
    assert read({"ent": {"fullName": "Example"}}, UserInfo).ent.full_name == "Example"


# ---------------------------------------------------------------------------------------------------------- all at once

SPELLED: dict[str, tuple[Any, ...]] = {
    "lineId": ("-5499", -5499),
    "extension": ("extension", "extensionURI", "uriExtension"),
    "state": ("held", "HELD", " held"),
    "actions": (["unhold", "leave"], ["Unhold", "leave"]),
    "isIncoming": (True, "true", 1, "TRUE"),
    "isRecording": (False, "false", 0, "0"),
    "lastModificationTime": ("1420707629443", 1420707629443, 1420707629443.0),
    "displayedNumber": ("102", 102),
}
KEYS: tuple[Callable[[str], str], ...] = (
    lambda name: name,
    lambda name: " " + name,
    lambda name: name + " ",
    lambda name: name[0].upper() + name[1:],
)
WRITTEN: tuple[Callable[[str], str], ...] = (
    lambda text: text,
    lambda text: text.replace("}", ",}").replace("]", ",]"),
    lambda text: text.replace('"', "“", 1).replace('"', "”", 1),
    lambda text: "\ufeff" + text + "\r\n",
)
WRAPPED = ("item", "items", "results", "object")


def a_frame(said: dict[str, Any], key: Callable[[str], str], written: Callable[[str], str], wrapped: str) -> bytes:
    line = {key(name): one for name, one in said.items() if name != "extension"}
    line[said["extension"]] = "v1/rcc/Extension/-102"
    frame = {"listenerName": "one", "item" if wrapped == "object" else wrapped: line if wrapped == "object" else [line]}
    return written(json.dumps(frame)).encode()


def is_that_line(frame: bytes) -> None:
    (line,) = pushed(frame).items
    assert line == CallLine(
        line_id="-5499",
        extension=line.extension,  # type: ignore[union-attr]
        extension_uri=line.extension_uri,  # type: ignore[union-attr]
        uri_extension=line.uri_extension,  # type: ignore[union-attr]
        state=LineState.HELD,
        actions=read({"lineId": "1", "actions": ["unhold", "leave"]}, CallLine).actions,
        is_incoming=True,
        is_recording=False,
        last_modification_time=1420707629443,
        displayed_number="102",
    )
    assert isinstance(line, CallLine)
    assert line.extension_id == "-102"


def test_every_pair_of_spellings_is_read_as_the_same_line() -> None:
    """Every way to write one thing with every way to write each other: 2 at a time, in all combinations."""
    dimensions: list[tuple[str, tuple[Any, ...]]] = [
        *SPELLED.items(),
        ("key", KEYS),
        ("written", WRITTEN),
        ("wrapped", WRAPPED),
    ]
    plain = {name: options[0] for name, options in dimensions}
    seen = 0
    for (first, firsts), (second, seconds) in itertools.combinations(dimensions, 2):
        for one, two in itertools.product(firsts, seconds):
            chosen = {**plain, first: one, second: two}
            said = {name: chosen[name] for name in SPELLED}
            if chosen["key"] is KEYS[3] and said["extension"] == "extension":
                said["extension"] = "extensionURI"
            is_that_line(a_frame(said, chosen["key"], chosen["written"], chosen["wrapped"]))
            seen += 1
    assert seen > 300


@hypothesis_settings(max_examples=150, deadline=None)
@given(
    said=st.fixed_dictionaries({name: st.sampled_from(options) for name, options in SPELLED.items()}),
    key=st.sampled_from(KEYS),
    written=st.sampled_from(WRITTEN),
    wrapped=st.sampled_from(WRAPPED),
)
def test_any_combination_of_spellings_is_read_as_the_same_line(
    said: dict[str, Any], key: Callable[[str], str], written: Callable[[str], str], wrapped: str
) -> None:
    is_that_line(a_frame(said, key, written, wrapped))


@hypothesis_settings(max_examples=200, deadline=None)
@given(frame=st.one_of(st.binary(max_size=80), st.text(max_size=80).map(lambda text: text.encode("utf-8", "replace"))))
def test_no_frame_at_all_is_too_much(frame: bytes) -> None:
    for application in Application:
        FrameDecoder(application).decode(frame)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted({*LINE, "item"})), inner),
    max_leaves=12,
)


@hypothesis_settings(max_examples=200, deadline=None)
@given(values=json_values)
def test_no_value_at_all_is_too_much(values: Any) -> None:
    for application in Application:
        FrameDecoder(application).decode(json.dumps({"listenerName": "one", "item": values}).encode())
    for kind in (CallLines, Extensions, Voicemails, PhoneLogs, UserInfo, User, Listener, tuple[CrmTerminal, ...]):
        try:
            read(values, kind)
        except ValueError:
            continue


@hypothesis_settings(max_examples=100, deadline=None)
@given(values=json_values)
def test_what_is_json_stays_what_it_is(values: Any) -> None:
    assert json.loads(mended(json.dumps(values))) == values
    assert value("count") == 2
