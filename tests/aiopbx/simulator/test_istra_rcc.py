"""myRCC: extensions by the page, lines of the whole enterprise, everything that can be done with them, and pushes."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from aiopbx.simulator import DeviceSpec, UserSpec
from aiopbx.simulator.faces.istra.lines import ACTIONS
from aiopbx.simulator.switch import Behaviour
from tests.aiopbx.simulator.istra_client import ALICE, BOB, CAROL, Istra, office

OUTSIDE = "0015550100"


@pytest.fixture
async def istra() -> AsyncIterator[Istra]:
    async with office() as istra:
        yield await istra.rcc()


# ---------------------------------------------------------------------------------------------------------- extensions


def crowd(count: int) -> list[dict[str, Any]]:
    return [
        {"login": f"user{n}", "number": str(1000 + n), "first_name": "U", "last_name": str(n)} for n in range(count)
    ]


async def test_extensions_come_in_pages() -> None:
    async with office(users=crowd(25), rcc_page=10) as istra:
        await istra.rcc()
        seen = []
        page = await istra.get("v1/rcc/Extension")
        assert "prev" not in page
        while True:
            assert page["count"] == 25
            seen += [item["addressNumber"] for item in page["items"]]
            if "next" not in page:
                break
            page = await istra.get(page["next"])
        assert seen == [str(1000 + n) for n in range(25)]
        assert page["prev"] == "v1/rcc/Extension?offset=10&length=10"
        for query, numbers, more in (
            ("offset=3&length=2", ["1003", "1004"], {"next": "offset=5&length=2", "prev": "offset=1&length=2"}),
            (
                "offset=1&length=4",
                ["1001", "1002", "1003", "1004"],
                {"next": "offset=5&length=4", "prev": "offset=0&length=4"},
            ),
            ("offset=24", ["1024"], {"prev": "offset=14&length=10"}),
            ("offset=25&length=5", [], {"prev": "offset=20&length=5"}),
            ("length=0", [], {}),
            ("offset=0&length=1000", seen[:10], {"next": "offset=10&length=10"}),
        ):
            page = await istra.get(f"v1/rcc/Extension?{query}")
            assert [item["addressNumber"] for item in page["items"]] == numbers, query
            links = {name: page[name].partition("?")[2] for name in ("next", "prev") if name in page}
            assert links == more, query
        for query in ("offset=-1", "length=x", "offset=1.5"):
            assert (await istra.ask("GET", f"v1/rcc/Extension?{query}")).status == 400


async def test_an_extension_names_its_user() -> None:
    people = [
        UserSpec(
            login="ann",
            number="2000",
            first_name="Ann",
            last_name="Alder",
            department="Sales",
            pstn_numbers=("+15550100", "+15550101"),
            photo_url="https://pictures.example.com/ann",
        ),
        UserSpec(login="ben", number="2001", rcc=False),
    ]
    async with office(users=people) as istra:
        await istra.rcc()
        (item,) = (await istra.get("v1/rcc/Extension"))["items"]
        assert item == {
            "addressNumber": "2000",
            "restUri": item["restUri"],
            "displayName": "Ann Alder",
            "department": "Sales",
            "urlPhoto": "https://pictures.example.com/ann",
            "pstnNumbers": ["+15550100", "+15550101"],
        }
        assert await istra.get(item["restUri"]) == item
        assert (await istra.ask("GET", "v1/rcc/Extension/1")).status == 404


async def test_extensions_that_may_not_be_controlled() -> None:
    people = [UserSpec(login="ann", number="2000"), UserSpec(login="ben", number="2001", rcc=False)]
    async with office(users=people) as istra:
        await istra.rcc()
        push = await istra.listen()
        call = istra.switch.make_call("ann", "2000", "2001", auto_answer=True)
        (line,) = await push.items()
        assert [each["lineId"] for each in await istra.lines()] == [line["lineId"]]
        hidden = istra.face.lines.line("ben", call.ref)
        assert (await istra.act({"lineId": hidden.id}, "answer")).status == 404


# --------------------------------------------------------------------------------------------------------------- lines


async def test_the_sequence_of_the_guide(istra: Istra) -> None:
    push = await istra.listen()
    line = await istra.place("1000", "1001")
    extension = await istra.extension("1000")
    now = str(round(istra.clock.utc().timestamp() * 1000))
    assert line == {
        "restUri": f"v1/rcc/CallLine/{line['lineId']}",
        "actions": ["answer", "disconnect"],
        "conference": False,
        "creationTime": now,
        "displayedExternalNumber": "",
        "displayedLabel": "Bob Keller",
        "displayedNumber": "1001",
        "displayedPhoto": "",
        "isIncoming": False,
        "isMediaAvailable": False,
        "isPlaying": False,
        "isRecording": False,
        "lastModificationTime": now,
        "lineId": line["lineId"],
        "state": "prompting",
        "stateCause": "causeNormal",
        "extension": extension["restUri"],
    }
    assert int(line["lineId"]) < 0
    assert await push.items() == [line]
    await istra.do(line, "answer")
    mine, theirs = await push.items()
    assert (mine["state"], mine["actions"]) == ("prompting", ["disconnect"])
    assert (theirs["state"], theirs["isIncoming"], theirs["displayedLabel"]) == ("prompting", True, "Alice Martin")
    assert theirs["actions"] == ["answer", "disconnect", "redirect"]
    istra.clock.advance(3)
    await istra.do(theirs, "answer")
    lines = {each["lineId"]: each for each in await push.items()}
    talking = ["addParty", "disconnect", "hold", "leave", "redirect", "sendDtmfs", "startRecord"]
    for each in lines.values():
        assert (each["state"], each["actions"]) == ("talking", talking)
        assert int(each["creationTime"]) < int(each["talkingTime"]) == int(each["lastModificationTime"])
    await istra.do(line, "hold")
    lines = {each["lineId"]: each for each in await push.items()}
    held = lines[line["lineId"]]
    assert (held["state"], held["actions"]) == ("held", ["disconnect", "unhold", "leave"])
    assert "redirect" not in lines[theirs["lineId"]]["actions"], "who is on hold cannot be transferred"
    await istra.do(line, "unhold")
    again = next(each for each in await push.items() if each["lineId"] == line["lineId"])
    assert (again["state"], again["talkingTime"]) == ("talking", lines[line["lineId"]]["talkingTime"])
    await istra.do(line, "disconnect")
    for each in await push.items():
        assert each["state"] == "dropped"
        assert "actions" not in each
        assert each["stateCause"] == "causeNormal"
        assert each["displayedNumber"]
    assert await push.silent()
    assert await istra.lines() == []
    assert (await istra.act(line, "hold")).status == 404
    istra.switch.check()


async def test_actions_without_a_body_go_by_get_too(istra: Istra) -> None:
    line = await istra.place("1000", "1001")
    for action, of in (
        ("answer", "1000"),
        ("answer", "1001"),
        ("hold", "1000"),
        ("unhold", "1000"),
        ("startRecord", "1001"),
    ):
        reply = await istra.act(await istra.line_of(of), action, method="GET")
        assert (reply.status, reply.raw) == (204, b""), action
    assert (await istra.act(line, "redirect", method="GET")).status == 405
    assert (await istra.act(line, "leave", method="GET")).status == 204
    assert await istra.lines() == []


async def test_what_is_not_offered_is_refused(istra: Istra) -> None:
    mine, theirs = await istra.talk()
    body = {"destination": "1002", "dtmfs": "1", "line": theirs["restUri"]}
    for action in set(ACTIONS) - set(mine["actions"]):
        before = istra.switch.dump()
        reply = await istra.act(mine, action, body)
        assert (reply.status, reply.body["code"], reply.body["info"]["value"]) == (409, "ERR_100", "talking"), action
        assert istra.switch.dump() == before


async def test_a_conference_by_consultation(istra: Istra) -> None:
    push = await istra.listen()
    first, _ = await istra.talk()
    await push.items()
    second = await istra.place("1000", "1002")
    await istra.do(second, "answer")
    await istra.do(await istra.line_of("1002"), "answer")
    second, first = await istra.find(second), await istra.find(first)
    assert (first["state"], second["state"]) == ("held", "talking")
    assert {"transfer", "merge"} <= set(second["actions"])
    assert not {"transfer", "merge"} & set(first["actions"])
    await push.items()
    await istra.do(second, "merge", {"line": first["restUri"]})
    lines = {each["lineId"]: each for each in await push.items()}
    assert lines[first["lineId"]]["state"] == "dropped"
    assert lines[second["lineId"]]["conference"] is True
    assert "disconnect" in lines[second["lineId"]]["actions"], "who made it can end it"
    others = [each for each in lines.values() if each["isIncoming"]]
    assert len(others) == 2
    for each in others:
        assert each["conference"] is True
        assert "disconnect" not in each["actions"], "others can leave it"
        assert "leave" in each["actions"]
    await istra.do(others[0], "leave")
    lines = {each["lineId"]: each for each in await push.items()}
    assert lines[others[0]["lineId"]]["state"] == "dropped"
    assert lines[second["lineId"]]["conference"] is False
    assert len(await istra.lines()) == 2
    istra.switch.check()


async def test_disconnect_ends_a_conference_for_all(istra: Istra) -> None:
    line, _ = await istra.talk()
    await istra.do(line, "addParty", {"destination": "1002"})
    await istra.do(await istra.line_of("1002"), "answer")
    assert (await istra.find(line))["conference"] is True
    await istra.do(line, "disconnect")
    assert await istra.lines() == []


@pytest.mark.parametrize(
    "form", ["{uri}", "/restletrouter/{uri}", "http://istra.example.com/restletrouter/{uri}", "{id}"]
)
@pytest.mark.parametrize("ringing", [False, True])
async def test_a_transfer(istra: Istra, form: str, ringing: bool) -> None:
    first, bobs = await istra.talk()
    second = await istra.place("1000", "1002")
    await istra.do(second, "answer")
    if not ringing:
        await istra.do(await istra.line_of("1002"), "answer")
    named = form.format(uri=first["restUri"], id=first["lineId"])
    await istra.do(second, "transfer", {"line": named})
    bobs = await istra.find(bobs)
    assert (bobs["displayedLabel"], bobs["isIncoming"]) == ("Carol Diaz", True), "the line stays the same"
    assert bobs["state"] == ("prompting" if ringing else "talking")
    assert len(await istra.lines()) == 2


async def test_lines_that_cannot_be_joined(istra: Istra) -> None:
    first, bobs = await istra.talk()
    second = await istra.place("1000", "1002")
    await istra.do(second, "answer")
    await istra.do(await istra.line_of("1002"), "answer")
    for named in (bobs["restUri"], second["restUri"], "v1/rcc/CallLine/77", "nonsense"):
        for action in ("transfer", "merge"):
            reply = await istra.act(second, action, {"line": named})
            assert (reply.status, reply.body["code"]) == (400, "ERR_0"), named
            assert reply.body["message"].startswith("line: ")
    await istra.do(second, "hold")
    reply = await istra.act(second, "merge", {"line": first["restUri"]})
    assert reply.status == 409


@pytest.mark.parametrize("action", ["merge", "transfer", "redirect", "addParty", "sendDtmfs"])
async def test_actions_that_lack_something(istra: Istra, action: str) -> None:
    line, _ = await istra.talk()
    for raw in ("", "{}", '{"destination": null, "line": [], "dtmfs": {}}'):
        reply = await istra.ask("POST", f"v1/rcc/CallLine/{line['lineId']}/{action}", raw=raw)
        assert (reply.status, reply.body["code"]) == (400, "ERR_0"), raw


async def test_redirecting(istra: Istra) -> None:
    line = await istra.place("1000", "1001")
    await istra.do(line, "answer")
    await istra.do(await istra.line_of("1001"), "redirect", {"destination": "1002"})
    carols = await istra.line_of("1002")
    assert carols["state"] == "prompting"
    await istra.do(carols, "answer")
    await istra.do(carols, "redirect", {"destination": "1003"})
    assert (await istra.find(line))["displayedLabel"] == "David Okafor"
    line = await istra.line_of("1003")
    assert (await istra.act(line, "redirect", {"destination": "9999"})).status == 400


async def test_tones_and_recording(istra: Istra) -> None:
    line, _ = await istra.talk()
    await istra.do(line, "sendDtmfs", {"dtmfs": "12#"})
    (call,) = istra.switch.calls_of(ALICE)
    assert call.dtmf == [(ALICE, "12#")]
    assert (await istra.act(line, "sendDtmfs", {"dtmfs": "x"})).status == 400
    await istra.do(line, "startRecord")
    line = await istra.find(line)
    assert line["isRecording"] is True
    assert "startRecord" not in line["actions"]
    assert (await istra.act(line, "startRecord")).status == 409


async def test_no_recording_without_a_mailbox() -> None:
    people = [UserSpec(login="ann", number="1000", voicemail=False), UserSpec(login="ben", number="1001")]
    async with office(users=people) as istra:
        await istra.rcc()
        mine, theirs = await istra.talk()
        assert "startRecord" not in mine["actions"]
        assert "startRecord" in theirs["actions"]


async def test_the_own_line_has_two_calls_at_once(istra: Istra) -> None:
    await istra.talk()
    istra.switch.incoming_external(OUTSIDE, "1000", "Example Ltd")
    first, second = [each for each in await istra.lines() if each["extension"] == (await extension_of(istra, "1000"))]
    assert (second["displayedLabel"], second["displayedNumber"]) == ("Example Ltd", OUTSIDE)
    assert second["displayedExternalNumber"] == "+15550100"
    assert first["lineId"] != second["lineId"]
    assert "addParty" not in first["actions"], "no line is free for it"


async def extension_of(istra: Istra, number: str) -> str:
    return str((await istra.extension(number))["restUri"])


async def test_anonymous_callers_are_not_named(istra: Istra) -> None:
    istra.switch.incoming_external(OUTSIDE, "1000", "Example Ltd", anonymous=True)
    (line,) = await istra.lines()
    assert (line["displayedLabel"], line["displayedNumber"]) == ("anonymous", "")
    assert OUTSIDE not in str(line)


async def test_a_busy_line_is_dropped_at_once(istra: Istra) -> None:
    istra.switch.set_dnd(BOB, True)
    push = await istra.listen()
    line = await istra.place("1000", "1001")
    await istra.do(line, "answer")
    (line,) = await push.items()
    assert line["state"] == "dropped"
    assert await istra.lines() == []
    assert istra.switch.calls_of(ALICE), "the tone goes on"
    istra.clock.advance(20)
    assert not istra.switch.calls_of(ALICE)
    assert await push.silent(), "it is dropped once"


# ---------------------------------------------------------------------------------------------------- calls and parties


@pytest.mark.parametrize(
    ("destination", "status"),
    [("1000", 400), ("9999", 400), ("no number", 400), ("", 400), ("1" * 60, 400), ("5000;msgid=x", 400)],
)
async def test_destinations_that_lead_nowhere(istra: Istra, destination: str, status: int) -> None:
    uri = await extension_of(istra, "1000")
    reply = await istra.ask("POST", f"{uri}/placeCall", {"destination": destination})
    assert (reply.status, reply.body["code"]) == (status, "ERR_0")
    assert await istra.lines() == []


async def test_a_telephone_out_of_service() -> None:
    people = [
        UserSpec(login="ann", number="1000", devices=(DeviceSpec(id="1000"), DeviceSpec(id="1900"))),
        UserSpec(login="ben", number="1001"),
    ]
    async with office(users=people) as istra:
        await istra.rcc()
        istra.switch.set_device_state("1000", "OUT_OF_SERVICE")
        await istra.place("1000", "1001")
        (call,) = istra.switch.calls_of("ann")
        assert call.members[0].legs.keys() == {"1900"}
        istra.switch.set_device_state("1900", "OUT_OF_SERVICE")
        uri = await extension_of(istra, "1000")
        reply = await istra.ask("POST", f"{uri}/placeCall", {"destination": "1001"})
        assert reply.status == 512
        assert reply.body == {
            "message": "Terminal out of service",
            "exceptionId": reply.body["exceptionId"],
            "code": "ERR_100",
            "firstMessage": "Terminal out of service",
            "info": {
                "type": {"id": "ERR_100", "msg": "Invalid State"},
                "model": "terminal",
                "value": "OutOfService",
                "property": "state",
            },
        }


async def test_a_party_is_added(istra: Istra) -> None:
    push = await istra.listen()
    line, _ = await istra.talk()
    await push.items()
    await istra.do(line, "addParty", {"destination": "1002"})
    lines = [each for each in await push.items() if each["extension"] == line["extension"]]
    assert [(each["state"]) for each in lines] == ["held", "prompting"]
    await istra.do(await istra.line_of("1002"), "answer")
    lines = [each for each in await push.items() if each["extension"] == line["extension"]]
    assert {each["lineId"]: each["state"] for each in lines} == {
        line["lineId"]: "talking",
        lines[0]["lineId"]: "dropped",
    }
    line = await istra.find(line)
    assert (line["conference"], line["displayedLabel"]) == (True, "Bob Keller, Carol Diaz")
    istra.switch.check()


@pytest.mark.parametrize("how", ["rejected", "busy", "no answer", "given up"])
async def test_no_one_answers_and_the_call_is_retrieved(istra: Istra, how: str) -> None:
    line, _ = await istra.talk()
    if how == "busy":
        istra.switch.set_dnd(CAROL, True)
    await istra.do(line, "addParty", {"destination": "1002"})
    if how == "rejected":
        await istra.do(await istra.line_of("1002"), "disconnect")
    elif how == "no answer":
        istra.clock.advance(200)
    elif how == "given up":
        await istra.do((await istra.lines())[-2], "disconnect")
    assert [each["state"] for each in await istra.lines()] == ["talking", "talking"]
    assert "addParty" in (await istra.find(line))["actions"]
    istra.switch.check()


async def test_a_service_that_is_added_stays_a_call_of_its_own(istra: Istra) -> None:
    line, _ = await istra.talk()
    await istra.do(line, "addParty", {"destination": "5000"})
    assert (await istra.find(line))["state"] == "held"
    assert (await istra.line_of("1000"))["displayedLabel"] == "Voicemail"
    istra.switch.check()


async def test_a_party_is_added_while_the_others_hang_up(istra: Istra) -> None:
    line, bobs = await istra.talk()
    await istra.do(line, "addParty", {"destination": "1002"})
    await istra.do(bobs, "leave")
    await istra.do(await istra.line_of("1002"), "answer")
    assert [each["conference"] for each in await istra.lines()] == [False, False]
    istra.switch.check()


@pytest.mark.parametrize("destination", ["1001", "1000", "9999", ""])
async def test_a_number_that_cannot_be_added(istra: Istra, destination: str) -> None:
    line, _ = await istra.talk()
    before = istra.switch.dump()
    reply = await istra.act(line, "addParty", {"destination": destination})
    assert (reply.status, reply.body["code"]) == (400, "ERR_0")
    assert istra.switch.dump() == before


# -------------------------------------------------------------------------------------------------------------- pushes


async def test_changes_are_collected_for_a_tenth_of_a_second(istra: Istra) -> None:
    push = await istra.listen()
    line = await istra.place("1000", "1001")
    istra.clock.advance(0.05)
    await istra.do(line, "answer")
    await istra.do(await istra.line_of("1001"), "answer")
    await istra.do(line, "hold")
    istra.clock.advance(0.04)
    assert not istra.face.connections[0].sent > 1, "only the first frame"
    istra.clock.advance(0.02)
    lines = (await push.next())["item"]
    assert [each["state"] for each in lines] == ["held", "talking"], "the latest of each, once"
    assert await push.silent()


async def test_without_a_pause_each_change_is_pushed() -> None:
    async with office(istra_push=0) as istra:
        await istra.rcc()
        push = await istra.listen()
        line = await istra.place("1000", "1001")
        assert (await push.next())["item"] == [line]


async def test_two_listeners_on_one_socket(istra: Istra) -> None:
    push = await istra.listen("one")
    await istra.ask("POST", "v1/service/EventListener/bean", {"name": "two words/and a slash"})
    await istra.get("v1/rcc/CallLine?listenerName=two+words%2Fand+a+slash")
    line = await istra.place("1000", "1001")
    istra.clock.advance(0.1)
    found = [await push.next(), await push.next()]
    assert {each["listenerName"] for each in found} == {"one", "two words/and a slash"}
    assert [each["item"] for each in found] == [[line], [line]]
    assert (await istra.ask("DELETE", "v1/service/EventListener/bean/two%20words%2Fand%20a%20slash")).status == 200
    await istra.do(line, "answer")
    istra.clock.advance(0.1)
    assert (await push.next())["listenerName"] == "one"
    assert await push.silent()


async def test_a_listener_that_is_not_bound_receives_nothing(istra: Istra) -> None:
    push = await istra.socket()
    await istra.ask("POST", "v1/service/EventListener/bean", {"name": "idle"})
    await istra.place("1000", "1001")
    assert await push.silent()


async def test_binding_pushes_the_state_and_then_changes(istra: Istra) -> None:
    line, _ = await istra.talk()
    push = await istra.socket()
    await istra.ask("POST", "v1/service/EventListener/bean", {"name": "late"})
    listed = await istra.get("v1/rcc/CallLine?listenerName=late")
    assert listed["count"] == len(listed["results"]) == 2
    assert await push.silent()
    await istra.do(line, "hold")
    pushed = next(each for each in await push.items() if each["lineId"] == line["lineId"])
    assert pushed["state"] == "held"
    assert int(pushed["lastModificationTime"]) > int(line["lastModificationTime"])


async def test_a_listener_created_again_begins_anew(istra: Istra) -> None:
    push = await istra.listen("same")
    await istra.ask("POST", "v1/service/EventListener/bean", {"name": "same"})
    await istra.place("1000", "1001")
    assert await push.silent()
    await istra.get("v1/rcc/CallLine?listenerName=same")
    assert len(istra.face.listeners) == 1


async def test_a_line_that_came_and_went_at_once_is_pushed_as_dropped(istra: Istra) -> None:
    push = await istra.listen()
    call = istra.switch.make_call(ALICE, "1000", "1001", auto_answer=True)
    istra.switch.release(ALICE, call.ref)
    assert [each["state"] for each in await push.items()] == ["dropped", "dropped"]


async def test_calls_of_before_are_there(istra: Istra) -> None:
    istra.switch.external.set(OUTSIDE, Behaviour(ring_after=2, answer_after=3))
    istra.switch.make_call(ALICE, "1000", OUTSIDE, auto_answer=True)
    (line,) = await istra.lines()
    assert (line["state"], line["displayedNumber"]) == ("prompting", OUTSIDE)
    istra.clock.advance(6)
    assert (await istra.find(line))["state"] == "talking"


async def test_what_one_may_do_follows_the_other_lines(istra: Istra) -> None:
    """A line is pushed again when another line of the extension changes what may be done with it."""
    push = await istra.listen()
    line, _ = await istra.talk()
    await push.items()
    istra.switch.incoming_external(OUTSIDE, "1000")
    lines = {each["lineId"]: each for each in await push.items()}
    assert "addParty" not in lines[line["lineId"]]["actions"]
    istra.switch.external_hang_up(istra.switch.calls_of(ALICE)[-1].ref)
    lines = {each["lineId"]: each for each in await push.items()}
    assert "addParty" in lines[line["lineId"]]["actions"]


async def test_times_of_a_line_never_go_back(istra: Istra) -> None:
    push = await istra.listen()
    line, _ = await istra.talk()
    last = 0
    for action in ("hold", "unhold", "hold", "unhold"):
        await istra.do(line, action)
        pushed = next(each for each in await push.items() if each["lineId"] == line["lineId"])
        assert int(pushed["lastModificationTime"]) > last
        last = int(pushed["lastModificationTime"])
