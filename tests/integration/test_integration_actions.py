"""Every action, its errors, and that nothing is sent where something is wrong."""

from contextlib import suppress
from types import SimpleNamespace
from typing import Any
from unittest import mock
from unittest.mock import patch

import msgspec
import pytest
from homeassistant.core import HomeAssistant, SupportsResponse
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.pbx.aiopbx import AcdCall, Call, CallState, Feature, Line, Skill
from custom_components.pbx.aiopbx.simulator import Simulator, SimulatorSettings, UserSpec
from custom_components.pbx.const import DOMAIN
from custom_components.pbx.services import ACTIONS
from tests.integration.helpers import (
    ALICE,
    BOB,
    CAROL,
    administrator,
    attributes_of,
    do,
    make_entry,
    set_up,
    state_of,
    until,
    until_state,
    user,
)

# Among what they look at are entities that are disabled by default.
pytestmark = pytest.mark.usefixtures("all_entities_enabled")


def requests(simulator: Simulator) -> int:
    """Return how many requests the server has had."""
    return int(simulator.state()["servers"][0]["requests"])


def device(hass: HomeAssistant, entry: MockConfigEntry, line: str | None) -> str:
    """Return the id of a line's device, or of the PBX's own."""
    identifier = (DOMAIN, f"{entry.unique_id}_{line}" if line else entry.unique_id)
    found = dr.async_get(hass).async_get_device_by_identifier(identifier, entry.entry_id)
    assert found is not None
    return found.id


async def talking(hass: HomeAssistant, simulator: Simulator) -> str:
    """Let Alice talk with Bob, and return the reference of the call."""
    call = simulator.switch.make_call(ALICE, "1000", "1001", auto_answer=True)
    simulator.switch.answer(BOB, call.ref, "1001")
    await until_state(hass, "sensor.alice_martin_call_state", "active")
    await until_state(hass, "sensor.bob_keller_call_state", "active")
    return str(call.ref)


