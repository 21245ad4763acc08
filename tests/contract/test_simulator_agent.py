"""The simulator's side of the call-centre agent service, row by row, with its events and what calls tell of queues."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from aiopbx.simulator import SimulatorSettings
from tests.contract.rows import OperationRow, TypeRow, events, held, operations
from tests.contract.simulated import (
    ALICE,
    BOB,
    CAROL,
    DAVID,
    Case,
    Values,
    World,
    Wrong,
    acts_for_itself,
    const,
    misfits,
    needs_licence,
    needs_user,
    office,
    refuses_missing_fields,
    refuses_wrong_use,
    serves,
    settings,
    url,
    wrong_uses,
)

CHAPTER = "Call Center Agent"
ROWS = operations([CHAPTER])
PILOT, SALES, SUPPORT, FREE_SET = "800", "60121", "60122", "900"


def call_centre(*, supervisor: bool = False) -> SimulatorSettings:
    """Alice and Bob are agents, or Alice supervises Bob; Carol and David are nobody here."""
    chosen = settings()
    agent = {"groups": [SALES, SUPPORT], "preferred": SALES, "headset": True, "pro_acd": None}
    users = [user.model_dump() for user in chosen.users]
    users[0]["agent"] = {
        **agent,
        "type": "SUPERVISOR" if supervisor else "AGENT",
        "skills": [{"number": 7, "level": 4}, {"number": 8, "active": False}],
    }
    users[1]["agent"] = {**agent, "type": "AGENT" if supervisor else "SUPERVISOR"}
    return SimulatorSettings.model_validate(
        {
            "users": users,
            "switch": {
                "pilots": [{"number": PILOT, "name": "Sales", "groups": [SALES]}],
                "processing_groups": [{"number": SALES, "withdraw_reasons": ["Lunch", "Training"]}],
                "pro_acd_sets": [FREE_SET],
            },
        }
    )


SUPERVISORS = {
    "POST /acd/agent/enterPG",
    "POST /acd/agent/exitPG",
    "POST /acd/agent/intrusion",
    "PUT /acd/agent/intrusion",
    "POST /acd/agent/permanentListening",
}
"""What only a supervisor does: Alice is one then."""


@pytest.fixture
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    row = request.node.callspec.params.get("row") if hasattr(request.node, "callspec") else None
    supervisor = isinstance(row, OperationRow) and row.id in SUPERVISORS
    async with office(call_centre(supervisor=supervisor)) as world:
        yield world


def on(world: World) -> Values:
    """Alice is logged on, in her group."""
    world.switch.agent_log_on(ALICE, "1000", SALES)
    return {}


def out_of_group(world: World) -> Values:
    """As a supervisor she is in none."""
    world.switch.agent_log_on(ALICE, "1000")
    return {}


def both_on(world: World) -> Values:
    """Bob, too."""
    world.switch.agent_log_on(BOB, "1001", SALES)
    return on(world)


def asked(world: World) -> Values:
    both_on(world)
    world.switch.request_help(ALICE)
    return {}


def bob_talks(world: World) -> Values:
    """Bob serves a caller, and Alice supervises."""
    both_on(world)
    world.switch.agent_pause(ALICE)
    call = world.switch.incoming_external("0015550100", PILOT)
    world.switch.answer(BOB, call.ref, "1001")
    return {"ref": call.ref}


def intruding(world: World) -> Values:
    values = bob_talks(world)
    world.switch.intrude(ALICE, "1001", "DISCRETE")
    return values


def sub(world: World, login: str = ALICE) -> str | None:
    return world.switch.agent_state(login).sub_state


def mode(world: World, values: Values) -> str | None:
    intruder = world.switch.calls[values["ref"]].intruder
    return intruder.mode if intruder is not None else None


async def subscribed(world: World) -> Values:
    both_on(world)
    await world.listen("agent")
    return {}


def told_once(world: World, values: Values, answer: Any) -> bool:
    found = [event for event in world.queued() if event["eventName"] == "OnAgentStateChanged"]
    return [event["loginName"] for event in found] == [ALICE] and found[0]["state"]["subState"] == "READY"


def whole_config(world: World, values: Values, answer: Any) -> bool:
    assert answer == {
        "type": "AGENT",
        "processingGroups": {"preferred": SALES, "groups": [SALES, SUPPORT]},
        "skills": {
            "skills": [
                {"number": 7, "level": 4, "active": True, "domain": 1},
                {"number": 8, "level": 1, "active": False, "domain": 1},
            ]
        },
        "selfAssign": False,
        "headset": True,
        "multiline": False,
    }
    return True


A = "/acd/agent"
GROUP = const({"pgGroupNumber": SALES})
AGENT = const({"agentNumber": "1001"})
CASES: dict[str, Case] = {
    f"GET {A}/config": Case(status=200, done=whole_config),
    f"POST {A}/enterPG": Case(
        out_of_group, GROUP, done=lambda w, v, a: w.switch.agent_state(ALICE).group == SALES and sub(w) == "READY"
    ),
    f"POST {A}/exitPG": Case(on, GROUP, done=lambda w, v, a: sub(w) == "OUT_OF_PG"),
    f"POST {A}/intrusion": Case(bob_talks, AGENT, done=lambda w, v, a: mode(w, v) == "NORMAL"),
    f"PUT {A}/intrusion": Case(
        intruding, const({"mode": "RESTRICTED"}), done=lambda w, v, a: mode(w, v) == "RESTRICTED"
    ),
    f"POST {A}/logoff": Case(on, done=lambda w, v, a: not w.switch.agent_state(ALICE).logged_on),
    f"POST {A}/logon": Case(
        body=const({"proAcdDeviceNumber": FREE_SET, "pgGroupNumber": SUPPORT, "headset": True}),
        done=lambda w, v, a: (
            (w.switch.agent_state(ALICE).device, w.switch.agent_state(ALICE).group) == (FREE_SET, SUPPORT)
        ),
    ),
    f"POST {A}/pause": Case(on, done=lambda w, v, a: sub(w) == "PAUSE"),
    f"POST {A}/permanentListening": Case(bob_talks, AGENT, done=lambda w, v, a: mode(w, v) == "DISCRETE"),
    f"POST {A}/ready": Case(
        lambda w: on(w) or w.switch.agent_pause(ALICE) or {}, done=lambda w, v, a: sub(w) == "READY"
    ),
    f"GET {A}/state": Case(
        on,
        status=200,
        done=lambda w, v, a: (
            a == {"mainState": "LOG_ON", "subState": "READY", "proAcdDeviceNumber": "1000", "pgNumber": SALES}
        ),
    ),
    f"POST {A}/state/snapshot": Case(subscribed, done=told_once),
    f"POST {A}/supervisorHelp": Case(both_on, done=lambda w, v, a: w.switch.users[ALICE].agent.asks == BOB),  # type: ignore[union-attr]
    f"DELETE {A}/supervisorHelp": Case(
        asked,
        query="other=1001",
        done=lambda w, v, a: w.switch.users[ALICE].agent.asks is None,  # type: ignore[union-attr]
    ),
    f"POST {A}/withdraw": Case(
        on,
        const({"reasonIndex": 1}),
        done=lambda w, v, a: (sub(w), w.switch.agent_state(ALICE).reason) == ("WITHDRAW", 1),
    ),
    f"GET {A}/withdrawReasons": Case(
        query=f"pgNumber={SALES}",
        status=200,
        done=lambda w, v, a: (
            a == {"number": 2, "reasons": [{"index": 1, "label": "Lunch"}, {"index": 2, "label": "Training"}]}
        ),
    ),
    f"POST {A}/wrapUp": Case(on, done=lambda w, v, a: sub(w) == "WRAPUP"),
}
OFF = {"type": "NOT_EXPECTED"}
WRONG: dict[str, list[Wrong]] = {
    f"POST {A}/enterPG": [
        Wrong(body=GROUP, **OFF),
        Wrong(on, GROUP, **OFF),
        Wrong(out_of_group, const({"pgGroupNumber": "99"})),
        Wrong(out_of_group, const({"pgGroupNumber": ""})),
    ],
    f"POST {A}/exitPG": [Wrong(body=GROUP, **OFF), Wrong(on, const({"pgGroupNumber": SUPPORT}), **OFF)],
    f"POST {A}/intrusion": [
        Wrong(both_on, AGENT, **OFF),
        Wrong(on, const({"agentNumber": "4711"})),
        Wrong(on, const({"agentNumber": "1002"})),
        Wrong(bob_talks, const({"agentNumber": "1001", "mode": "LOUD"})),
        Wrong(intruding, AGENT, **OFF),
    ],
    f"PUT {A}/intrusion": [
        Wrong(bob_talks, const({"mode": "NORMAL"}), **OFF),
        Wrong(intruding, const({"mode": "LOUD"})),
    ],
    f"POST {A}/logoff": [Wrong(**OFF)],
    f"POST {A}/logon": [
        Wrong(on, const({"proAcdDeviceNumber": "1000"}), **OFF),
        Wrong(body=const({"proAcdDeviceNumber": "1001"})),
        Wrong(body=const({"proAcdDeviceNumber": "1000", "pgGroupNumber": "99"})),
    ],
    f"POST {A}/pause": [Wrong(**OFF)],
    f"POST {A}/permanentListening": [Wrong(on, AGENT, **OFF), Wrong(on, const({"agentNumber": "1003"}))],
    f"POST {A}/ready": [Wrong(**OFF)],
    f"POST {A}/supervisorHelp": [Wrong(on, **OFF), Wrong(asked, **OFF)],
    f"DELETE {A}/supervisorHelp": [Wrong(both_on, query="other=1001", **OFF), Wrong(asked, query="other=1003")],
    f"POST {A}/withdraw": [Wrong(body=const({}), **OFF), Wrong(on, const({"reasonIndex": 3}))],
    f"GET {A}/withdrawReasons": [Wrong(query="pgNumber=99")],
    f"POST {A}/wrapUp": [Wrong(**OFF)],
}


def test_every_operation_has_a_case() -> None:
    assert {row.id for row in ROWS} == CASES.keys()
    assert len(ROWS) == 17


@pytest.mark.parametrize("who", [ALICE, "administrator"])
@held("O2G operations", "simulator", ROWS)
async def test_served(world: World, row: OperationRow, who: str) -> None:
    await serves(world, row, CASES[row.id], who)


@held("O2G operations", "simulator", ROWS)
async def test_user_always_acts_for_itself(world: World, row: OperationRow) -> None:
    await acts_for_itself(world, row, CASES[row.id])


NEEDED = {
    f"POST {A}/enterPG": ["pgGroupNumber"],
    f"POST {A}/exitPG": ["pgGroupNumber"],
    f"POST {A}/intrusion": ["agentNumber"],
    f"PUT {A}/intrusion": ["mode"],
    f"POST {A}/logon": ["proAcdDeviceNumber"],
    f"POST {A}/permanentListening": ["agentNumber"],
}


@held("O2G operations", "simulator", [row for row in ROWS if row.id in NEEDED])
async def test_refused_without_what_the_body_needs(world: World, row: OperationRow) -> None:
    await refuses_missing_fields(world, row, CASES[row.id], NEEDED[row.id])


@held("O2G operations", "simulator", [row for row in ROWS if not row.path.endswith("/snapshot")])
async def test_administrator_must_name_the_user(world: World, row: OperationRow) -> None:
    await needs_user(world, row, CASES[row.id])


BODIES: dict[str, Any] = {
    row.id: {"pgGroupNumber": SALES, "agentNumber": "1001", "mode": "NORMAL", "proAcdDeviceNumber": "1000"}
    for row in ROWS
    if row.body
}


@held("O2G operations", "simulator", [row for row in ROWS if row.path != f"{A}/state/snapshot"])
async def test_licence_is_asked_for(world: World, row: OperationRow) -> None:
    await needs_licence(world, row, BODIES.get(row.id))


@held("O2G operations", "simulator", ROWS)
async def test_who_is_no_operator_is_refused(world: World, row: OperationRow) -> None:
    await world.log_in(CAROL)
    reply = await world.ask(row.method, url(world, row, {}), BODIES.get(row.id))
    assert (reply.status, reply.body["type"]) == (403, "NOT_ALLOWED"), reply.body
    assert "operator" in reply.body["innerMessage"]


@pytest.mark.parametrize(("row", "wrong", "who"), wrong_uses(ROWS, WRONG))
async def test_refused_with_its_reason(world: World, row: OperationRow, wrong: Wrong, who: str) -> None:
    await refuses_wrong_use(world, row, wrong, who)


# --------------------------------------------------------------------------------------------------------------- states


async def test_agent_who_is_logged_off(world: World) -> None:
    await world.log_in(ALICE)
    assert (await world.ask("GET", f"{A}/state")).body == {"mainState": "LOG_OFF"}


async def test_supervisor_has_help_in_its_configuration(world: World) -> None:
    await world.log_in(BOB)
    assert (await world.ask("GET", f"{A}/config")).body["help"] is True


async def test_snapshot_of_all_is_of_operators_only(world: World) -> None:
    await world.log_in("administrator")
    await world.listen("agent")
    assert (await world.ask("POST", f"{A}/state/snapshot")).status == 204
    world.clock.advance(1)
    assert [event["loginName"] for event in world.queued()] == [ALICE, BOB]
    reply = await world.ask("POST", f"{A}/state/snapshot?loginName={DAVID}")
    assert (reply.status, reply.body["type"]) == (403, "NOT_ALLOWED")


async def test_only_acd_are_the_operators(world: World) -> None:
    await world.log_in("administrator")
    assert (await world.ask("GET", "/logins?onlyACD")).body["loginNames"] == [ALICE, BOB]


async def test_call_to_the_supervisor(world: World) -> None:
    await world.log_in(ALICE)
    both_on(world)
    body = {"deviceId": "1000", "autoAnswer": True, "acdCall": {"callToSupervisor": True}}
    assert (await world.ask("POST", "/telephony/calls", body)).status == 201
    assert "RINGING_INCOMING" in world.states(BOB).values()


async def test_queue_on_the_wire(world: World) -> None:
    """A caller inside waits, an agent gets the call: each is told what the call centre knows."""
    await world.log_in("administrator")
    await world.listen("telephony")
    on(world)
    world.switch.agent_pause(ALICE)
    body = {
        "deviceId": "1002",
        "callee": PILOT,
        "autoAnswer": True,
        "acdCall": {"skills": {"skills": [{"skillNumber": 7, "expertEvalLevel": 4, "acrStatus": True}]}},
    }
    reply = await world.ask("POST", f"/telephony/calls?loginName={CAROL}", body)
    assert reply.status == 201
    call = (await world.ask("GET", f"/telephony/calls/{reply.body}?loginName={CAROL}")).body
    assert call["callData"]["acdCallData"] == {
        "queueData": {"waitingTime": 60, "saturated": False},
        "pilotNumber": PILOT,
        "supervisedTransfer": False,
    }
    world.clock.advance(33)
    world.switch.agent_ready(ALICE)
    created = [e for e in world.queued() if e["eventName"] == "OnCallCreated" and e["loginName"] == ALICE]
    assert [event["cause"] for event in created] == ["DISTRIBUTED"]
    assert created[0]["callData"]["acdCallData"] == {
        "callInfo": {"queueWaitingTime": 33, "globalWaitingTime": 33, "agentGroup": SALES, "local": True},
        "pilotNumber": PILOT,
        "supervisedTransfer": False,
    }
    assert created[0]["participants"][0]["identity"]["id"]["phoneNumber"] == "1002"
    for event in world.queued():
        assert misfits(event, event["eventName"], "Call control") == []


async def test_skill_without_a_number_is_refused(world: World) -> None:
    await world.log_in(ALICE)
    body = {"deviceId": "1000", "callee": PILOT, "acdCall": {"skills": {"skills": [{"expertEvalLevel": 1}]}}}
    reply = await world.ask("POST", "/telephony/calls", body)
    assert (reply.status, reply.body["type"]) == (400, "BAD_PARAMETER")
    assert "skillNumber" in reply.body["innerMessage"]


# --------------------------------------------------------------------------------------------------------------- events

SENT = events([CHAPTER])


def a_shift(world: World) -> None:
    """Whatever a call centre tells."""
    switch = world.switch
    asked(world)
    switch.cancel_help(BOB, "1000")
    call = switch.incoming_external("0015550100", PILOT)
    switch.answer(ALICE, call.ref, "1000") if world.states(ALICE) else switch.answer(BOB, call.ref, "1001")
    switch.external_hang_up(call.ref)
    switch.agent_withdraw(ALICE, 2)
    switch.agent_log_off(ALICE)


def test_every_event_is_asked_for() -> None:
    names = {"OnAgentStateChanged", "OnSupervisorHelpRequested", "OnSupervisorHelpCancelled"}
    assert {row.name for row in SENT} == names


@pytest.mark.parametrize("who", [ALICE, "administrator"])
@held("O2G events", "simulator", SENT)
async def test_event_is_sent_as_it_is_defined(world: World, row: TypeRow, who: str) -> None:
    await world.log_in(who)
    await world.listen("agent")
    a_shift(world)
    mine = [event for event in world.queued() if event["eventName"] == row.name]
    assert mine, f"{row.name} was never sent"
    assert {problem for event in mine for problem in misfits(event, row.name, row.chapter)} == set()
    assert {event["loginName"] for event in mine} == ({ALICE} if who == ALICE else {ALICE, BOB})


async def test_both_sides_learn_of_help(world: World) -> None:
    await world.log_in("administrator")
    await world.listen("agent")
    asked(world)
    told = [event for event in world.queued() if event["eventName"] == "OnSupervisorHelpRequested"]
    assert [(event["loginName"], event["agentNumber"]) for event in told] == [(ALICE, "1001"), (BOB, "1000")]


async def test_events_of_agents_need_the_licence(world: World) -> None:
    await world.log_in("basic")
    body = {"filter": {"selectors": [{"names": ["agent"]}]}, "version": "2.0"}
    reply = await world.ask("POST", "/subscriptions", body)
    assert (reply.body["status"], "API_CONTACTCENTER_AGENT" in reply.body["message"]) == ("REFUSED", True)


async def test_snapshot_needs_the_licence(world: World) -> None:
    await world.log_in("basic")
    reply = await world.ask("POST", f"{A}/state/snapshot")
    assert (reply.status, reply.body["type"]) == (403, "NOT_ALLOWED")
    assert "API_CONTACTCENTER_AGENT" in reply.body["innerMessage"]
