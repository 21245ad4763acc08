"""The sequences that the guides show, request by request, with answers as they write them, faults and all.

Numbers and names are made up; everything between them is as it is written there: which field is missing or named
otherwise, where a comma is too many, a quote is curly, a key begins with a space, a line is lost at the turn of a page.
"""

import asyncio
import base64
from typing import Any

import pytest

from aiopbx.istra.client import IstraClient
from aiopbx.istra.decoding import Push
from aiopbx.istra.socket import PushSocket
from aiopbx.istra.types.crm import CallType, CrmCallEvent, CrmEvent, DropCause, TalkCause
from aiopbx.istra.types.enduser import CallerIdChoice, Notifications
from aiopbx.istra.types.rcc import CallLine, LineAction, LineCause, LineState
from tests.aiopbx.istra.conftest import Connect, Make
from tests.aiopbx.istra.istra_server import PASSWORD, IstraServer, Socket

LISTENER = "v1/service/EventListener/bean"
JSON_FIRST = "application/json, text/plain, */*"
_TALKING = '["addParty", "disconnect", "hold", "leave", "redirect", "sendDtmfs" ]'
_HELD = '["addParty", "disconnect", "unhold", "leave", "redirect"]'
_RECORDABLE = '["addParty", "disconnect", "hold", "leave", "redirect", "sendDtmfs", "startRecord" ]'


def sent(server: IstraServer, index: int = -1) -> tuple[str, str]:
    one = server.requests[index]
    return one.method, one.path


async def next_push(socket: PushSocket) -> Push:
    async with asyncio.timeout(30):
        async for push in socket:
            return push
    raise AssertionError("the socket has ended")


async def next_line(socket: PushSocket) -> CallLine:
    push = await next_push(socket)
    assert push.listener == "CallLines"
    (line,) = push.items
    assert isinstance(line, CallLine)
    return line


# ------------------------------------------------------------------------------------------- myRCC, in both editions

EXTENSIONS = """
{
"count" : 150,
"items": [{
"addressNumber": "101",
"restUri": "v1/rcc/Extension/897778778",
"displayName": "Jane Roe",
"department": "Sales",
"urlPhoto": "http://photos.example.com/101",
"pstnNumbers": [%(quote)s+15550101%(unquote)s]
},{
"addressNumber": "102",
"restUri": "v1/rcc/Extension/4588897",
"displayName": "Max Moe",
"Department": "HR",
"urlPhoto": "http://photos.example.com/102",
"pstnNumbers": [%(quote)s+15550102%(unquote)s]
}],
"next": "v1/rcc/Extension?offset=100&length=50",
"prev": "v1/rcc/Extension?offset=0&length=50"
}
"""
QUOTES = {"straight": {"quote": '"', "unquote": '"'}, "curly": {"quote": "\u201c", "unquote": "\u201d"}}


@pytest.mark.parametrize("quotes", QUOTES)
async def test_log_in_list_the_extensions_and_log_out(quotes: str, make: Make, server: IstraServer) -> None:
    client = make(enterprise="e1")
    await client.open()
    assert sent(server) == ("POST", "/restletrouter/v1/service/Login")
    login = server.requests[-1]
    assert login.headers["Accept"] == JSON_FIRST
    assert login.headers["Content-Type"] == "application/json"
    assert login.headers["X-Application"] == "myRCC"
    assert login.headers["Authorization"] == "Basic " + base64.b64encode(f"jdoe|e1:{PASSWORD}".encode()).decode()

    server.answer("GET", "v1/rcc/Extension", text=EXTENSIONS % QUOTES[quotes])
    page = await client.rcc.extension_page(offset=50, length=50)
    assert sent(server) == ("GET", "/restletrouter/v1/rcc/Extension?offset=50&length=50")
    assert server.requests[-1].headers["Cookie"] == f"myRCC_SESSIONID={server.session}"
    assert server.requests[-1].headers["X-Application"] == f"myRCC;{server.token}"
    assert (page.count, page.next, page.prev) == (
        150,
        "v1/rcc/Extension?offset=100&length=50",
        "v1/rcc/Extension?offset=0&length=50",
    )
    first, second = page.all
    assert (first.id, first.department_name, first.pstn_numbers) == ("897778778", "Sales", ("+15550101",))
    assert (second.id, second.department_name, second.pstn_numbers) == ("4588897", "HR", ("+15550102",))

    over = f"myIstra_SESSIONID={server.session};Path=/restletrouter;Expires=Thu, 01-Jan-1970 00:00:00"
    server.answer("POST", "v1/service/Logout", status=204, headers=[("Set-Cookie", over)])
    await client.service.logout()
    assert sent(server) == ("POST", "/restletrouter/v1/service/Logout")
    assert not client.opened


