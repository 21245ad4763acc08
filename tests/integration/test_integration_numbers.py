"""Numbers in Home Assistant: text stays text, a call is called back as it came, and callers get their names."""

import json
from pathlib import Path
from typing import Any

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.json import json_bytes
from homeassistant.helpers.template import Template
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.pbx.aiopbx.simulator import Simulator
from custom_components.pbx.options_flow import SECTION_OF
from tests.integration.helpers import (
    ALICE,
    BOB,
    WORDS,
    administrator,
    answer_options,
    attributes_of,
    do,
    make_entry,
    set_up,
    state_of,
    suggested,
    told,
    until,
    until_state,
)

CALL_STATE = "sensor.alice_martin_call_state"


@pytest.mark.parametrize("template", ["{{ '+15550123' }}", "{{ '1001' }}"])
@pytest.mark.parametrize(
    ("action", "field", "more"),
    [
        ("dial", "number", {}),
        ("dial", "calling_number", {"number": "1001"}),
        ("dial", "pin", {"number": "1001"}),
        ("dial", "secret_code", {"number": "1001"}),
        ("dial", "business_code", {"number": "1001"}),
        ("dial", "phone", {"number": "1001"}),
        ("transfer", "number", {}),
        ("redirect", "number", {}),
        ("add_party", "number", {}),
        ("send_dtmf", "digits", {}),
        ("set_forward", "number", {}),
        ("hang_up", "line", {}),
    ],
)
async def test_what_arrives_as_a_number_is_refused_with_the_remedy(
    home: HomeAssistant, entry: MockConfigEntry, template: str, action: str, field: str, more: dict[str, Any]
) -> None:
    """A template's result of digits is a number: Home Assistant reads +15550123 as 15550123."""
    rendered = Template(template, home).async_render()
    assert isinstance(rendered, int), "this is why"
    for value in (rendered, 0o123, 1001.0):
        with pytest.raises(ServiceValidationError, match=r"in quotes in YAML.*tel:.*party_uri"):
            await do(home, action, **more, **{field: value})


async def test_a_template_with_tel_stays_text_and_is_accepted_everywhere(
    home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    rendered = Template("{{ 'tel:' ~ '+15550123' }}", home).async_render()
    assert rendered == "tel:+15550123"
    await do(home, "set_forward", line="tel:1000", number=rendered)
    await until_state(home, "switch.alice_martin_forward", "on")
    assert state_of(home, "text.alice_martin_forward_number") == "+15550123"
    await home.services.async_call(
        "text", "set_value", {"entity_id": "text.alice_martin_forward_number", "value": "tel:1003"}, blocking=True
    )
    await until(lambda: state_of(home, "text.alice_martin_forward_number") in ("1003", "tel:1003"))
    await do(home, "set_forward", line="1000", target="none")
    await do(home, "dial", line="1000", number="tel:1001", phone="tel:1000")
    await until_state(home, CALL_STATE, "ringing_outgoing")
    assert attributes_of(home, CALL_STATE)["party_number"] == "1001"


async def test_the_obvious_automation_calls_back(
    home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """A missed call from outside is called back by party_uri, as the documentation writes it."""
    assert await async_setup_component(
        home,
        "automation",
        {
            "automation": {
                "triggers": {"trigger": "state", "entity_id": "event.alice_martin_call"},
                "conditions": "{{ trigger.to_state.attributes.event_type == 'missed' }}",
                "actions": {
                    "action": "pbx.dial",
                    "data": {"line": "tel:1000", "number": "{{ trigger.to_state.attributes.party_uri }}"},
                },
            }
        },
    )
    call = simulator.switch.incoming_external("+15550123", "1000")
    await until_state(home, CALL_STATE, "ringing_incoming")
    assert attributes_of(home, CALL_STATE)["party_uri"] == "tel:+15550123"
    simulator.switch.external_hang_up(call.ref)
    await until(lambda: state_of(home, CALL_STATE) in ("dialing", "ringing_outgoing"))
    await until(lambda: attributes_of(home, CALL_STATE)["party_number"] == "+15550123")
    assert attributes_of(home, CALL_STATE)["direction"] == "outgoing"


async def test_broken_text_never_keeps_home_assistant_from_saving(
    home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """A lone surrogate in one name kept Home Assistant from saving the states of anything."""
    simulator.switch.users[BOB].last_name = "Ke\x00l\u202el\x1ber"
    simulator.switch.make_call(BOB, "1001", "1000", auto_answer=True)
    await until_state(home, CALL_STATE, "ringing_incoming")
    assert attributes_of(home, CALL_STATE)["party_name"] == "Bob Keller"
    broken = rb'{"eventName":"OnUserInfoChanged","loginName":"oxe1000","user":{"lastName":"M\ud83d\u0000\u202e"}}'
    for subscribed in simulator.server.subscriptions.all:
        subscribed.put(broken + b"\n")
    assert entry.runtime_data is not None
    await until(lambda: entry.runtime_data.pbx.statistics.bad_characters > 3)
    for state in home.states.async_all():
        json.loads(json_bytes(state.as_dict()))
    assert entry.runtime_data.pbx.statistics.losses == 0


async def test_callers_get_their_names_from_a_phone_book(home: HomeAssistant, simulator: Simulator) -> None:
    path = Path(home.config.path("people_of_a_test.csv"))
    path.write_text("name,number\nGrace Hopper,+1 555 0199\n", encoding="utf-8")
    try:
        await set_up(home, make_entry(administrator(simulator), contact_files=[path.name], country="US"))
        simulator.switch.incoming_external("0015550199", "1000")
        await until_state(home, CALL_STATE, "ringing_incoming")
        assert attributes_of(home, CALL_STATE)["party_name"] == "Grace Hopper"
        assert attributes_of(home, CALL_STATE)["party_uri"] == "tel:0015550199"
    finally:
        path.unlink()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("denied", ["09x0*"]),
        ("allowed", ["1*", "+0*"]),
        ("outside_prefix", "a"),
        ("internal_lengths", "4-3"),
        ("contact_files", ["there_is_no_such_file.vcf"]),
    ],
)
async def test_options_that_cannot_be_used_are_said_beside_the_field(
    home: HomeAssistant, entry: MockConfigEntry, field: str, value: Any
) -> None:
    form: Any = await home.config_entries.options.async_init(entry.entry_id)
    form = await answer_options(home, form, {"all_lines": True, "auto_answer": True, field: value})
    assert form["errors"] == {SECTION_OF[field]: f"invalid_{field}"}
    label = WORDS["options"]["step"]["init"]["sections"][SECTION_OF[field]]["data"][field]
    assert label in told(form, "options") or field == "contact_files"


async def test_the_country_of_home_assistant_is_proposed(home: HomeAssistant, entry: MockConfigEntry) -> None:
    home.config.country = "DE"
    form: Any = await home.config_entries.options.async_init(entry.entry_id)
    assert suggested(form)["country"] == "DE"
    result: Any = await answer_options(
        home,
        form,
        {"all_lines": True, "auto_answer": True, "country": "DE", "outside_prefix": "0", "internal_lengths": "3-4"},
    )
    await home.async_block_till_done()
    assert result["type"] == "create_entry"
    pbx = entry.runtime_data.pbx
    assert pbx.numbers.read("+49 (0) 30 23125100").wire == "003023125100"
    assert ALICE in pbx.lines
