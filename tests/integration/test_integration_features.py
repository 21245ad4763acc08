"""An office of 250 whose people can do different things: entities are counted by feature, and follow what changes."""

from collections import Counter
from dataclasses import replace

import pytest
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from custom_components.pbx import later
from custom_components.pbx.aiopbx.o2g import details, rights
from custom_components.pbx.aiopbx.simulator import AgentSpec, Simulator, SimulatorSettings, UserSpec
from tests.integration.helpers import administrator, make_entry, set_up, until

pytestmark = pytest.mark.timeout(240)

BASIC = frozenset({"TELEPHONY_BASIC"})
ADVANCED = frozenset({"TELEPHONY_ADVANCED", "MESSAGING", "API_PHONESETPROG", "API_CONTACTCENTER_AGENT"})
LOGINS = tuple(f"user{number}" for number in range(3000, 3250))
SIMPLE, WITHOUT_MAILBOX, AGENTS, MOBILE, REST = LOGINS[:20], LOGINS[20:45], LOGINS[45:60], LOGINS[60:70], LOGINS[70:]


def spec(login: str) -> UserSpec:
    number = login.removeprefix("user")
    return UserSpec(
        login=login,
        number=number,
        first_name="Extension",
        last_name=number,
        licences=BASIC if login in SIMPLE else ADVANCED,
        voicemail=login not in WITHOUT_MAILBOX,
        agent=AgentSpec(groups=("600",)) if login in AGENTS else None,
        remote_extension=login in MOBILE,
    )


def counted(hass: HomeAssistant, entry: ConfigEntry) -> Counter[str]:
    """Count the entities of lines by their keys, those that are disabled included."""
    base = f"{entry.runtime_data.base}_user"
    found = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    return Counter(one.unique_id.removeprefix(base)[5:] for one in found if one.unique_id.startswith(base))


def expected(*, advanced: int, mailboxes: int, agents: int, mobile: int) -> dict[str, int]:
    """Return how many entities of some kinds there are in an office of 250 of whom so many have this."""
    of_all = dict.fromkeys(("answer", "hang_up"), len(LOGINS))
    of_advanced = dict.fromkeys(("call_state", "do_not_disturb", "forward", "missed_calls", "on_a_call"), advanced)
    of_agents = dict.fromkeys(("agent", "queue_wait"), agents)
    return of_all | of_advanced | of_agents | {"voicemails": mailboxes, "remote_extension": mobile}


async def test_entities_by_feature(home: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each kind is there for those who can do it; a licence, a mailbox and an agent come and go with their entities."""
    monkeypatch.setattr(details, "RATE", 5000.0)
    monkeypatch.setattr(rights, "RIGHTS_LAST", -1.0)
    monkeypatch.setattr(later, "QUIET", 0.0)
    monkeypatch.setattr(later, "REST", 0.0)
    async with Simulator(SimulatorSettings(users=tuple(map(spec, LOGINS)))) as simulator:
        entry = await set_up(home, make_entry(administrator(simulator)))
        coordinator = entry.runtime_data

        def are(there: dict[str, int]) -> bool:
            now = counted(home, entry)
            return not len(coordinator.later) and {key: now[key] for key in there} == there

        async def become(there: dict[str, int]) -> None:
            def differ() -> str:
                now = counted(home, entry)
                return str({key: (now[key], count) for key, count in there.items() if now[key] != count})

            try:
                await until(lambda: are(there), timeout=90)
            except pytest.fail.Exception:
                pytest.fail(f"are and should be: {differ()}")

        await become(expected(advanced=230, mailboxes=205, agents=15, mobile=10))

        # what no one announces, and is seen with the next connection at the latest
        users = simulator.switch.users
        for login in SIMPLE[:5]:
            users[login].licences = ADVANCED
        for login in REST[:7]:
            users[login].licences = BASIC
        model = users[AGENTS[-1]].agent
        assert model is not None
        for login in AGENTS[:6]:
            users[login].agent = None
        for login in REST[10:12]:
            users[login].agent = replace(model)
        simulator.faults.cut_channels()
        await become(expected(advanced=228, mailboxes=203, agents=11, mobile=10))

        # what the PBX announces
        for login, has in [*((one, True) for one in WITHOUT_MAILBOX[:4]), *((one, False) for one in REST[20:30])]:
            users[login].voicemail = has
            simulator.switch.update_user(login, first_name="Telephone")
        await become(expected(advanced=228, mailboxes=197, agents=11, mobile=10))
        await home.config_entries.async_unload(entry.entry_id)