LINES = """
{
        "count": 2,
        "results": [{
                "restUri": "v1/rcc/CallLine/-2898",
                "actions": ["addParty", "disconnect", "unhold", "leave", "redirect"],
                "creationTime": "1420635386447",
                "displayedExternalNumber": "+15550155",
                "displayedLabel": "The mailbox",
                "displayedNumber": "555",
                "displayedPhoto": "",
                "isIncoming": false,
                "isMediaAvailable": false,
                "isPlaying": false,
                "isRecording": false,
                "lastModificationTime": "1420635390594",
                "lineId": "-2898",
                "state": "held",
                "stateCause": "causeNormal",
                "talkingTime": "1420635386449",
                "extension": "v1/rcc/Extension/897778778",
        }, {
                "restUri": "v1/rcc/CallLine/-2903",
                "actions": ["addParty", "disconnect", "hold", "leave", "redirect", "transfer", "merge",
"sendDtmfs"],
                "creationTime": "1420635411530",
                "displayedExternalNumber": "+1555xxx",
                "displayedLabel": "Max Moe",
                "displayedNumber": "102",
                "displayedPhoto": "http://photos.example.com/102",
                "isIncoming": false,
                "isMediaAvailable": false,
                "isPlaying": false,
                "isRecording": false,
                "lastModificationTime": "1420635411538",
                "lineId": "-2903",
                "state": "talking",
                "stateCause": "causeNormal",
                "talkingTime": "1420635411537",
                "extension": "v1/rcc/Extension/105",
        }]
}
"""
PUSHED = """
{
        "listenerName": "CallLines",
        "item": [{
                "restUri": "v1/rcc/CallLine/-2904",
                "actions": ["addParty", "disconnect", "hold", "leave", "redirect", "transfer", "merge",
"sendDtmfs", "startRecord"],
                "creationTime": "1420635411530",
                "displayedExternalNumber": "+15550155",
                "displayedLabel": "Max Moe",
                "displayedNumber": "102",
                "displayedPhoto": "http://photos.example.com/102",
                "isIncoming": false,
                "isMediaAvailable": false,
                "isPlaying": false,
                "isRecording": false,
                "lastModificationTime": "1420635411538",
                "lineId": "-2903",
                "state": "talking",
                "stateCause": "causeNormal",
                "talkingTime": "1420635411537",
                "extension": "v1/rcc/Extension/897778778"
        }]
}
"""


async def monitoring(client: IstraClient, server: IstraServer, lines: str = LINES) -> tuple[PushSocket, Socket]:
    """Socket, listener, and the list that binds the one to the other, in that order."""
    socket = await client.open_socket()
    seen = await server.opened.get()
    assert sent(server) == ("GET", "/restletrouter/ws-service/myRCC")
    assert seen.headers["Connection"] == "Upgrade"
    assert seen.headers["Cookie"] == f"myRCC_SESSIONID={server.session}"

    server.answer("POST", LISTENER, text='{"name":"CallLines", "restUri":"v1/service/EventListener/bean/CallLines"}')
    listener = await client.service.create_listener("CallLines")
    assert sent(server) == ("POST", f"/restletrouter/{LISTENER}")
    assert server.requests[-1].json == {"name": "CallLines"}
    assert (listener.name, listener.rest_uri) == ("CallLines", f"{LISTENER}/CallLines")

    server.answer("GET", "v1/rcc/CallLine", text=lines)
    found = await client.rcc.call_lines(listener_name="CallLines")
    assert sent(server) == ("GET", "/restletrouter/v1/rcc/CallLine?listenerName=CallLines")
    if lines is LINES:
        held, talking = found.all
        assert (found.count, held.line_id, talking.line_id) == (2, "-2898", "-2903")
        assert (held.state, talking.state) == (LineState.HELD, LineState.TALKING)
        assert (held.extension_id, talking.extension_id) == ("897778778", "105")
        assert (held.creation_time, held.talking_time) == (1420635386447, 1420635386449)
        assert talking.actions[-3:] == (LineAction.TRANSFER, LineAction.MERGE, LineAction.SEND_DTMFS)
        assert talking.displayed_external_number == "+1555xxx"
    return socket, seen