async def test_dial_answers_with_the_id_that_the_events_name(
    home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    answer = await do(home, "dial", respond=True, device_id=device(home, entry, ALICE), number="1001")
    assert answer["line"] == ALICE
    assert answer["number"] == "1001"
    await until_state(home, "sensor.alice_martin_call_state", "ringing_outgoing")
    assert attributes_of(home, "sensor.alice_martin_call_state")["call_id"] == answer["call_id"]
    assert attributes_of(home, "event.alice_martin_call")["call_id"] == answer["call_id"]
    await until_state(home, "sensor.bob_keller_call_state", "ringing_incoming")


async def test_dial_variants(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    """By number, without a response, with data, from the other telephone's ring."""
    await do(home, "dial", line="1000", number="1001", auto_answer=False, associated_data="order 17")
    await until(lambda: attributes_of(home, "sensor.alice_martin_call_state")["call_id"])
    assert state_of(home, "sensor.bob_keller_call_state") == "idle", "the own telephone rings first"
    [call] = simulator.switch.calls.values()
    assert call.associated_data == "order 17"


async def test_dial_without_waiting(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    """After the time-out the id is none, and the call is made all the same."""
    answer = await do(home, "dial", respond=True, line="1000", number="1001", timeout=0)
    assert answer["call_id"] is None or answer["call_id"].startswith(ALICE)
    await until_state(home, "sensor.bob_keller_call_state", "ringing_incoming")


async def test_auto_answer_follows_the_options(home: HomeAssistant, simulator: Simulator) -> None:
    await set_up(home, make_entry(administrator(simulator), auto_answer=False))
    await do(home, "dial", line="1000", number="1001")
    await until(lambda: attributes_of(home, "sensor.alice_martin_call_state")["call_id"])
    assert state_of(home, "sensor.bob_keller_call_state") == "idle"


async def test_the_only_line_needs_no_name(home: HomeAssistant, simulator: Simulator) -> None:
    await set_up(home, make_entry(user(simulator)))
    await do(home, "dial", number="1001")
    await until_state(home, "sensor.alice_martin_call_state", "ringing_outgoing")


async def test_answer_hold_retrieve_and_hang_up(
    home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    simulator.switch.incoming_external("+15550123", "1000")
    await until_state(home, "binary_sensor.alice_martin_ringing", "on")
    await do(home, "answer", line="1000")
    await until_state(home, "sensor.alice_martin_call_state", "active")
    call_id = attributes_of(home, "sensor.alice_martin_call_state")["call_id"]
    await do(home, "hold", call_id=call_id)
    await until_state(home, "sensor.alice_martin_call_state", "held")
    await do(home, "retrieve", line=ALICE, phone="1000")
    await until_state(home, "sensor.alice_martin_call_state", "active")
    await do(home, "hang_up", call_id=call_id)
    await until_state(home, "sensor.alice_martin_call_state", "idle")


async def test_transfer_to_a_number(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    await talking(home, simulator)
    await do(home, "transfer", line="1000", number="1002")
    await until_state(home, "sensor.alice_martin_call_state", "idle")
    await until_state(home, "sensor.carol_diaz_call_state", "ringing_incoming")


@pytest.mark.parametrize("named", [True, False], ids=["named", "only"])
async def test_transfer_to_a_held_call(
    home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, named: bool
) -> None:
    await talking(home, simulator)
    held = attributes_of(home, "sensor.alice_martin_call_state")["call_id"]
    answer = await do(home, "dial", respond=True, line="1000", number="1002")
    await until_state(home, "sensor.carol_diaz_call_state", "ringing_incoming")
    await do(home, "answer", line="1002")
    await until_state(home, "sensor.carol_diaz_call_state", "active")
    await until(lambda: attributes_of(home, "sensor.alice_martin_call_state")["calls"][1]["call_state"] == "held")
    data = {"call_id": answer["call_id"], "to_call_id": held} if named else {"line": "1000"}
    await do(home, "transfer", **data)
    await until_state(home, "sensor.alice_martin_call_state", "idle")
    await until_state(home, "sensor.bob_keller_other_party", "Carol Diaz")


async def test_conference(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    await talking(home, simulator)
    await do(home, "dial", line="1000", number="1002")
    await until_state(home, "sensor.carol_diaz_call_state", "ringing_incoming")
    await do(home, "answer", line="1002")
    await until(lambda: "merge" in str(attributes_of(home, "sensor.alice_martin_call_state")["calls"]))
    await do(home, "conference", line="1000")
    await until(lambda: state_of(home, "sensor.alice_martin_other_party").count(",") == 1)
    await do(home, "hang_up", line="1000", everybody=True)
    for name in ("alice_martin", "bob_keller", "carol_diaz"):
        await until_state(home, f"sensor.{name}_call_state", "idle")


async def test_calls_of_the_call_centre(home: HomeAssistant) -> None:
    """An agent calls the supervisor; skills and the supervised transfer go to the PBX as they were given."""
    users = (
        UserSpec(login=ALICE, number="1000", first_name="Alice", last_name="Martin", supervisor="1001"),
        UserSpec(login=BOB, number="1001", first_name="Bob", last_name="Keller"),
    )
    async with Simulator(SimulatorSettings(users=users)) as simulator:
        entry = await set_up(home, make_entry(administrator(simulator)))
        answer = await do(home, "dial", respond=True, line="1000", call_to_supervisor=True)
        assert answer["number"] is None
        await until_state(home, "sensor.bob_keller_call_state", "ringing_incoming")
        await do(home, "hang_up", call_id=answer["call_id"])
        await until_state(home, "sensor.bob_keller_call_state", "idle")
        with patch.object(Line, "dial", autospec=True, side_effect=Line.dial) as dialled:
            skills = [{"skill": 3, "level": 2}, {"skill": 4, "active": False}]
            answer = await do(
                home, "dial", respond=True, line="1000", number="1001", supervised_transfer=True, skills=skills
            )
        assert dialled.call_args.kwargs["acd"] == AcdCall(
            supervised_transfer=True,
            skills=(Skill(number=3, active=True, level=2), Skill(number=4, active=False)),
        )
        await do(home, "hang_up", call_id=answer["call_id"])
        await until_state(home, "sensor.bob_keller_call_state", "idle")
        await home.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize("number", ["1002", "voicemail"])
async def test_redirect(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, number: str) -> None:
    simulator.switch.incoming_external("+15550123", "1000")
    await until_state(home, "binary_sensor.alice_martin_ringing", "on")
    await do(home, "redirect", line="1000", number=number)
    await until_state(home, "binary_sensor.alice_martin_ringing", "off")
    if number == "1002":
        await until_state(home, "binary_sensor.carol_diaz_ringing", "on")


async def test_send_dtmf(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    await talking(home, simulator)
    before = requests(simulator)
    await do(home, "send_dtmf", line="1000", digits="42#")
    assert requests(simulator) == before + 1
    with pytest.raises(ServiceValidationError) as wrong:
        await do(home, "send_dtmf", line="1000", digits="4x")
    assert wrong.value.translation_key == "input_tones"
    assert requests(simulator) == before + 1


async def test_set_forward(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    await do(home, "set_forward", line="1000", number="1002", condition="busy")
    await until_state(home, "switch.alice_martin_forward", "on")
    assert state_of(home, "text.alice_martin_forward_number") == "1002"
    assert state_of(home, "select.alice_martin_forward_when") == "busy"
    await do(home, "set_forward", line="1000", target="voicemail")
    await until_state(home, "select.alice_martin_forward_to", "voicemail")
    await do(home, "set_forward", line="1000", target="none")
    await until_state(home, "switch.alice_martin_forward", "off")
    with pytest.raises(ServiceValidationError) as missing:
        await do(home, "set_forward", line="1000")
    assert missing.value.translation_key == "forward_number_missing"


# ------------------------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("data", "key", "words"),
    [
        ({"line": "1000", "number": "not a number"}, "input_number", "not a number"),
        ({"line": "1000", "number": "1" * 50}, "input_number_length", "49"),
        ({"line": "1000", "number": "1001", "associated_data": "x" * 33}, "input_data_length", "33"),
        ({"line": "1000", "number": "1001", "phone": "7777"}, "input_device", "7777"),
        ({"line": "1000", "number": "9001"}, "input_policy_denied", "9001"),
        ({"line": "4711", "number": "1001"}, "line_not_found", "1000, 1001, 1002, 1003"),
        ({"number": "1001"}, "line_missing", ""),
        ({"line": "1000"}, "number_missing", ""),
        ({"line": "1000", "number": "1001", "call_to_supervisor": True}, "number_and_supervisor", ""),
        ({"line": "1000", "number": "1001", "secret_code": "1"}, "input_private_call", ""),
    ],
    ids=["words", "long", "data", "telephone", "policy", "line", "no line", "none", "both", "private"],
)
async def test_dial_that_is_wrong_sends_nothing(
    home: HomeAssistant, simulator: Simulator, data: dict[str, Any], key: str, words: str
) -> None:
    await set_up(home, make_entry(administrator(simulator), denied=["9*"]))
    before = requests(simulator)
    with pytest.raises(ServiceValidationError) as wrong:
        await do(home, "dial", **data)
    assert wrong.value.translation_domain == DOMAIN
    assert wrong.value.translation_key == key
    assert words in str(wrong.value.translation_placeholders)
    assert requests(simulator) == before
    assert not simulator.switch.calls


@pytest.mark.parametrize(("number", "key"), [("9001", "input_policy_denied"), ("call me", "input_number")])
@pytest.mark.parametrize("action", ["transfer", "redirect", "set_forward"])
async def test_a_destination_that_is_wrong_sends_nothing(
    home: HomeAssistant, simulator: Simulator, action: str, number: str, key: str
) -> None:
    """Every way to send a call somewhere; what the line and its call are stays as it was."""
    await set_up(home, make_entry(administrator(simulator), denied=["9*"]))
    if action == "transfer":
        await talking(home, simulator)
    elif action == "redirect":
        simulator.switch.incoming_external("+15550123", "1000")
        await until_state(home, "binary_sensor.alice_martin_ringing", "on")
    state = state_of(home, "sensor.alice_martin_call_state")
    before = requests(simulator)
    with pytest.raises(ServiceValidationError) as wrong:
        await do(home, action, line="1000", number=number)
    assert wrong.value.translation_key == key
    assert number in str(wrong.value.translation_placeholders)
    assert requests(simulator) == before
    assert state_of(home, "sensor.alice_martin_call_state") == state
    assert state_of(home, "switch.alice_martin_forward") == "off"


async def test_calls_per_minute(home: HomeAssistant, simulator: Simulator) -> None:
    await set_up(home, make_entry(administrator(simulator), calls_per_minute=1))
    await do(home, "dial", line="1000", number="1001")
    with pytest.raises(ServiceValidationError) as limit:
        await do(home, "dial", line="1002", number="1003")
    assert len(simulator.switch.calls) == 1
    assert limit.value.translation_key == "input_policy_calls"


async def test_devices_that_are_no_lines(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    with pytest.raises(ServiceValidationError) as wrong:
        await do(home, "answer", device_id=device(home, entry, None))
    assert wrong.value.translation_key == "device_is_no_line"
    with pytest.raises(ServiceValidationError):
        await do(home, "answer", device_id="nothing")


async def test_calls_that_are_not_there(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    with pytest.raises(ServiceValidationError) as none:
        await do(home, "hold", line="1000")
    assert none.value.translation_key == "no_call"
    with pytest.raises(ServiceValidationError) as unknown:
        await do(home, "hold", call_id="nothing")
    assert unknown.value.translation_key == "call_not_found"


async def test_an_action_that_no_call_offers(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    ref = await talking(home, simulator)
    before = requests(simulator)
    with pytest.raises(ServiceValidationError) as no:
        await do(home, "answer", line="1000")
    assert no.value.translation_key == "no_call_offers"
    assert "hold" in no.value.translation_placeholders["offered"]
    call_id = attributes_of(home, "sensor.alice_martin_call_state")["call_id"]
    with pytest.raises(ServiceValidationError) as not_allowed:
        await do(home, "retrieve", call_id=call_id)
    assert not_allowed.value.translation_key == "action_not_allowed"
    with pytest.raises(ServiceValidationError) as no_held:
        await do(home, "transfer", call_id=call_id)
    assert no_held.value.translation_key == "no_held_call"
    # the PBX's own reference is one of two lines; with the line it is clear
    with pytest.raises(ServiceValidationError) as ambiguous:
        await do(home, "hold", call_id=ref)
    assert ambiguous.value.translation_key == "call_ambiguous"
    assert requests(simulator) == before
    await do(home, "hold", call_id=ref, line="1000")
    await until_state(home, "sensor.alice_martin_call_state", "held")


async def test_a_line_of_two_pbxs(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    second = MockConfigEntry(domain=DOMAIN, title="Second", data=user(simulator), options={"all_lines": True})
    await set_up(home, second)
    with pytest.raises(ServiceValidationError) as ambiguous:
        await do(home, "answer", line="1000")
    assert ambiguous.value.translation_key == "line_ambiguous"


async def test_what_the_pbx_refuses(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    """A forward loop: the PBX's fault as far as the caller can see, with its reason."""
    simulator.switch.set_forward(CAROL, "1000")
    with pytest.raises(HomeAssistantError) as refused:
        await do(home, "set_forward", line="1000", number="1002")
    assert not isinstance(refused.value, ServiceValidationError)
    assert refused.value.translation_key == "refused"


async def test_offline(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    await simulator.stop(abrupt=True)
    await until_state(home, "binary_sensor.office_connection", "off")
    with pytest.raises(HomeAssistantError) as offline:
        await do(home, "dial", line="1000", number="1001")
    assert not isinstance(offline.value, ServiceValidationError)
    assert offline.value.translation_key == "offline"


async def test_the_actions_are_there_without_a_pbx(home: HomeAssistant, simulator: Simulator) -> None:
    entry = await set_up(home, make_entry(user(simulator)))
    await home.config_entries.async_unload(entry.entry_id)
    with pytest.raises(ServiceValidationError) as none:
        await do(home, "dial", number="1001")
    assert none.value.translation_key == "line_missing"
    with pytest.raises(ServiceValidationError) as unknown:
        await do(home, "dial", line="1000", number="1001")
    assert unknown.value.translation_key == "line_not_found"


# ------------------------------------------------------------------------------------------- what reaches the client


async def test_every_field_of_dial_reaches_the_client(
    home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    nothing = dict.fromkeys(
        (
            "device", "calling_number", "associated_data", "inhibit_progress_tone", "pin", "secret_code",
            "business_code", "acd",
        )
    )  # fmt: skip
    given = {
        "phone": "1000",
        "calling_number": "1009",
        "associated_data": "order 17",
        "inhibit_progress_tone": True,
        "pin": "1234",
        "secret_code": "5678",
        "business_code": "42",
    }
    with patch.object(Line, "dial", return_value=None) as dialled:
        answer = await do(home, "dial", respond=True, line="1000", number="1001")
        only = {"call_id": None, "line": ALICE, "number": "1001"}
        assert answer == only | {"calls": [only]}
        dialled.assert_awaited_once_with("1001", auto_answer=True, timeout=10.0, **nothing)
        dialled.reset_mock()
        await do(home, "dial", line=ALICE, number="1001", auto_answer=False, timeout=3, **given)
        expected = nothing | {key: value for key, value in given.items() if key != "phone"} | {"device": "1000"}
        dialled.assert_awaited_once_with("1001", auto_answer=False, timeout=3.0, **expected)
        dialled.reset_mock()
        answer = await do(home, "dial", respond=True, line="1000", call_to_supervisor=True)
        only = {"call_id": None, "line": ALICE, "number": None}
        assert answer == only | {"calls": [only]}
        acd = AcdCall(supervised_transfer=False, to_supervisor=True, skills=())
        dialled.assert_awaited_once_with("", auto_answer=True, timeout=10.0, **nothing | {"acd": acd})
    for action in (name for name in ACTIONS if name != "dial"):
        only = action in ("get_call_back_requests", "get_call_log", "get_voicemails", "search_directory")
        expected = SupportsResponse.ONLY if only else SupportsResponse.OPTIONAL
        assert home.services.supports_response(DOMAIN, action) is expected


async def test_every_field_of_the_other_actions_reaches_the_client(
    home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    await talking(home, simulator)
    call_id = attributes_of(home, "sensor.alice_martin_call_state")["call_id"]

    async def sent(method: str, action: str, **data: Any) -> Any:
        """Return what an action calls a method with, for the call that offers it and for the one that is named."""
        with patch.object(Call, method) as called:
            await do(home, action, line="1000", **data)
            await do(home, action, call_id=call_id, **data)
        first, second = called.await_args_list
        assert first == second
        return first

    assert await sent("hold", "hold") == mock.call(None)
    assert await sent("hold", "hold", phone="1000") == mock.call("1000")
    assert await sent("send_dtmf", "send_dtmf", digits="42#") == mock.call("42#", None)
    assert await sent("send_dtmf", "send_dtmf", digits="42#", phone="1000") == mock.call("42#", "1000")
    assert await sent("blind_transfer", "transfer", number="1002") == mock.call("1002", anonymous=False)
    assert await sent("blind_transfer", "transfer", number="1002", anonymous=True) == mock.call("1002", anonymous=True)
    assert await sent("hang_up", "hang_up") == mock.call()
    assert await sent("end", "hang_up", everybody=True) == mock.call()
    with patch.object(Call, "add_party") as added:
        await do(home, "add_party", call_id=call_id, number="1002")
    added.assert_awaited_once_with("1002")
    await do(home, "hold", line="1000")
    await until_state(home, "sensor.alice_martin_call_state", "held")
    assert await sent("retrieve", "retrieve") == mock.call(None)
    assert await sent("retrieve", "retrieve", phone="1000") == mock.call("1000")


async def test_every_field_of_the_actions_on_a_ringing_call_reaches_the_client(
    home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    simulator.switch.incoming_external("+15550123", "1000")
    await until_state(home, "binary_sensor.alice_martin_ringing", "on")
    with patch.object(Call, "answer") as answered:
        await do(home, "answer", line="1000")
        await do(home, "answer", device_id=device(home, entry, ALICE), phone="1000")
    assert answered.await_args_list == [mock.call(device=None), mock.call(device="1000")]
    with patch.object(Call, "redirect") as redirected:
        for number in ("1002", "voicemail", "Dva"):
            with suppress(ServiceValidationError):
                await do(home, "redirect", line="1000", number=number, anonymous=number == "1002")
        call_id = attributes_of(home, "sensor.alice_martin_call_state")["call_id"]
        await do(home, "redirect", call_id=call_id, number="dva")
    assert mock.call("1002", anonymous=True) in redirected.await_args_list
    assert mock.call("VOICEMAIL", anonymous=False) in redirected.await_args_list
    assert redirected.await_args_list[-1] == mock.call("DVA", anonymous=False)


@pytest.mark.parametrize(("action", "method"), [("transfer", "transfer"), ("conference", "merge")])
async def test_the_held_call(
    home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, action: str, method: str
) -> None:
    """It is the only one, or the one that is named; the call itself is never joined with itself."""
    ref = await talking(home, simulator)
    held = attributes_of(home, "sensor.alice_martin_call_state")["call_id"]
    answer = await do(home, "dial", respond=True, line="1000", number="1002")
    await until_state(home, "sensor.carol_diaz_call_state", "ringing_incoming")
    await do(home, "answer", line="1002")
    await until(lambda: method in str(attributes_of(home, "sensor.alice_martin_call_state")["calls"]))
    line = entry.runtime_data.pbx.lines[ALICE]
    with patch.object(Call, method, autospec=True) as joined:
        await do(home, action, line="1000")
        await do(home, action, call_id=answer["call_id"], to_call_id=held)
        await do(home, action, line="1000", to_call_id=ref)
        for call in joined.await_args_list:
            assert [one.id for one in call.args] == [answer["call_id"], held]
        assert len(joined.await_args_list) == 3
        with pytest.raises(ServiceValidationError) as none:
            await do(home, action, call_id=held)
        assert none.value.translation_key == "no_held_call"
        assert none.value.translation_placeholders == {"line": "Alice Martin"}
        two = [SimpleNamespace(id=f"held {index}", ref="", state=CallState.HELD) for index in range(2)]
        with (
            patch.object(type(line), "calls", new_callable=mock.PropertyMock, return_value=(*line.calls, *two)),
            pytest.raises(ServiceValidationError) as several,
        ):
            await do(home, action, line="1000", call_id=answer["call_id"])
        assert several.value.translation_key == "several_held_calls"
        assert several.value.translation_placeholders == {"line": "Alice Martin"}


async def test_errors_name_what_they_are_about(
    home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    async def refused(action: str, **data: Any) -> tuple[str | None, dict[str, str] | None]:
        with pytest.raises(ServiceValidationError) as error:
            await do(home, action, **data)
        return error.value.translation_key, error.value.translation_placeholders

    office = device(home, entry, None)
    assert await refused("answer", device_id=office) == ("device_is_no_line", {"device": "Office"})
    assert await refused("hold", call_id="x") == ("call_not_found", {"call_id": "x"})
    assert await refused("hold", line="1000", call_id="x") == ("call_not_found", {"call_id": "x"})
    assert await refused("hold", line="77", call_id="x") == (
        "line_not_found",
        {"line": "77", "known": "1000, 1001, 1002, 1003"},
    )
    ref = await talking(home, simulator)
    assert await refused("hold", call_id=ref) == ("call_ambiguous", {"call_id": ref})
    with patch.object(Call, "hold") as held:
        await do(home, "hold", call_id=ref, device_id=device(home, entry, BOB))
    held.assert_awaited_once_with(None)


NEEDED = {
    "answer": Feature.ANSWER, "hang_up": Feature.HANG_UP, "hold": Feature.CALL_CONTROL,
    "retrieve": Feature.CALL_CONTROL, "transfer": Feature.TRANSFER, "conference": Feature.CONFERENCE,
    "redirect": Feature.REDIRECT, "add_party": Feature.CONFERENCE, "send_dtmf": Feature.DTMF,
}  # fmt: skip
FIELDS = {"redirect": {"number": "1002"}, "add_party": {"number": "1002"}, "send_dtmf": {"digits": "1"}}


async def test_which_feature_an_action_needs(home: HomeAssistant, simulator: Simulator) -> None:
    """Without it the action is refused for the line; with it alone the action gets as far as to look for a call."""
    entry = await set_up(home, make_entry(user(simulator)))
    whole = entry.runtime_data.data[ALICE]

    async def refused(action: str, *features: Feature) -> ServiceValidationError:
        snapshot = msgspec.structs.replace(whole, features=frozenset(features), calls=())
        with (
            patch.object(Line, "snapshot", new_callable=mock.PropertyMock, return_value=snapshot),
            pytest.raises(ServiceValidationError) as error,
        ):
            await do(home, action, **FIELDS.get(action, {}))
        return error.value

    for action, feature in NEEDED.items():
        without = await refused(action, Feature.CALL_EVENTS, *{*NEEDED.values()} - {feature})
        assert without.translation_key == "line_cannot", action
        placeholders = {"line": "Alice Martin", "action": action.replace("_", " "), "system": "O2G"}
        assert without.translation_placeholders == placeholders
        assert (await refused(action, Feature.CALL_EVENTS, feature)).translation_key == "no_call", action
    for target in ("number", "none"):
        with (
            patch.object(
                Line,
                "snapshot",
                new_callable=mock.PropertyMock,
                return_value=msgspec.structs.replace(whole, features=whole.features - {Feature.FORWARD}),
            ),
            pytest.raises(ServiceValidationError) as error,
        ):
            await do(home, "set_forward", target=target, number="1002")
        assert error.value.translation_key == "line_cannot"


async def test_without_any_line(home: HomeAssistant) -> None:
    assert await async_setup_component(home, DOMAIN, {})
    with pytest.raises(ServiceValidationError) as missing:
        await do(home, "dial", number="1001")
    assert missing.value.translation_key == "line_missing"
    with pytest.raises(ServiceValidationError) as unknown:
        await do(home, "dial", line="1000", number="1001")
    assert unknown.value.translation_key == "line_not_found"
    assert unknown.value.translation_placeholders == {"line": "1000", "known": "-"}
