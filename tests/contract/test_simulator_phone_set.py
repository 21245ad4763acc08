"""The simulator's side of phone-set programming, row by row."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from aiopbx.simulator import SimulatorSettings
from tests.contract.rows import OperationRow, held, operations
from tests.contract.simulated import (
    ALICE,
    BOB,
    Case,
    Values,
    World,
    Wrong,
    check_refusal,
    const,
    expand,
    office,
    refuses_wrong_use,
    serves,
    settings,
    wrong_uses,
)

ROWS = operations(["Phone Set Programming"])


def with_sets() -> SimulatorSettings:
    """Alice has a set with a module of ten keys, and a mobile."""
    chosen = settings()
    users = [user.model_dump() for user in chosen.users]
    users[0] |= {
        "devices": [
            {"id": "1000", "sub_type": "NOE_C_Color_IP", "addons": ["ADDON_10_KEYS"]},
            {"id": "61000", "type": "MOBILE", "sub_type": "REMOTE_EXTENSION"},
        ],
        "associate": "1003",
        "secret_code": "9876",
    }
    return SimulatorSettings.model_validate({"users": users})


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with office(with_sets()) as world:
        yield world


def of(device: str = "1000", position: int = 5) -> Values:
    return {"loginName": ALICE, "deviceId": device, "position": position}


def desk(world: World) -> Values:
    return of()


def mobile(world: World) -> Values:
    return of("61000")


def key(world: World) -> Values:
    world.switch.program_key(ALICE, "1000", 5, "1001", "Bob")
    return of()


def soft_key(world: World) -> Values:
    world.switch.program_key(ALICE, "1000", 5, "1002", "Carol", soft=True)
    return of()


def pin(world: World) -> Values:
    world.switch.set_pin(ALICE, "1234", with_secret_code=True, control="PIN_Group_Control", group=2)
    return of()


def device(world: World) -> Any:
    return world.switch.users[ALICE].devices["1000"]


def pin_is_set(world: World, values: Values, answer: Any) -> bool:
    user = world.switch.users[ALICE]
    return (user.pin, user.pin_with_secret_code, user.pin_control, user.pin_group) == (
        "4321",
        True,
        "PIN_Universal_Access",
        3,
    )


def all_keys(world: World, values: Values, answer: Any) -> bool:
    keys = answer["pkeys"]
    assert keys[0] == {"position": 1, "number": "1000", "mnemonic": "Line 1", "locked": True}
    assert keys[2] == {"position": 3, "locked": False}
    assert keys[4] == {"position": 5, "number": "1001", "mnemonic": "Bob", "locked": False}
    return len(keys) == 22


D = "/users/{loginName}/devices/{deviceId}"
BODY = {"position": 5, "number": "1001", "mnemonic": "Bob"}
CASES: dict[str, Case] = {
    "GET /users/{loginName}/devices": Case(
        desk, status=200, done=lambda w, v, a: [item["id"] for item in a["devices"]] == ["1000", "61000"]
    ),
    f"GET {D}": Case(
        mobile,
        status=200,
        done=lambda w, v, a: a == {"type": "MOBILE", "id": "61000", "subType": "REMOTE_EXTENSION"},
    ),
    f"PUT {D}/REActive": Case(
        mobile, query="activate=true", done=lambda w, v, a: w.state()["remote_extension"] is True
    ),
    f"GET {D}/REActiveState": Case(mobile, status=200, done=lambda w, v, a: a == {"active": False}),
    f"GET {D}/addons": Case(desk, status=200, done=lambda w, v, a: a == {"addonTypes": ["ADDON_10_KEYS"]}),
    f"PUT {D}/associate": Case(
        desk, const({"number": "1002"}), done=lambda w, v, a: w.switch.users[ALICE].associate == "1002"
    ),
    f"PUT {D}/campon": Case(desk, query="activate=true", done=lambda w, v, a: device(w).camp_on is True),
    f"GET {D}/dynamicState": Case(
        lambda w: w.switch.lock_set(ALICE, "1000", True) or of(),
        status=200,
        done=lambda w, v, a: a == {"lock": True, "campon": False, "associate": "1003"},
    ),
    f"PUT {D}/lock": Case(desk, query="activate=true", done=lambda w, v, a: device(w).locked is True),
    f"GET {D}/pin": Case(
        pin,
        status=200,
        done=lambda w, v, a: (
            a
            == {
                "Pin_Number": "1234",
                "With_Secret_Code": True,
                "Pin_Type_Of_Control": "PIN_Group_Control",
                "Pin_Group": 2,
            }
        ),
    ),
    f"PUT {D}/pin": Case(
        desk,
        const(
            {
                "Pin_Number": "4321",
                "With_Secret_Code": True,
                "Pin_Type_Of_Control": "PIN_Universal_Access",
                "Pin_Group": 3,
            }
        ),
        done=pin_is_set,
    ),
    f"GET {D}/programmeableKeys": Case(key, status=200, done=all_keys),
    f"PUT {D}/programmeableKeys/{{position}}": Case(
        desk, const(BODY), done=lambda w, v, a: device(w).keys[5].number == "1001"
    ),
    f"DELETE {D}/programmeableKeys/{{position}}": Case(key, done=lambda w, v, a: device(w).keys == {}),
    f"GET {D}/programmedKeys": Case(
        key, status=200, done=lambda w, v, a: [item["position"] for item in a["pkeys"]] == [1, 2, 5]
    ),
    f"GET {D}/softKeys": Case(
        soft_key,
        status=200,
        done=lambda w, v, a: (
            (len(a["skeys"]), a["skeys"][4]) == (6, {"position": 5, "number": "1002", "mnemonic": "Carol"})
        ),
    ),
    f"PUT {D}/softKeys/{{position}}": Case(
        desk, const(BODY), done=lambda w, v, a: device(w).soft_keys[5].mnemonic == "Bob"
    ),
    f"DELETE {D}/softKeys/{{position}}": Case(soft_key, done=lambda w, v, a: device(w).soft_keys == {}),
    "GET /users/{loginName}/prefixes": Case(
        desk,
        query="type=Station_Facility_Type&value=Overflow_on_busy_on_associated",
        status=200,
        done=lambda w, v, a: a == {"value": "Overflow_on_busy_on_associated", "number": "*62"},
    ),
}


def nothing(world: World) -> Values:
    return of("4711")


def nowhere(world: World) -> Values:
    return of(position=99)


def locked(world: World) -> Values:
    return of(position=1)


def unreadable(world: World) -> Values:
    return of() | {"position": "five"}


GONE = {"status": 404, "type": "NOT_FOUND"}
WRONG: dict[str, list[Wrong]] = {
    f"PUT {D}/REActive": [
        Wrong(mobile),
        Wrong(mobile, query="activate=maybe"),
        Wrong(mobile, query="activate=true&activate=false"),
        Wrong(desk, query="activate=true"),
    ],
    f"GET {D}/REActiveState": [Wrong(desk)],
    f"PUT {D}/associate": [
        Wrong(desk, const({"number": "4711"})),
        Wrong(desk, const({"number": "what?"})),
        Wrong(desk, const({"number": "1000"}), status=403, type="NOT_ALLOWED"),
    ],
    f"PUT {D}/campon": [Wrong(desk)],
    f"PUT {D}/lock": [Wrong(desk)],
    f"PUT {D}/pin": [
        Wrong(desk, const({})),
        Wrong(desk, const({"Pin_Number": "12"})),
        Wrong(desk, const({"Pin_Type_Of_Control": "PIN_Free_For_All"})),
        Wrong(desk, const({"Pin_Group": -1})),
    ],
    f"PUT {D}/programmeableKeys/{{position}}": [
        Wrong(desk, const({**BODY, "position": 6})),
        Wrong(desk, const({"position": 5})),
        Wrong(desk, const({**BODY, "number": "what?"})),
        Wrong(unreadable, const({"number": "1001"})),
        Wrong(nowhere, const({"number": "1001"}), **GONE),
        Wrong(locked, const({"number": "1001"}), status=403, type="NOT_ALLOWED"),
    ],
    f"DELETE {D}/programmeableKeys/{{position}}": [
        Wrong(desk, **GONE),
        Wrong(nowhere, **GONE),
        Wrong(unreadable),
        Wrong(locked, status=403, type="NOT_ALLOWED"),
    ],
    f"PUT {D}/softKeys/{{position}}": [
        Wrong(desk, const({**BODY, "position": 6})),
        Wrong(nowhere, const({"number": "1001"}), **GONE),
        Wrong(desk, const({"mnemonic": "x" * 17})),
    ],
    f"DELETE {D}/softKeys/{{position}}": [Wrong(desk, **GONE), Wrong(nowhere, **GONE)],
    "GET /users/{loginName}/prefixes": [
        Wrong(desk),
        Wrong(desk, query="type=Station_Facility_Type"),
        Wrong(desk, query="value=Lock"),
        Wrong(desk, query="type=station_facility_type&value=Lock", **GONE),
    ],
}


def test_every_operation_has_a_case() -> None:
    assert {row.id for row in ROWS} == CASES.keys()
    assert len(ROWS) == 19


@pytest.mark.parametrize("who", [ALICE, "administrator"])
@held("O2G operations", "simulator", ROWS)
async def test_served(world: World, row: OperationRow, who: str) -> None:
    await serves(world, row, CASES[row.id], who)


@held("O2G operations", "simulator", ROWS)
async def test_users_have_their_own_sets_only(world: World, row: OperationRow) -> None:
    await world.log_in(ALICE)
    case = CASES[row.id]
    path = expand(row, of("1001") | {"loginName": BOB})
    reply = await world.ask(row.method, f"{path}?{case.query}", case.body({}))
    check_refusal(row, reply, 403, "NOT_ALLOWED")


@held("O2G operations", "simulator", ROWS)
async def test_unknown_user_and_unknown_set(world: World, row: OperationRow) -> None:
    await world.log_in("administrator")
    case = CASES[row.id]
    path = expand(row, of() | {"loginName": "nobody"})
    check_refusal(row, await world.ask(row.method, f"{path}?{case.query}", case.body({})), 404, "NOT_FOUND")
    if "deviceId" in row.path_params:
        path = expand(row, nothing(world))
        check_refusal(row, await world.ask(row.method, f"{path}?{case.query}", case.body({})), 404, "NOT_FOUND")


@held("O2G operations", "simulator", ROWS)
async def test_licence_is_asked_for(world: World, row: OperationRow) -> None:
    path = expand(row, of("1009") | {"loginName": "basic"})
    for who in ("basic", "administrator"):
        await world.log_in(who)
        reply = await world.ask(row.method, path, CASES[row.id].body({}))
        check_refusal(row, reply, 403, "NOT_ALLOWED")
        assert "API_PHONESETPROG" in reply.body["innerMessage"]


@pytest.mark.parametrize(("row", "wrong", "who"), wrong_uses(ROWS, WRONG))
async def test_refused_with_its_reason(world: World, row: OperationRow, wrong: Wrong, who: str) -> None:
    await refuses_wrong_use(world, row, wrong, who)


# --------------------------------------------------------------------------------------------------------- what it does


async def test_a_locked_set_dials_nothing(world: World) -> None:
    await world.log_in(ALICE)
    await world.ask("PUT", f"/users/{ALICE}/devices/1000/lock?activate=true")
    reply = await world.ask("POST", "/telephony/calls", {"deviceId": "1000", "callee": "1001", "autoAnswer": True})
    assert (reply.status, reply.body["type"]) == (403, "NOT_ALLOWED")
    await world.ask("PUT", f"/users/{ALICE}/devices/1000/lock?activate=false")
    reply = await world.ask("POST", "/telephony/calls", {"deviceId": "1000", "callee": "1001", "autoAnswer": True})
    assert reply.status == 201


async def test_a_private_call_takes_the_pin_that_was_set(world: World) -> None:
    await world.log_in(ALICE)
    body = {"deviceId": "1000", "callee": "0015550100", "autoAnswer": True, "pin": "4321", "secretCode": "9876"}
    assert (await world.ask("POST", "/telephony/calls", body)).status == 403
    assert (await world.ask("PUT", f"/users/{ALICE}/devices/1000/pin", {"Pin_Number": "4321"})).status == 204
    assert (await world.ask("POST", "/telephony/calls", body)).status == 201


async def test_associate_is_taken_away(world: World) -> None:
    await world.log_in(ALICE)
    world.switch.set_overflow(ALICE, target="ASSOCIATE", condition="BUSY")
    assert (await world.ask("PUT", f"/users/{ALICE}/devices/1000/associate", {})).status == 204
    assert world.state()["overflow"] is None
    assert "associate" not in (await world.ask("GET", f"/users/{ALICE}/devices/1000/dynamicState")).body


async def test_a_set_without_modules_says_so(world: World) -> None:
    await world.log_in(BOB)
    reply = await world.ask("GET", f"/users/{BOB}/devices/1001/addons")
    assert reply.body == {"addonTypes": ["NO_EXTENSIONS"]}