async def test_begin_and_end_to_monitor(connect: Connect, server: IstraServer) -> None:
    client = await connect()
    socket, seen = await monitoring(client, server)
    for _ in range(2):
        seen.send(PUSHED)
        line = await next_line(socket)
        assert (line.line_id, line.uri) == ("-2903", "v1/rcc/CallLine/-2904")
        assert line.extension_id == "897778778"
        assert LineAction.START_RECORD in line.actions
    server.answer("DELETE", f"{LISTENER}/CallLines", status=200)
    await client.service.delete_listener("CallLines")
    assert sent(server) == ("DELETE", f"/restletrouter/{LISTENER}/CallLines")
    assert client.statistics.malformed_frames == client.statistics.bad_fields == 0


PLACED = """
{
         "restUri": "v1/rcc/CallLine/-5499",
        "actions": ["disconnect", "answer"],
        "creationTime": "1420707628893",
        "displayedLabel": "Max",
        "displayedNumber": "102",
        "displayedPhoto": "http://photos.example.com/102",
        "isIncoming": false,
        "isMediaAvailable": false,
        "isPlaying": false,
        "isRecording": false,
        "lineId": "-5499",
        "state": "prompting",
        "extensionURI": "v1/rcc/Extension/897778778"
}
"""


def pushed(state: str, modified: str, actions: str | None, *, whole: bool = True) -> str:
    """A push of the call; where it is not whole, the line in which the list begins is lost at the turn of a page."""
    begin = '"item": [{\n                "restUri": "v1/rcc/CallLine/-5499",' if whole else ""
    offered = f'"actions": {actions},' if actions is not None else '"conference": false,'
    return f"""
{{
        "listenerName": "CallLines",
        {begin}
                {offered}
                "creationTime": "1420707629436",
                "displayedExternalNumber": "+15550155",
                "displayedLabel": "Max Moe",
                "displayedNumber": "102",
                "displayedPhoto": "http://photos.example.com/102",
                "isIncoming": false,
                "isMediaAvailable": false,
                "isPlaying": false,
                "isRecording": false,
                "lastModificationTime": "{modified}",
                "lineId": "-5499",
                "state": "{state}",
                "stateCause": "causeNormal",
                "talkingTime": "1420707629443",
                "uriExtension": "v1/rcc/Extension/897778778"
        }}]
}}
"""


