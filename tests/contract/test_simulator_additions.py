"""The simulator's side of what servers after O2G 2.2 have, over HTTP, by the client and what the session says."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from aiopbx.errors import NotFound, NotSupported, RequestRefused
from aiopbx.o2g.client import O2gClient
from aiopbx.o2g.types import agent, pilots
from tests.contract.additions import AddedOperationRow, operations
from tests.contract.call_centre import ALICE, BOB, PILOT, SALES, Centre, centre_of, logged_in
from tests.contract.rows import held

ROWS = {row.id: row for row in operations()}


@pytest.fixture
async def centre() -> AsyncIterator[Centre]:
    async with centre_of() as centre:
        yield centre


async def all_pilots(centre: Centre) -> None:
    (pilot,) = (await centre.client.acd_management.pilots(1)).pilot_list
    assert (pilot.number, pilot.name, pilot.state) == (PILOT, "Sales", pilots.ServiceState.OPENED)
    with pytest.raises(RequestRefused, match="node 77"):
        await centre.client.acd_management.pilots(77)


async def one_pilot(centre: Centre) -> None:
    pilot = await centre.client.acd_management.pilot(1, PILOT)
    assert (pilot.waiting_time, pilot.saturation, pilot.possible_transfer) == (0, False, True)
    assert pilot.rules is not None
    assert [(rule.number, rule.active) for rule in pilot.rules.rule_list] == [(1, True), (2, False)]
    centre.switch.incoming_external("0015550100", PILOT)  # rings at Bob, so that the next one waits
    assert ((await centre.client.acd_management.pilot(1, PILOT)).waiting_time or 0) > 0
    with pytest.raises(NotFound, match="no pilot 999"):
        await centre.client.acd_management.pilot(1, "999")


async def pilot_with_wishes(centre: Centre) -> None:
    wishes = pilots.PilotQueryParam(priority_transfer=True)
    assert (await centre.client.acd_management.pilot_for(1, PILOT, wishes)).possible_transfer is True


async def close(centre: Centre) -> None:
    await centre.client.acd_management.close_pilot(1, PILOT)
    assert centre.switch.pilots[PILOT].blocked
    pilot = await centre.client.acd_management.pilot(1, PILOT)
    assert (pilot.state, pilot.possible_transfer) == (pilots.ServiceState.BLOCKED, False)


async def reopen(centre: Centre) -> None:
    centre.switch.block_pilot(PILOT)
    await centre.client.acd_management.open_pilot(1, PILOT)
    assert not centre.switch.pilots[PILOT].blocked


async def transfer_info(centre: Centre) -> None:
    info = await centre.client.telephony.pilot_transfer_info(1, PILOT, login_name=ALICE)
    assert info.pilot_transfer_info is not None
    assert (info.number, info.pilot_transfer_info.transfer_possible) == (PILOT, True)
    centre.switch.agent_log_off(BOB)
    centre.switch.agent_log_off(ALICE)
    info = await centre.client.telephony.pilot_transfer_info(1, PILOT, pilots.PilotQueryParam(), login_name=ALICE)
    assert info.pilot_transfer_info is not None
    assert info.pilot_transfer_info.transfer_possible is False


def listed(method: str, *names: str) -> Callable[[Centre], Awaitable[None]]:
    async def check(centre: Centre) -> None:
        found = await getattr(centre.client.real_time, method)()
        wanted = {"agents": ["1000", "1001"], "pilots": [PILOT], "queues": [PILOT], "pg_others": []}
        for name, numbers in wanted.items():
            assert [one.number for one in getattr(found, name)] == (numbers if name in names else [])
        assert (SALES in {one.number for one in found.pg_agents}) is ("pg_agents" in names)

    return check


async def skills_on(centre: Centre) -> None:
    await centre.client.agent.activate_skills(agent.AgentSkillActivation(skills=(7, 8)), login_name=ALICE)
    assert [skill.active for skill in centre.switch.operator(ALICE)[1].skills.values()] == [True, True]


async def skills_off(centre: Centre) -> None:
    with pytest.raises(RequestRefused):  # and then none of them is switched
        await centre.client.agent.deactivate_skills(agent.AgentSkillActivation(skills=(7, 99)), login_name=ALICE)
    assert centre.switch.operator(ALICE)[1].skills[7].active
    await centre.client.agent.deactivate_skills(agent.AgentSkillActivation(skills=(7,)), login_name=ALICE)
    assert not centre.switch.operator(ALICE)[1].skills[7].active


async def no_more_listening(centre: Centre) -> None:
    centre.switch.listen_permanently(ALICE, "1001")
    assert centre.switch.operator(ALICE)[1].listens_to == BOB
    await centre.client.agent.stop_permanent_listening(login_name=ALICE)
    await centre.client.agent.stop_permanent_listening(login_name=ALICE)  # nothing to end, and no error
    assert centre.switch.operator(ALICE)[1].listens_to is None


_PILOT = "/{nodeId}/pilots/{pilotNumber}"
CASES: dict[str, Callable[[Centre], Awaitable[None]]] = {
    "acdmanagement GET /{nodeId}/pilots": all_pilots,
    f"acdmanagement GET {_PILOT}": one_pilot,
    f"acdmanagement POST {_PILOT}": pilot_with_wishes,
    f"acdmanagement POST {_PILOT}/open": reopen,
    f"acdmanagement POST {_PILOT}/close": close,
    "telephony POST /pilots/{nodeId}/{pilotNumber}/transferInfo": transfer_info,
    "acdrealtime GET ": listed("objects", "agents", "pilots", "queues", "pg_agents"),
    "acdrealtime GET /agents": listed("agents", "agents"),
    "acdrealtime GET /pilots": listed("real_time_pilots", "pilots"),
    "acdrealtime GET /queues": listed("queues", "queues"),
    "acdrealtime GET /pgAgents": listed("agent_groups", "pg_agents"),
    "acdrealtime GET /pgOthers": listed("other_groups"),
    "acdagent POST /config/skills/activate": skills_on,
    "acdagent POST /config/skills/deactivate": skills_off,
    "acdagent DELETE /permanentListening": no_more_listening,
}


@held("O2G additions", "simulator", [ROWS[name] for name in CASES])
async def test_it_is_carried_out(row: AddedOperationRow, centre: Centre) -> None:
    await CASES[row.id](centre)


@pytest.mark.parametrize("use", [lambda o2g: o2g.acd_management.pilots(1), lambda o2g: o2g.real_time.objects()])
async def test_a_user_has_no_services_of_administrators(use: Callable[[O2gClient], Any], centre: Centre) -> None:
    async with aiohttp.ClientSession() as http:
        client = await logged_in(centre.world.simulator, http, ALICE)
        with pytest.raises(NotSupported, match="has no service"):
            await use(client)
        await client.close()
