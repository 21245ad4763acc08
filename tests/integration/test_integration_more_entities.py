"""What a line can do beyond calls, as entities that are there to be enabled; and the night service."""

from typing import Any

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr, label_registry as lr
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
)

from custom_components.pbx.aiopbx import Condition, Target
from custom_components.pbx.aiopbx.simulator import Simulator, SimulatorSettings, UserSpec
from tests.integration.helpers import (
    ALICE,
    BOB,
    CAROL,
    DAVID,
    act,
    administrator,
    attributes_of,
    make_entry,
    set_up,
    state_of,
    until,
    until_state,
    user,
)


async def select(hass: HomeAssistant, entity: str, option: str) -> None:
    """Choose an option."""
    await act(hass, "select.select_option", entity, option=option)


async def test_overflow(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    """Shown and changed as one choice; what can only be set elsewhere is unknown."""
    name = "select.alice_martin_calls_not_taken"
    await until_state(home, name, "off")
    await select(home, name, "voicemail_busy_no_answer")
    await until_state(home, name, "voicemail_busy_no_answer")
    overflow = entry.runtime_data.pbx.lines[ALICE].overflow
    assert (overflow.target, overflow.condition) == (Target.VOICEMAIL, Condition.BUSY_NO_ANSWER)
    await entry.runtime_data.pbx.lines[ALICE].set_overflow(
        target=Target.ASSOCIATE, condition=Condition.BUSY, number="1002"
    )
    await until_state(home, name, "associate_busy")
    await select(home, name, "off")
    await until_state(home, name, "off")


async def test_hunting_group(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    """Its log-on is pushed, and someone without a group is told so."""
    name = "switch.alice_martin_hunting_group"
    await until_state(home, name, "off")
    simulator.switch.add_hunting_group("1090", "Sales")
    with pytest.raises(HomeAssistantError):
        await act(home, "switch.turn_on", name)
    simulator.switch.hunting_group_member(ALICE, "1090", True)
    simulator.switch.hunting_group_log(ALICE, False)
    await until_state(home, name, "off")
    await act(home, "switch.turn_on", name)
    await until_state(home, name, "on")
    await act(home, "switch.turn_off", name)
    await until_state(home, name, "off")


async def test_recording(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    """On while a call is recorded; a pause is off, and turning it on goes on with the same recording."""
    name = "switch.alice_martin_recording"
    with pytest.raises(ServiceValidationError) as refused:
        await act(home, "switch.turn_on", name)
    assert refused.value.translation_key == "no_call"
    call = simulator.switch.incoming_external("+15550123", "1000")
    await until_state(home, "sensor.alice_martin_call_state", "ringing_incoming")
    simulator.switch.answer(ALICE, call.ref, "1000")
    await until_state(home, "sensor.alice_martin_call_state", "active")
    await act(home, "switch.turn_on", name)
    await until_state(home, name, "on")
    [recorded] = entry.runtime_data.pbx.lines[ALICE].calls
    await recorded.pause_recording()
    await until_state(home, name, "off")
    await act(home, "switch.turn_on", name)
    await until_state(home, name, "on")
    await act(home, "switch.turn_off", name)
    await until_state(home, name, "off")


async def test_park_and_retrieve(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    """A conversation is parked at the line's own number and taken back."""
    call = simulator.switch.incoming_external("+15550123", "1000")
    await until_state(home, "sensor.alice_martin_call_state", "ringing_incoming")
    simulator.switch.answer(ALICE, call.ref, "1000")
    await until_state(home, "sensor.alice_martin_call_state", "active")
    await act(home, "button.press", "button.alice_martin_park")
    await until_state(home, "sensor.alice_martin_call_state", "idle")
    await act(home, "button.press", "button.alice_martin_retrieve_parked_call")
    await until_state(home, "sensor.alice_martin_call_state", "active")


async def test_call_back_requests(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    """Someone who does not answer is asked to call back; who was asked clears the requests."""
    with pytest.raises(ServiceValidationError):
        await act(home, "button.press", "button.alice_martin_request_call_back")
    await until_state(home, "sensor.bob_keller_call_back_requests", "0")
    simulator.switch.make_call(ALICE, "1000", "1001", auto_answer=True)
    await until_state(home, "sensor.alice_martin_call_state", "ringing_outgoing")
    await act(home, "button.press", "button.alice_martin_request_call_back")
    await until_state(home, "sensor.bob_keller_call_back_requests", "1")
    await act(home, "button.press", "button.bob_keller_clear_call_back_requests")
    await until_state(home, "sensor.bob_keller_call_back_requests", "0")


async def test_the_telephone(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    """Lock and camp-on are read, as no event tells of them: after a change, when asked, and after a loss."""
    assert await async_setup_component(home, "homeassistant", {})
    lock, camp_on = "switch.alice_martin_telephone_lock", "switch.alice_martin_camp_on"
    await until_state(home, lock, "off")
    await act(home, "switch.turn_on", lock)
    assert state_of(home, lock) == "on"
    await act(home, "switch.turn_off", lock)
    assert state_of(home, lock) == "off"
    await act(home, "switch.turn_on", camp_on)
    assert state_of(home, camp_on) == "on"
    simulator.switch.set_camp_on(ALICE, "1000", False)
    await act(home, "homeassistant.update_entity", camp_on)
    assert state_of(home, camp_on) == "off"
    simulator.switch.lock_set(ALICE, "1000", True)
    simulator.faults.cut_channels()
    await until(lambda: not entry.runtime_data.last_update_success, "the loss is seen")
    await until_state(home, lock, "on")


async def test_texts(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    """A notification is a text on the telephone, from another line; a title stands before it."""
    name = "notify.bob_keller_text"
    await act(home, "notify.send_message", name, message="Lunch is here")
    await act(home, "notify.send_message", name, message="Lunch is here", title="Kitchen")
    texts = simulator.switch.users[BOB].texts
    assert [text.text for text in texts] == ["Lunch is here", "Kitchen: Lunch is here"]
    assert {text.sender for text in texts} == {"1000"}
    await until_state(home, "sensor.bob_keller_unread_texts", "2")


async def test_a_text_to_oneself(home: HomeAssistant, simulator: Simulator, all_entities_enabled: None) -> None:
    """With one line alone there is no other who could send it."""
    await set_up(home, make_entry(user(simulator)))
    await act(home, "notify.send_message", "notify.alice_martin_text", message="Door bell")
    assert [text.text for text in simulator.switch.users[ALICE].texts] == ["Door bell"]


# ------------------------------------------------------------------------------------------------------ the agent


@pytest.fixture
def agents() -> SimulatorSettings:
    """Return a call centre: Ada is an agent of group 700, which has two reasons; nobody plays anything."""
    return SimulatorSettings(
        users=(
            UserSpec(login="ada", number="2000", first_name="Ada", last_name="Brooks", agent={"groups": ["700"]}),
            UserSpec(login="ben", number="2001", first_name="Ben", last_name="Castillo"),
        ),
        switch={
            "processing_groups": [
                {"number": "700", "name": "Helpers", "withdraw_reasons": ["Lunch", "ready"]},
            ]
        },
    )


AGENT = "select.ada_brooks_agent"


async def test_the_agent(home: HomeAssistant, agents: SimulatorSettings, all_entities_enabled: None) -> None:
    """It logs on, pauses, withdraws for a reason of its group, and logs off, from one select."""
    async with Simulator(agents) as simulator:
        entry = await set_up(home, make_entry(administrator(simulator)))
        await until_state(home, AGENT, "logged_off")
        assert home.states.get("select.ben_castillo_agent") is None
        await select(home, AGENT, "ready")
        await until_state(home, AGENT, "ready")
        await until(lambda: "Lunch" in attributes_of(home, AGENT)["options"])
        # A reason that is called like a state gets its index.
        assert [one for one in attributes_of(home, AGENT)["options"] if one.startswith("ready (")]
        for state in ("paused", "ready", "withdrawn", "ready"):
            await select(home, AGENT, state)
            await until(lambda state=state: entry.runtime_data.pbx.lines["ada"].agent.state.value == state)
        await select(home, AGENT, "Lunch")
        await until_state(home, AGENT, "Lunch")
        await select(home, AGENT, "ready")
        await until_state(home, AGENT, "ready")
        with pytest.raises(ServiceValidationError) as refused:
            await select(home, AGENT, "busy")
        assert refused.value.translation_key == "agent_state_not_chosen"
        await select(home, AGENT, "logged_off")
        await until_state(home, AGENT, "logged_off")
        with pytest.raises(HomeAssistantError):
            await select(home, AGENT, "wrap_up")
        simulator.faults.cut_channels()
        await until(lambda: not entry.runtime_data.last_update_success)
        await until_state(home, AGENT, "logged_off")
        await home.config_entries.async_unload(entry.entry_id)


SKILLED = {"groups": ["700"], "skills": [{"number": 3, "name": "Billing"}, {"number": 4, "level": 2}]}


async def test_skills_of_agents(home: HomeAssistant, all_entities_enabled: None) -> None:
    """Shown by the select; an action switches them, of those who have them."""
    settings = SimulatorSettings(
        users=(
            UserSpec(login="ada", number="2000", first_name="Ada", last_name="Brooks", agent=SKILLED),
            UserSpec(login="ben", number="2001", first_name="Ben", last_name="Castillo", agent={"groups": ["700"]}),
            UserSpec(login="cleo", number="2002", first_name="Cleo", last_name="Diaz"),
        ),
        switch={"processing_groups": [{"number": "700"}]},
    )

    def shown() -> list[bool]:
        return [skill["active"] for skill in attributes_of(home, AGENT)["skills"]]

    async def set_skills(*skills: Any, **data: Any) -> Any:
        data |= {"skills": list(skills)}
        return await home.services.async_call("pbx", "set_skills", data, blocking=True, return_response=True)

    async with Simulator(settings) as simulator:
        entry = await set_up(home, make_entry(administrator(simulator)))
        await until(lambda: len(attributes_of(home, AGENT).get("skills", ())) == 2)
        assert attributes_of(home, AGENT)["skills"] == [
            {"number": 3, "name": "Billing", "level": 1, "active": True},
            {"number": 4, "name": None, "level": 2, "active": True},
        ]
        assert await set_skills("billing", 4, entity_id=AGENT, active=False) == {"lines": ["ada"]}
        await until(lambda: shown() == [False, False])
        await set_skills("4", entity_id=AGENT)
        await until(lambda: shown() == [False, True])
        # Of a label, those who have it; of those who are named, everyone.
        label = lr.async_get(home).async_create("Helpers").label_id
        for line in ("ada", "ben", "cleo"):
            device = dr.async_get(home).async_get_device_by_identifier(
                entry.runtime_data.identifier(line), entry.entry_id
            )
            assert device is not None
            dr.async_get(home).async_update_device(device.id, labels={label})
        assert await set_skills(3, label_id=label) == {"lines": ["ada"]}
        await until(lambda: shown() == [True, True])
        for refused, target in (
            ("skill_not_found", {"line": ["2000", "2001"]}),
            ("line_cannot", {"line": "2002"}),
        ):
            with pytest.raises(ServiceValidationError) as error:
                await set_skills(3, active=False, **target)
            assert error.value.translation_key == refused
        with pytest.raises(ServiceValidationError) as error:
            await set_skills("Sales", label_id=label)
        assert error.value.translation_placeholders == {
            "line": "Ada Brooks",
            "skill": "Sales",
            "known": "3 Billing, 4",
        }
        assert shown() == [True, True]
        await home.config_entries.async_unload(entry.entry_id)


# ---------------------------------------------------------------------------------------------- the night service

NIGHT = "switch.office_night_service"


def forwards(simulator: Simulator) -> dict[str, str | None]:
    """Return where each line is forwarded, as the switch has it."""
    found = {}
    for login in (ALICE, BOB, CAROL):
        forward = simulator.switch.users[login].forward
        found[login] = None if forward is None else forward.number
    return found


@pytest.fixture
async def office(home: HomeAssistant, simulator: Simulator) -> MockConfigEntry:
    """The office, with a night service for Alice, Bob and Carol at David's telephone."""
    return await set_up(
        home, make_entry(administrator(simulator), night_lines=["1000", "1001", CAROL], night_number="1003")
    )


async def test_the_night_service(home: HomeAssistant, simulator: Simulator, office: MockConfigEntry) -> None:
    """It forwards its lines, and gives each the forward back that it had; but not what was changed at night."""
    await until_state(home, NIGHT, "off")
    simulator.switch.set_forward(BOB, "1002", condition="NO_ANSWER")
    await until_state(home, "switch.bob_keller_forward", "on")
    await act(home, "switch.turn_on", NIGHT)
    await until_state(home, NIGHT, "on")
    assert forwards(simulator) == {ALICE: "1003", BOB: "1003", CAROL: "1003"}
    simulator.switch.set_forward(CAROL, "+15550123", condition="IMMEDIATE")
    await until_state(home, NIGHT, "off")
    await act(home, "switch.turn_off", NIGHT)
    await until(lambda: forwards(simulator)[ALICE] is None)
    assert forwards(simulator) == {ALICE: None, BOB: "1002", CAROL: "+15550123"}
    assert office.runtime_data.pbx.lines[BOB].forward.condition is Condition.NO_ANSWER


async def test_the_night_survives_a_restart(
    home: HomeAssistant, simulator: Simulator, hass_storage: dict[str, Any]
) -> None:
    """What a line was like before is remembered; also that it went to the voicemail."""
    for login in (ALICE, BOB, CAROL):
        simulator.switch.set_forward(login, "1003", condition="IMMEDIATE")
    entry = make_entry(administrator(simulator), night_lines=["1000", "1001", "1002"], night_number="1003")
    during = {"condition": "immediate", "target": "number", "number": "1003"}
    stored = {
        ALICE: {"before": None, "during": during},
        BOB: {"before": {"condition": "busy", "target": "voicemail", "number": None}, "during": during},
        CAROL: {"before": {"condition": "busy", "target": "number", "number": "1001"}, "during": during},
    }
    key = f"pbx.{entry.entry_id}.night"
    hass_storage[key] = {"version": 1, "minor_version": 1, "key": key, "data": stored}
    await set_up(home, entry)
    await until_state(home, NIGHT, "on")
    await act(home, "switch.turn_off", NIGHT)
    lines = entry.runtime_data.pbx.lines
    await until(lambda: lines[BOB].forward is not None and lines[BOB].forward.target is Target.VOICEMAIL)
    assert forwards(simulator) == {ALICE: None, BOB: forwards(simulator)[BOB], CAROL: "1001"}
    assert lines[CAROL].forward.condition is Condition.BUSY


async def test_a_night_in_the_voicemail(home: HomeAssistant, simulator: Simulator) -> None:
    """Without a number calls go to the voicemail of each line."""
    entry = await set_up(home, make_entry(administrator(simulator), night_lines=["1000"]))
    await until_state(home, NIGHT, "off")
    await act(home, "switch.turn_on", NIGHT)
    await until_state(home, NIGHT, "on")
    assert entry.runtime_data.pbx.lines[ALICE].forward.target is Target.VOICEMAIL
    await act(home, "switch.turn_off", NIGHT)
    await until_state(home, NIGHT, "off")


async def test_a_night_with_a_line_that_is_gone(home: HomeAssistant, simulator: Simulator) -> None:
    """It is named, and no line is changed."""
    await set_up(home, make_entry(administrator(simulator), night_lines=["1000", "4711"], night_number="1003"))
    await until_state(home, NIGHT, "off")
    with pytest.raises(ServiceValidationError, match="4711"):
        await act(home, "switch.turn_on", NIGHT)
    assert forwards(simulator)[ALICE] is None


async def test_a_night_that_a_line_refuses(home: HomeAssistant, simulator: Simulator, office: MockConfigEntry) -> None:
    """The others are forwarded, and the error names who is not."""
    await until_state(home, NIGHT, "off")
    # The switch refuses forwards that lead back.
    simulator.switch.set_forward(DAVID, "1001", condition="IMMEDIATE")
    with pytest.raises(HomeAssistantError) as refused:
        await act(home, "switch.turn_on", NIGHT)
    assert refused.value.translation_key == "night_service_partly"
    assert refused.value.translation_placeholders["lines"] == "Bob Keller"
    await until(lambda: sum(number == "1003" for number in forwards(simulator).values()) == 2)


async def test_no_night_without_lines(home: HomeAssistant, entry: MockConfigEntry) -> None:
    """And a night of lines none of which is there is unknown."""
    assert home.states.get(NIGHT) is None


async def test_a_night_of_nobody_is_unknown(home: HomeAssistant, simulator: Simulator) -> None:
    """None of its lines is there."""
    await set_up(home, make_entry(administrator(simulator), night_lines=["4711"]))
    assert state_of(home, NIGHT) == "unknown"