@pytest.mark.parametrize("whole", [True, False], ids=["whole", "with lines lost at the turn of a page"])
async def test_a_call_from_placing_to_its_end(whole: bool, connect: Connect, server: IstraServer) -> None:
    client = await connect()
    socket, seen = await monitoring(client, server, '{"count": 0, "results": []}')

    server.answer("POST", "v1/rcc/Extension/897778778/placeCall", text=PLACED)
    placed = await client.rcc.place_call("897778778", "102")
    assert sent(server) == ("POST", "/restletrouter/v1/rcc/Extension/897778778/placeCall")
    assert server.requests[-1].json == {"destination": "102"}
    assert (placed.line_id, placed.state, placed.last_modification_time) == ("-5499", LineState.PROMPTING, None)
    assert placed.actions == (LineAction.DISCONNECT, LineAction.ANSWER)
    assert placed.extension_id == "897778778"

    seen.send(pushed("talking", "1420707629443", _TALKING))
    talking = await next_line(socket)
    assert (talking.state, talking.extension_id) == (LineState.TALKING, "897778778")
    assert talking.creation_time != placed.creation_time

    for action, state, modified, actions in (
        ("hold", LineState.HELD, "1420707783052", _HELD),
        ("unhold", LineState.TALKING, "1420707787595", _RECORDABLE),
    ):
        await (client.rcc.hold("-5499") if action == "hold" else client.rcc.unhold("-5499"))
        assert sent(server) == ("POST", f"/restletrouter/v1/rcc/CallLine/-5499/{action}")
        assert server.requests[-1].body == b""
        seen.send(pushed(state, modified, actions, whole=whole))
        line = await next_line(socket)
        assert (line.line_id, line.state, line.last_modification_time) == ("-5499", state, int(modified))
        assert line.uri == "v1/rcc/CallLine/-5499"

    await client.rcc.disconnect("-5499")
    assert sent(server) == ("POST", "/restletrouter/v1/rcc/CallLine/-5499/disconnect")
    seen.send(pushed("dropped", "1420707794023", None))
    over = await next_line(socket)
    assert (over.state, over.actions, over.conference) == (LineState.DROPPED, (), False)
    assert over.state_cause is LineCause.NORMAL
    assert client.statistics.malformed_frames == 0


# --------------------------------------------------------------------------------------------------------------- myCrm

CRM_EVENTS = [
    ('"event": "callRinging", "incoming": true, "type": "internal"', {"event": CrmEvent.RINGING}),
    (
        '"event": "callTalking", "incoming": true, "talkCause": "transferred", "type": "internal"',
        {"event": CrmEvent.TALKING, "talk_cause": TalkCause.TRANSFERRED},
    ),
    (
        '"dropCause": "transferred", "event": "callDropped", "ringingTime": "262", "talkingTime": "81"',
        {
            "event": CrmEvent.DROPPED,
            "drop_cause": DropCause.TRANSFERRED,
            "ringing_time": 262,
            "talking_time": 81,
        },
    ),
]


@pytest.mark.parametrize("lines", ["spread", "close"])
async def test_the_terminals_of_a_user_and_their_calls(lines: str, connect: Connect, server: IstraServer) -> None:
    terminal = "5985841581756135023"
    client = await connect("mycrm")
    login = server.requests[-1]
    assert login.headers["Authorization"] == "Basic " + base64.b64encode(f"ENDUSER:jdoe:{PASSWORD}".encode()).decode()

    written = f'[{{"deviceModel":"SIP generic device","terminalId":"{terminal}"}}]'
    if lines == "spread":
        written = written.replace("{", "\n\n    { \n").replace(",", ", \n").replace("}", " \n\n    } \n")
    server.answer("GET", "v1/crm/GetTerminals", text=written)
    (found,) = await client.crm.terminals()
    assert sent(server) == ("GET", "/restletrouter/v1/crm/GetTerminals")
    assert server.requests[-1].headers["Content-Type"] == "application/json"
    assert server.requests[-1].headers["X-Application"] == f"myCrm;{server.token}"
    assert (found.terminal_id, found.device_model) == (terminal, "SIP generic device")

    server.answer("POST", LISTENER, text=f'{{"name":"CallLines","restUri":"{LISTENER}/CallLines"}}')
    await client.service.create_listener("CallLines", terminal)
    assert sent(server) == ("POST", f"/restletrouter/{LISTENER}")
    assert server.requests[-1].json == {"name": "CallLines", "terminalId": terminal}

    socket = await client.open_socket()
    seen = await server.opened.get()
    server.answer("GET", "v1/crm/CallLine", status=200)
    await client.crm.listen(listener_name="CallLines", terminal_id=terminal)
    assert sent(server) == ("GET", f"/restletrouter/v1/crm/CallLine?listenerName=CallLines&terminalId={terminal}")

    for rest, meant in CRM_EVENTS:
        seen.send(
            '{ \n  "listenerName": "CallLines", \n  "item": [ \n    { \n      "acdId": "15550171",  \n'
            '      "callId": "-428",  \n      "displayLabel": "ACD-171-S-0", \n      "displayNumber": "104",  \n'
            f'      "displayNumberE164": "104",  \n      {rest} \n    }} \n  ] \n}} \n'
        )
        push = await next_push(socket)
        (event,) = push.items
        assert isinstance(event, CrmCallEvent)
        assert (push.listener, event.call_id, event.acd_id) == ("CallLines", "-428", "15550171")
        assert event.display_number_e164 == "104"
        assert event.incoming is (True if "incoming" in rest else None)
        assert event.type is (CallType.INTERNAL if "type" in rest else None)
        assert {name: getattr(event, name) for name in meant} == meant

    server.answer("GET", "v1/crm/PlaceCall", status=200, text=" \n")
    await client.crm.place_call(terminal_id=terminal, destination="555")
    assert sent(server) == ("GET", f"/restletrouter/v1/crm/PlaceCall?terminalId={terminal}&destination=555")
    assert client.statistics.malformed_frames == client.statistics.bad_fields == 0


