"""The simulator's side of PBX management, row by row, with its events."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import pytest

from aiopbx.simulator import SimulatorSettings, UserSpec
from tests.contract.rows import OperationRow, TypeRow, events, held, operations
from tests.contract.simulated import (
    ALICE,
    Case,
    Values,
    World,
    Wrong,
    check_refusal,
    const,
    expand,
    misfits,
    office,
    ready,
    serves,
    settings,
    wrong_uses,
)

CHAPTER = "PBX management"
ROWS = operations([CHAPTER])
ADMINISTRATOR = "administrator"


def with_nodes(**more: Any) -> SimulatorSettings:
    """David is on another node; Bob is an agent."""
    users = [user.model_dump() for user in settings().users]
    users[1]["agent"] = {"groups": ["60"]}
    users[3]["node"] = "5"
    return SimulatorSettings.model_validate({"users": users, **more})


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with office(with_nodes()) as world:
        yield world


def at(name: str, id: str = "", node: str = "1") -> Values:
    return {"nodeId": node, "objectName": name, "objectId": id}


ALICE_IS = at("Subscriber", "1000")
ALIAS = at("Subscriber/1000/Subscriber_Alias", "5")
OPERATORS = "Application_Configuration/1/ACD2/1/ACD2_Operator/1/ACD2_Operator_data"


def path(values: Values) -> Any:
    return lambda world: values


def body(**attributes: Any) -> Any:
    """Attributes: a text is one value, a list several, a list of dictionaries complex ones."""
    found = []
    for name, value in attributes.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            parts = [
                {"name": name, "attributes": [{"name": key, "value": [item]} for key, item in part.items()]}
                for part in value
            ]
            found.append({"name": name, "complexValue": parts})
        else:
            found.append({"name": name, "value": [value] if isinstance(value, str) else value})
    return {"attributes": found}


def read(answer: Any) -> dict[str, Any]:
    """The attributes of an answer by name."""
    return {
        item["name"]: item.get("value")
        or [{part["name"]: part["value"][0] for part in value["attributes"]} for value in item.get("complexValue", [])]
        for item in answer["attributes"]
    }


def whole_object(world: World, values: Values, answer: Any) -> bool:
    attributes = read(answer)
    assert (answer["objectName"], answer["objectId"]) == ("Subscriber", "1000")
    assert (attributes["Annu_Name"], attributes["Annu_First_Name"]) == (["Martin"], ["Alice"])
    assert (answer["create"], answer["delete"], answer["set"], answer["get"]) == (True, True, True, True)
    assert answer["otherActions"] == ["ReinitMemory", "FORCED_DELETE"]
    return bool(answer["objectNames"] == ["Subscriber_Alias"])


def node_objects(world: World, values: Values, answer: Any) -> bool:
    assert (answer["objectName"], answer["objectId"]) == ("OxeNode", "1")
    return {"Subscriber", "SIP/1/SIP_Gateway", OPERATORS} <= set(answer["objectNames"])


def short_list(world: World, values: Values, answer: Any) -> bool:
    assert answer["objectIds"] == ["1000", "1001"]
    first = answer["objects"][0]
    assert first["objectId"] == "1000"
    return read(first) == {"Annu_Name": ["Martin"], "Associated_Set_No": []}


def subscriber_model(world: World, values: Values, answer: Any) -> bool:
    attributes = {item["name"]: item for item in answer["attributes"]}
    number, station = attributes["Directory_Number"], attributes["Station_Type"]
    assert (number["mandatory"], number["filtering"], number["typeValue"]) == (True, True, "OctetString")
    assert (station["defaultValue"], "ANALOG" in station["allowedValues"]) == ("NOE_C_Color_IP", True)
    assert attributes["Attached_Devices"]["multiValue"] is True
    assert attributes["SIP_Authentication_Name"]["usedWhen"] == "Station_Type==SIP_Extension"
    return [child["objectName"] for child in answer["objects"]] == ["Subscriber_Alias"]


def whole_model(world: World, values: Values, answer: Any) -> bool:
    names, found = [answer], []
    while names:
        item = names.pop()
        found.append(item["objectName"])
        names += item.get("objects", [])
    return {"OxeNode", "Subscriber", "Subscriber_Alias", "SIP_Gateway", "ACD2_Operator_data"} <= set(found)


def created(world: World, values: Values, answer: Any) -> bool:
    user = world.switch.users["oxe1050"]
    return (user.last_name, user.number, world.simulator.accounts.get("oxe1050") is not None) == (
        "Moreau",
        "1050",
        True,
    )


I = "/pbxs/{nodeId}/instances"  # noqa: E741
NEW = body(Directory_Number="1050", Annu_Name="Moreau", Annu_First_Name="Eva", Station_Type="NOE_C_Color_IP")
CASES: dict[str, Case] = {
    "GET /pbxs": Case(status=200, done=lambda w, v, a: a == {"nodeIds": ["1", "5"]}),
    "GET /pbxs/{nodeId}": Case(
        path({"nodeId": "5"}), status=200, done=lambda w, v, a: a == {"nodeId": 5, "fqdn": "node5.pbx.example.com"}
    ),
    f"GET {I}": Case(path({"nodeId": "1"}), status=200, done=node_objects),
    f"GET {I}/{{objectName}}/{{objectId}}": Case(path(ALICE_IS), status=200, done=whole_object),
    f"PUT {I}/{{objectName}}/{{objectId}}": Case(
        path(ALICE_IS),
        const(body(Annu_Name="Nova", Attached_Devices=["1100", "1101"])),
        done=lambda w, v, a: (
            (w.switch.users[ALICE].last_name, list(w.switch.users[ALICE].devices)) == ("Nova", ["1000", "1100", "1101"])
        ),
    ),
    f"DELETE {I}/{{objectName}}/{{objectId}}": Case(
        path(ALICE_IS),
        done=lambda w, v, a: ALICE not in w.switch.users and w.simulator.accounts.get(ALICE) is None,
    ),
    f"GET {I}/{{objectName}}": Case(
        path(at("Subscriber")),
        query=f"filter={quote('Directory_Number=le=1001')}&attributes=Annu_Name,Associated_Set_No",
        status=200,
        done=short_list,
    ),
    f"POST {I}/{{objectName}}": Case(path(at("Subscriber")), const(NEW), status=201, done=created),
    "GET /pbxs/{nodeId}/model": Case(path({"nodeId": "1"}), status=200, done=whole_model),
    "GET /pbxs/{nodeId}/model/{objectName}": Case(path(at("Subscriber")), status=200, done=subscriber_model),
}

NOWHERE = path(at("Subscriber", "1000", "9"))
NOBODY = path(at("Subscriber", "4711"))
NONSENSE = path(at("Nonsense", "1"))
PREFIX = path(at("Translator/1/Prefix_Plan", quote("*60")))
GONE = {"status": 404, "type": "NOT_FOUND", "who": (ADMINISTRATOR,)}
MISSING = {"type": "NOT_FOUND", "who": (ADMINISTRATOR,)}
NO_METHOD = {"status": 405, "type": "NOT_SUPPORTED", "who": (ADMINISTRATOR,)}
CONFLICT = {"status": 409, "type": "NOT_EXPECTED", "who": (ADMINISTRATOR,)}
BAD = {"who": (ADMINISTRATOR,)}


def busy(world: World) -> Values:
    world.talks()
    return ALICE_IS


WRONG: dict[str, list[Wrong]] = {
    "GET /pbxs/{nodeId}": [Wrong(NOWHERE, **MISSING)],
    f"GET {I}": [Wrong(NOWHERE, **MISSING)],
    f"GET {I}/{{objectName}}/{{objectId}}": [
        Wrong(NOWHERE, **GONE),
        Wrong(NOBODY, **GONE),
        Wrong(NONSENSE, **GONE),
        Wrong(path(at("SIP", "1")), **NO_METHOD),
        Wrong(path(ALICE_IS), query="attributes=Colour", **BAD),
        Wrong(path(ALICE_IS), query="attributes=", **BAD),
    ],
    f"PUT {I}/{{objectName}}/{{objectId}}": [
        Wrong(NOBODY, const(body(Annu_Name="X")), **GONE),
        Wrong(PREFIX, const(body(Prefix_Type="X")), **NO_METHOD),
        Wrong(path(ALICE_IS), **BAD),
        Wrong(path(ALICE_IS), const({"attributes": []}), **BAD),
        Wrong(path(ALICE_IS), const(body(Colour="red")), **BAD),
        Wrong(path(ALICE_IS), const(body(Station_Type="FAX")), **BAD),
        Wrong(path(ALICE_IS), const({"attributes": [{"value": ["X"]}]}), **BAD),
        Wrong(path(ALICE_IS), const({"attributes": [{"name": "Annu_Name", "value": ["X"]}] * 2}), **BAD),
        Wrong(
            path(ALICE_IS),
            const({"attributes": [{"name": "Annu_Name", "value": ["X"], "complexValue": [{"name": "Y"}]}]}),
            **BAD,
        ),
        Wrong(path(ALICE_IS), query="action=Dance", **BAD),
        Wrong(path(ALICE_IS), const(body(Attached_Devices="4711")), query="action=remove", **BAD),
        Wrong(path(ALICE_IS), const(body(Attached_Devices="1001")), **CONFLICT),
    ],
    f"DELETE {I}/{{objectName}}/{{objectId}}": [
        Wrong(NOBODY, **GONE),
        Wrong(PREFIX, **NO_METHOD),
        Wrong(busy, type="NOT_EXPECTED", **BAD),
    ],
    f"GET {I}/{{objectName}}": [
        Wrong(NONSENSE, **GONE),
        Wrong(NOWHERE, **GONE),
        Wrong(path(at("SIP")), **NO_METHOD),
        Wrong(path(at("Subscriber")), query="filter=Colour%3D%3Dred", **BAD),
        Wrong(path(at("Subscriber")), query="filter=Annu_Name", **BAD),
        Wrong(path(at("Subscriber")), query="attributes=Colour", **BAD),
    ],
    f"POST {I}/{{objectName}}": [
        Wrong(NONSENSE, const(NEW), **GONE),
        Wrong(path(at("SIP/1/SIP_Gateway")), const(body()), **NO_METHOD),
        Wrong(path(at("Subscriber")), const(body(Annu_Name="X")), **BAD),
        Wrong(path(at("Subscriber")), const(NEW), query="action=Dance", **BAD),
        Wrong(path(at("Subscriber")), const(body(Directory_Number="1000")), **CONFLICT),
        Wrong(path(at("Subscriber", node="5")), const(body(Directory_Number="1000")), **CONFLICT),
    ],
    "GET /pbxs/{nodeId}/model": [Wrong(NOWHERE, **GONE)],
    "GET /pbxs/{nodeId}/model/{objectName}": [Wrong(NONSENSE, **MISSING), Wrong(NOWHERE, **MISSING)],
}


def test_every_operation_has_a_case() -> None:
    assert {row.id for row in ROWS} == CASES.keys()
    assert len(ROWS) == 10


@held("O2G operations", "simulator", ROWS)
async def test_served(world: World, row: OperationRow) -> None:
    await serves(world, row, CASES[row.id], ADMINISTRATOR)


@held("O2G operations", "simulator", ROWS)
async def test_for_administrators_only(world: World, row: OperationRow) -> None:
    values = await ready(world, ALICE, CASES[row.id].prepare)
    check_refusal(row, await world.ask(row.method, expand(row, values), CASES[row.id].body(values)), 403, "NOT_ALLOWED")


@held("O2G operations", "simulator", ROWS)
async def test_licence_is_asked_for(row: OperationRow) -> None:
    async with office(with_nodes(licences={"MANAGEMENT": 0})) as world:
        values = await ready(world, ADMINISTRATOR, CASES[row.id].prepare)
        reply = await world.ask(row.method, expand(row, values), CASES[row.id].body(values))
        check_refusal(row, reply, 403, "NOT_ALLOWED")
        assert "MANAGEMENT" in reply.body["innerMessage"]


@pytest.mark.parametrize("raw", [b"{", b"[]", b'"text"', b"\xff", b'{"attributes": 1}'])
@held("O2G operations", "simulator", [row for row in ROWS if row.body])
async def test_refused_with_a_malformed_body(world: World, row: OperationRow, raw: bytes) -> None:
    await world.log_in(ADMINISTRATOR)
    check_refusal(row, await world.ask(row.method, expand(row, ALICE_IS), raw=raw), 400, "BAD_PARAMETER")


@pytest.mark.parametrize(("row", "wrong", "who"), wrong_uses(ROWS, WRONG))
async def test_refused_with_its_reason(world: World, row: OperationRow, wrong: Wrong, who: str) -> None:
    values = await ready(world, who, wrong.prepare)
    before, objects = world.switch.dump(), world.switch.objects.dump()
    query = f"?{wrong.query}" if wrong.query else ""
    reply = await world.ask(row.method, expand(row, values) + query, wrong.body(values))
    check_refusal(row, reply, wrong.status, wrong.type)
    assert not {"telephony", "routing", "userPreferences"} & reply.body.keys()
    assert (world.switch.dump(), world.switch.objects.dump()) == (before, objects), (
        "it was refused and changed something"
    )


# ---------------------------------------------------------------------------------------------------------- the objects


async def administrator(world: World) -> World:
    await world.log_in(ADMINISTRATOR)
    return world


ROOT = "/pbxs/1/instances"


async def test_objects_at_any_depth(world: World) -> None:
    await administrator(world)
    aliases = f"{ROOT}/Subscriber/1000/Subscriber_Alias"
    assert (await world.ask("POST", aliases, body(Alias_Id="5", Annu_Name="Boss"))).status == 201
    assert (await world.ask("GET", aliases)).body == {"objectName": "Subscriber_Alias", "objectIds": ["5"]}
    assert (await world.ask("PUT", f"{aliases}/5", body(Annu_Name="Chief"))).status == 204
    assert read((await world.ask("GET", f"{aliases}/5")).body)["Annu_Name"] == ["Chief"]
    assert (await world.ask("DELETE", f"{aliases}/5")).status == 204
    assert (await world.ask("GET", f"{aliases}/5")).status == 404
    deep = f"{ROOT}/{OPERATORS}"
    assert (await world.ask("GET", deep)).body["objectIds"] == ["1001"]
    assert read((await world.ask("GET", f"{deep}/1001")).body)["Processing_Groups"] == ["60"]


async def test_everything_is_found_by_following_the_paths(world: World) -> None:
    await administrator(world)
    for name in (await world.ask("GET", ROOT)).body["objectNames"]:
        found = (await world.ask("GET", f"{ROOT}/{name}")).body
        for key in found.get("objectIds", []):
            answer = await world.ask("GET", f"{ROOT}/{name}/{quote(key, safe='')}")
            assert answer.status == 200, name
            assert misfits(answer.body, "PbxObject", CHAPTER) == []


async def test_ids_may_hold_anything_that_is_quoted(world: World) -> None:
    await administrator(world)
    ranges = f"{ROOT}/System_Parameters/1/Free_Range_List"
    given = body(Range_Name="a b?c", First_Number="2000", Last_Number="3000")
    assert (await world.ask("POST", ranges, given)).status == 201
    assert (await world.ask("GET", f"{ranges}/a%20b%3Fc")).body["objectId"] == "a b?c"


async def test_selected_attributes(world: World) -> None:
    await administrator(world)
    answer = (await world.ask("GET", f"{ROOT}/Subscriber/1000?attributes=Annu_Name,%20Padlock")).body
    assert read(answer) == {"Annu_Name": ["Martin"], "Padlock": ["false"]}


async def test_complex_attributes(world: World) -> None:
    await administrator(world)
    bob = f"{ROOT}/{OPERATORS}/1001"
    skills = [{"Skill_Nb": "1", "Skill_Level": "2", "Skill_Activate": "true"}, {"Skill_Nb": "2"}]
    assert (await world.ask("PUT", bob, body(Skill_Set=skills))).status == 204
    assert (await world.ask("PUT", f"{bob}?action=add", body(Skill_Set=[{"Skill_Nb": "3"}]))).status == 204
    assert (await world.ask("PUT", f"{bob}?action=remove", body(Skill_Set=[{"Skill_Nb": "1"}]))).status == 204
    default = {"Skill_Level": "1", "Skill_Activate": "true"}
    expected = [{"Skill_Nb": "2", **default}, {"Skill_Nb": "3", **default}]
    assert read((await world.ask("GET", bob)).body)["Skill_Set"] == expected
    wrong = {"attributes": [{"name": "Skill_Set", "complexValue": [{"name": "x", "attributes": [{"value": ["1"]}]}]}]}
    assert (await world.ask("PUT", bob, wrong)).status == 400
    inner = [{"name": "Skill_Nb", "complexValue": [{"name": "y"}]}]
    wrong = {"attributes": [{"name": "Skill_Set", "complexValue": [{"name": "x", "attributes": inner}]}]}
    assert (await world.ask("PUT", bob, wrong)).status == 400


@pytest.mark.parametrize("value", [[], [""]])
async def test_lists_are_emptied(world: World, value: list[str]) -> None:
    await administrator(world)
    await world.ask("PUT", f"{ROOT}/Subscriber/1000", body(Attached_Devices=["1100"]))
    assert (await world.ask("PUT", f"{ROOT}/Subscriber/1000", body(Attached_Devices=value))).status == 204
    assert list(world.switch.users[ALICE].devices) == ["1000"]


async def test_changes_of_another_administrator_are_a_conflict(world: World) -> None:
    await administrator(world)
    alice = f"{ROOT}/Subscriber/1000"
    await world.ask("GET", alice)
    first = dict(world.cookies)
    await administrator(world)
    assert (await world.ask("PUT", alice, body(Annu_Name="Second"))).status == 204
    world.cookies = first
    reply = await world.ask("PUT", alice, body(Annu_Name="First"))
    assert (reply.status, reply.body["type"]) == (409, "NOT_EXPECTED")
    assert (await world.ask("PUT", f"{alice}?action=add", body(Attached_Devices="1100"))).status == 204
    await world.ask("GET", alice)
    assert (await world.ask("PUT", alice, body(Annu_Name="First"))).status == 204


async def test_named_action_and_forced_deletion(world: World) -> None:
    await administrator(world)
    world.switch.lock_set(ALICE, "1000", True)
    assert (await world.ask("PUT", f"{ROOT}/Subscriber/1000?action=ReinitMemory")).status == 204
    assert not world.switch.users[ALICE].devices["1000"].locked
    world.talks()
    assert (await world.ask("DELETE", f"{ROOT}/Subscriber/1000?force")).status == 204
    assert ALICE not in world.switch.users
    assert world.states("oxe1001") == {}


async def test_who_is_created_may_log_in_and_who_is_deleted_may_not(world: World) -> None:
    await administrator(world)
    assert (await world.ask("POST", f"{ROOT}/Subscriber", NEW)).status == 201
    boss = dict(world.cookies)
    await world.log_in("oxe1050")
    evas = dict(world.cookies)
    assert (await world.ask("GET", "/telephony/calls")).status == 200
    world.cookies = boss
    assert (await world.ask("DELETE", f"{ROOT}/Subscriber/1050")).status == 204
    world.cookies = evas
    assert (await world.ask("GET", "/telephony/calls")).body["type"] == "INVALID_SESSION"


# --------------------------------------------------------------------------------------------------------------- events

SENT = events([CHAPTER])


async def a_visit(world: World) -> None:
    """Whatever changes objects."""
    await world.ask("POST", f"{ROOT}/Subscriber", NEW)
    await world.ask("PUT", f"{ROOT}/Subscriber/1050", body(Annu_Name="Nova"))
    await world.ask("POST", f"{ROOT}/Subscriber/1050/Subscriber_Alias", body(Alias_Id="1"))
    await world.ask("PUT", f"{ROOT}/Subscriber/1050/Subscriber_Alias/1", body(Annu_Name="Boss"))
    await world.ask("DELETE", f"{ROOT}/Subscriber/1050")
    world.simulator.add_user(UserSpec(login="other", number="1060", node="5"))
    world.switch.update_user("other", last_name="Berg")


def test_every_event_is_asked_for() -> None:
    assert {row.name for row in SENT} == {f"OnPbxObjectInstance{what}" for what in ("Created", "Deleted", "Modified")}


@held("O2G events", "simulator", SENT)
async def test_event_is_sent_as_it_is_defined(world: World, row: TypeRow) -> None:
    await administrator(world)
    await world.listen("pbxManagement")
    await a_visit(world)
    mine = [event for event in world.queued() if event["eventName"] == row.name]
    assert mine, f"{row.name} was never sent"
    assert {problem for event in mine for problem in misfits(event, row.name, row.chapter)} == set()


async def test_what_is_told_in_order(world: World) -> None:
    await administrator(world)
    await world.listen("pbxManagement", "userManagement", "user")
    await a_visit(world)
    told = [(event["eventName"], event.get("objectName"), event.get("objectId")) for event in world.queued()]
    assert told == [
        ("OnPbxObjectInstanceCreated", "Subscriber", "1050"),
        ("OnUserCreated", None, None),
        ("OnUserInfoChanged", None, None),
        ("OnPbxObjectInstanceModified", "Subscriber", "1050"),
        ("OnPbxObjectInstanceModified", "Subscriber", "1050"),
        ("OnPbxObjectInstanceModified", "Subscriber_Alias", "1"),
        ("OnPbxObjectInstanceDeleted", "Subscriber", "1050"),
        ("OnUserDeleted", None, None),
        ("OnPbxObjectInstanceCreated", "Subscriber", "1060"),
        ("OnUserCreated", None, None),
        ("OnPbxObjectInstanceModified", "Subscriber", "1060"),
        ("OnUserInfoChanged", None, None),
    ]
    (alias,) = [event for event in world.queued() if event.get("objectName") == "Subscriber_Alias"]
    assert alias == {
        "eventName": "OnPbxObjectInstanceModified",
        "objectName": "Subscriber_Alias",
        "objectId": "1",
        "nodeId": "1",
        "father": {"objectName": "Subscriber", "objectId": "1050"},
    }


async def test_events_are_for_administrators(world: World) -> None:
    await world.log_in(ALICE)
    request = {"filter": {"selectors": [{"names": ["pbxManagement"]}]}, "version": "2.0"}
    assert (await world.ask("POST", "/subscriptions", request)).status == 403