# ------------------------------------------------------------------------------------------------------------- myIstra

VOICEMAIL = """{
 "msgid":"20260119170845749-313-144",
 "filename":"20260119170845749-313-144.unread.wav",
 "id":"6917546619827162372",
 "restUri":"v1/logs/Voicemail/bean/6917546619827162372",
 "playNumber":"555;lra=144;cd msgid=20260119170845749-313-144",
 "timestamp":"1455898125749",
 "durationSecond":7,
 "remoteNumber":"200",
 "restUriContact":"v1/directory/Contact/-33",
 "remoteLabel":"Max Moe",
 "type":"internal",
 "priority":"normal",
 "read":false,
 "callbackNumber":"200",
}"""
CALL = """{
 "restUri":"v1/logs/Phone/bean/-4611",
 "callHistoryId":"-4611",
 "isIncoming":true,
 "isMissed":true,
 "isRejected":false,
 "isWritten":false,
 "remoteLabel":"Max Moe",
 "remoteType":"STATION",
 "ringDurationSecond":4,
 "talkDurationSecond":0,
 "timestamp":"1455898125749",
 "callbackNumber":"200",
 "userEntName":"Example",
 "userNumber":"201",
}"""


async def test_voicemails_are_listed_read_marked_heard_and_deleted(connect: Connect, server: IstraServer) -> None:
    client = await connect("myistra")
    bean, one = "v1/logs/Voicemail/bean", "6917546619827162372"
    server.answer("GET", bean, text=f'{{ "count": 1, "items": [ {VOICEMAIL}, ] }}')
    page = await client.enduser.voicemails()
    assert sent(server) == ("GET", f"/restletrouter/{bean}")
    (voicemail,) = page.all
    assert (voicemail.id, voicemail.read, voicemail.duration_second) == (one, False, 7)
    assert voicemail.at is not None
    assert voicemail.at.isoformat() == "2016-02-19T16:08:45.749000+00:00"
    await client.enduser.voicemails(offset=0, length=20)
    assert sent(server) == ("GET", f"/restletrouter/{bean}?offset=0&length=20")

    server.answer("GET", f"{bean}/{one}", text=VOICEMAIL)
    assert await client.enduser.voicemail(one) == voicemail
    server.answer("PUT", f"{bean}/{one}", text=VOICEMAIL.replace("false", "true").replace("unread", "read"))
    marked = await client.enduser.mark_voicemail(one, True)
    assert sent(server) == ("PUT", f"/restletrouter/{bean}/{one}")
    assert server.requests[-1].json == {"read": True}
    assert marked.read is True
    assert marked.filename != voicemail.filename

    server.answer("GET", f"{bean}/{one}.ogg", text=b"OggS", headers=[("Content-Type", "application/ogg")])
    async with await client.enduser.open_recording(one) as recording:
        assert recording.content_type == "application/ogg"
        assert b"".join([chunk async for chunk in recording]) == b"OggS"
    assert sent(server) == ("GET", f"/restletrouter/{bean}/{one}.ogg")

    # Here the guide writes the address without its middle.
    server.answer("DELETE", f"{bean}/{one}", status=404)
    server.answer("DELETE", f"v1/logs/Voicemail/{one}", status=200)
    await client.enduser.delete_voicemail(one)
    assert sent(server) == ("DELETE", f"/restletrouter/v1/logs/Voicemail/{one}")

    server.answer("POST", "v1/user/Terminal/-55/placeCall", status=200)
    assert voicemail.play_number is not None
    await client.enduser.place_call("-55", voicemail.play_number)
    assert server.requests[-1].json == {"destination": "555;lra=144;cd msgid=20260119170845749-313-144"}


async def test_the_call_history_is_listed_read_and_deleted(connect: Connect, server: IstraServer) -> None:
    client = await connect("myistra")
    server.answer("GET", "v1/logs/Phone/bean", text=f'{{ "count" : 1, "Items": [ {CALL} ] }}')
    page = await client.enduser.phone_logs(offset=0, length=20, is_incoming=True)
    assert sent(server) == ("GET", "/restletrouter/v1/logs/Phone/bean?offset=0&length=20&isIncoming=true")
    (call,) = page.all
    assert (call.call_history_id, call.is_missed, call.talk_duration_second) == ("-4611", True, 0)
    server.answer("GET", "v1/logs/Phone/bean/-4611", status=405)
    server.answer("GET", "v1/logs/Phone/-4611", text=CALL)
    assert await client.enduser.phone_log("-4611") == call
    server.answer("DELETE", "v1/logs/Phone/bean/-4611", status=404)
    server.answer("DELETE", "v1/logs/Phone/-4611", status=200)
    await client.enduser.delete_phone_log("-4611")
    assert server.sequence[-4:] == [
        "GET v1/logs/Phone/bean/-4611",
        "GET v1/logs/Phone/-4611",
        "DELETE v1/logs/Phone/bean/-4611",
        "DELETE v1/logs/Phone/-4611",
    ]


INFO = """
{
  "userName":"Jane Roe",
  "istraVersion":"9.1",
  "istraBuildID":"20260101",
  "ent": { "fullName" : "Example", "other": {} },
  "terminals": [ { "abstractTerminalID": "5985841581756135023", "label": "Desk" }, ],
  "user": {
    "restUri":"v1/user/IUser/8967300633232582576",
    "customCallerIDChoice":"FromPresenceState",
    "customCallerID":"+15550144"
  },
  "more": "than is told"
}
"""


async def test_who_the_user_is_and_what_others_see(connect: Connect, server: IstraServer) -> None:
    client = await connect("myistra")
    server.answer("GET", "v1/user/Info", text=INFO)
    info = await client.enduser.info()
    assert sent(server) == ("GET", "/restletrouter/v1/user/Info")
    assert (info.user_name, info.istra_build_id) == ("Jane Roe", "20260101")
    assert info.ent is not None
    assert info.ent.full_name == "Example"
    assert [(one.abstract_terminal_id, one.label) for one in info.terminals] == [("5985841581756135023", "Desk")]
    assert info.user is not None
    assert info.user.id is not None
    assert info.user.custom_caller_id_choice is CallerIdChoice.FROM_PRESENCE_STATE

    path = "v1/user/IUser/8967300633232582576"
    said: dict[str, Any] = {
        "restUri": path,
        "customCallerIDChoice": "ManualSetting",
        "customCallerID": "+15550144",
    }
    server.answer("GET", path, json=said)
    user = await client.enduser.user(info.user.id)
    assert sent(server) == ("GET", f"/restletrouter/{path}?rt=customCallerIDChoice,customCallerID")
    assert user.custom_caller_id_choice is not None
    assert (user.custom_caller_id_choice.manual, user.caller_id) == (True, "+15550144")

    # The guide's own body has a brace less and a key that begins with a space; the server gives back what it got.
    body = '"customCallerIDChoice":"ManualSetting",\n" manualCustomCallerID":"+15550144"\n}'
    server.answer("PUT", path, text=f'"restUri":"{path}",\n{body}')
    changed = await client.enduser.set_caller_id(info.user.id, CallerIdChoice.MANUAL_SETTING, "+15550144")
    assert sent(server) == ("PUT", f"/restletrouter/{path}?rt=customCallerIDChoice,customCallerID")
    assert server.requests[-1].json == {"customCallerIDChoice": "ManualSetting", "manualCustomCallerID": "+15550144"}
    assert changed is not None
    assert (changed.rest_uri, changed.caller_id) == (path, "+15550144")


async def test_the_counters_are_read_and_then_pushed(connect: Connect, server: IstraServer) -> None:
    client = await connect("myistra")
    socket = await client.open_socket()
    seen = await server.opened.get()
    assert sent(server) == ("GET", "/restletrouter/ws-service/myIstra")
    assert seen.headers["X-Application"] == "myIstra"

    server.answer("POST", LISTENER, text=f'{{\n"name":"MixedLogsL",\n"restUri":"{LISTENER}/MixedLogsL"\n}}')
    await client.service.create_listener("MixedLogsL")
    counters = (
        '"model":"v1/data/RestletApiSessionCounters",\n"unreadMissedCalls":%d,\n"unreadTextMessages":0,\n'
        '"unreadVoiceMails":1\n}'
    )
    server.answer("GET", "v1/logs/Notifications/bean", text=counters % 2)
    first = await client.enduser.notifications(listener_name="MixedLogsL")
    assert sent(server) == ("GET", "/restletrouter/v1/logs/Notifications/bean?listenerName=MixedLogsL")
    assert (first.unread_missed_calls, first.unread_text_messages, first.unread_voice_mails) == (2, 0, 1)

    seen.send('{\n"listenerName":"MixedLogsL",\n"item":{' + counters % 3 + "\n}")
    push = await next_push(socket)
    (item,) = push.items
    assert push.listener == "MixedLogsL"
    assert isinstance(item, Notifications)
    assert item.unread_missed_calls == 3
    await client.service.delete_listener("MixedLogsL")
    assert sent(server) == ("DELETE", f"/restletrouter/{LISTENER}/MixedLogsL")


ERRORS: dict[int, str] = {
    401: '\n{ \n"code": "MYCRM_ERR_403", \n"message": "not allowed for this extension" \n\n} \n',
    403: '\n{ \n"code": "ROUTER_ERR_400", \n"message": "the cookie is another\'s" \n\n} \n',
    400: '{ \n"message":"wrong terminal", \n"exceptionId":"exception_1402060415874", \n"code":"ERR_0", \n'
    '"firstMessage":"wrong terminal", \n"info":{ \n\n"type":{ \n"id":"ERR_0", \n"msg":"Bad Request" \n\n} \n} \n\n} \n',
    512: '{ \n"message":"no service", \n"exceptionId":"exception_1402060959373", \n"code":"ERR_100", \n'
    '"firstMessage":"no service", \n"info":{ \n\n"type":{ \n"id":"ERR_100", \n"msg":"Invalid State" \n\n}, \n'
    '"model":"terminal", \n"value":"OutOfService", \n"property":"state" \n} \n} \n',
    503: '\n{ \n"code": "ROUTER_ERR_503", \n"message": "not started yet" \n\n} \n',
}


@pytest.mark.parametrize("status", ERRORS)
async def test_errors_as_they_are_written(status: int, connect: Connect, server: IstraServer) -> None:
    client = await connect("mycrm")
    server.answer("GET", "v1/crm/PlaceCall", status=status, text=ERRORS[status])
    with pytest.raises(Exception, match=f"was refused \\({status} ") as raised:
        await client.crm.place_call(terminal_id="-1", destination="555")
    error: Any = raised.value
    assert error.code in ERRORS[status]
    assert error.help_message in ERRORS[status]
    if status in (400, 512):
        assert error.type == {400: "Bad Request", 512: "Invalid State"}[status]
    if status == 512:
        assert error.cause == "OutOfService"
        assert error.transient
