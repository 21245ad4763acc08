"""Actions on several lines at once, chosen by targets, and the actions that answer."""

from typing import Any

import pytest
from homeassistant.auth.models import User
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from homeassistant.helpers import area_registry as ar, device_registry as dr, label_registry as lr
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.pbx.aiopbx import Feature
from custom_components.pbx.aiopbx.simulator import Simulator
from custom_components.pbx.const import DOMAIN
from tests.integration.automations import go_away
from tests.integration.helpers import ALICE, BOB, CAROL, DAVID, administrator, do, make_entry, set_up, until


def device(hass: HomeAssistant, entry: MockConfigEntry, line: str | None) -> str:
    """Return the id of a line's device, or of the PBX's own."""
    coordinator = entry.runtime_data
    if line is None:
        return str(coordinator.device_id)
    found = dr.async_get(hass).async_get_device_by_identifier(coordinator.identifier(line), entry.entry_id)
    assert found is not None
    return found.id


def requests(simulator: Simulator) -> int:
    """Return how many requests the server has had."""
    return int(simulator.state()["servers"][0]["requests"])


async def ready(entry: MockConfigEntry, *features: Feature) -> None:
    """Wait until all lines are known to have these features."""
    lines = entry.runtime_data.pbx.lines
    await until(lambda: all(line.snapshot.described and {*features} <= line.features for line in lines.values()))


async def forwards(entry: MockConfigEntry, **numbers: str | None) -> None:
    """Wait until these lines are forwarded like this, and no other."""

    def now() -> dict[str, str | None]:
        routings = {line: snapshot.routing for line, snapshot in entry.runtime_data.data.items()}
        return {
            line: routing.forward.number
            for line, routing in routings.items()
            if routing is not None and routing.forward is not None
        }

    await until(lambda: now() == numbers)


# ------------------------------------------------------------------------------------------------------------- targets


@pytest.mark.parametrize("kind", ["entities", "devices", "area", "label", "lines", "mixed"])
async def test_several_lines_in_one_call(
    home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, kind: str
) -> None:
    await ready(entry, Feature.FORWARD)
    devices = dr.async_get(home)
    alice, bob = device(home, entry, ALICE), device(home, entry, BOB)
    area, label = ar.async_get(home).async_create("Office").id, lr.async_get(home).async_create("Night").label_id
    for one in (alice, bob):
        devices.async_update_device(one, area_id=area, labels={label})
    data: dict[str, Any] = {
        "entities": {"entity_id": ["switch.alice_martin_do_not_disturb", "sensor.bob_keller_call_state"]},
        "devices": {"device_id": [alice, bob]},
        "area": {"area_id": area},
        "label": {"label_id": [label]},
        "lines": {"line": ["1000", BOB]},
        "mixed": {"device_id": alice, "line": ["1000", "1001"], "area_id": [area]},
    }[kind]
    answer = await do(home, "set_forward", respond=True, number="1003", **data)
    assert sorted(answer["lines"]) == [ALICE, BOB], "each once"
    await forwards(entry, **{ALICE: "1003", BOB: "1003"})
    await do(home, "set_forward", target="none", **data)
    await forwards(entry)


async def test_an_area_has_others_in_it(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    """The PBX's own device and those of other integrations are left out; nothing but them is an error."""
    await ready(entry, Feature.FORWARD)
    area = ar.async_get(home).async_create("Office").id
    other = MockConfigEntry(domain="other")
    other.add_to_hass(home)
    devices = dr.async_get(home)
    strange = devices.async_get_or_create(config_entry_id=other.entry_id, identifiers={("other", "1")}).id
    for one in (strange, device(home, entry, None)):
        devices.async_update_device(one, area_id=area)
    before = requests(simulator)
    with pytest.raises(ServiceValidationError) as nothing:
        await do(home, "set_forward", number="1003", area_id=area)
    assert nothing.value.translation_key == "target_without_line"
    assert requests(simulator) == before
    devices.async_update_device(device(home, entry, CAROL), area_id=area)
    await do(home, "set_forward", number="1003", area_id=area)
    await forwards(entry, **{CAROL: "1003"})


@pytest.mark.parametrize("entity_id", ["light.kitchen", "binary_sensor.office_connection"])
async def test_entities_that_are_no_lines(home: HomeAssistant, entry: MockConfigEntry, entity_id: str) -> None:
    with pytest.raises(ServiceValidationError) as wrong:
        await do(home, "answer", entity_id=entity_id)
    assert wrong.value.translation_key in ("entity_is_no_line", "device_is_no_line")


async def test_calls_of_several_lines(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    """Those that have nothing to do are left out; if none has, it is an error."""
    lines = {"line": ["1000", "1001", "1002"]}
    with pytest.raises(ServiceValidationError) as none:
        await do(home, "hang_up", **lines)
    assert none.value.translation_key == "no_call"
    for number in ("1000", "1002"):
        simulator.switch.incoming_external("+15550123", number)
    data = entry.runtime_data.data
    await until(lambda: data[ALICE].calls and data[CAROL].calls)
    answer = await do(home, "answer", respond=True, **lines)
    assert sorted(call["line"] for call in answer["calls"]) == [ALICE, CAROL]
    await until(lambda: all(data[line].calls[0].answered for line in (ALICE, CAROL)))
    only = await do(home, "hang_up", respond=True, line="1000")
    assert only["line"] == ALICE
    assert only["call_id"] == only["calls"][0]["call_id"] is not None
    await until(lambda: not data[ALICE].calls)
    assert data[CAROL].calls


async def test_dialling_from_several_lines(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    answer = await do(home, "dial", respond=True, line=["1000", "1001"], number="+15550123")
    assert [call["line"] for call in answer["calls"]] == [ALICE, BOB]
    assert "call_id" not in answer, "there is not one"


async def test_one_of_several_fails(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    """The others are done, and the error names the one."""
    await ready(entry, Feature.FORWARD)
    simulator.switch.set_device_state("1002", "OUT_OF_SERVICE")
    data = entry.runtime_data.data
    await until(lambda: data[CAROL].in_service is False)
    with pytest.raises(HomeAssistantError) as failed:
        await do(home, "dial", line=["1000", "1002"], number="1003")
    assert failed.value.translation_key == "several_failed"
    placeholders = failed.value.translation_placeholders
    assert placeholders is not None
    assert (placeholders["failed"], placeholders["count"]) == ("1", "2")
    assert placeholders["errors"].startswith("Carol Diaz: ")
    await until(lambda: data[ALICE].calls)


async def test_a_line_that_cannot_is_an_error_where_it_was_named(
    home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ready(entry, Feature.FORWARD)
    area = ar.async_get(home).async_create("Office").id
    for line in (ALICE, BOB):
        dr.async_get(home).async_update_device(device(home, entry, line), area_id=area)
    bob = entry.runtime_data.pbx.lines[BOB]
    able = type(bob).features
    monkeypatch.setattr(
        type(bob),
        "features",
        property(lambda line: able.fget(line) - {Feature.FORWARD} if line.id == BOB else able.fget(line)),
    )
    before = requests(simulator)
    with pytest.raises(ServiceValidationError) as named:
        await do(home, "set_forward", number="1003", line=["1000", "1001"])
    assert named.value.translation_key == "line_cannot"
    assert requests(simulator) == before, "nothing is sent for any"
    await do(home, "set_forward", number="1003", area_id=area)
    await forwards(entry, **{ALICE: "1003"})


# ------------------------------------------------------------------------------------------------------------- answers


async def test_the_call_log(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    await ready(entry, Feature.CALL_LOG)
    for caller, number in (("+15550101", "1000"), ("+15550102", "1001"), ("+15550103", "1000")):
        call = simulator.switch.incoming_external(caller, number)
        simulator.switch.external_hang_up(call.ref)
    call = simulator.switch.make_call(ALICE, "1000", "1003", auto_answer=True)
    simulator.switch.answer(DAVID, call.ref, "1003")
    simulator.switch.drop(ALICE, call.ref)

    async def log(**data: Any) -> list[dict[str, Any]]:
        answer = await do(home, "get_call_log", respond=True, **data)
        records: list[dict[str, Any]] = answer["records"]
        return records

    await until(lambda: not entry.runtime_data.data[ALICE].calls)
    everything = await log(line="1000")
    assert len(everything) == 3
    assert [record["started_at"] for record in everything] == sorted(
        (record["started_at"] for record in everything), reverse=True
    )
    missed = await log(line=["1000", "1001"], missed_only=True)
    assert sorted(record["party_number"] for record in missed) == ["+15550101", "+15550102", "+15550103"]
    assert {record["line"] for record in missed} == {ALICE, BOB}
    assert all(record["missed"] and record["party_uri"].startswith("tel:+1555") for record in missed)
    assert len(await log(line=["1000", "1001"], limit=2)) == 2
    [outgoing] = await log(line="1000", direction="outgoing")
    assert (outgoing["answered"], outgoing["missed"]) == (True, False)
    [one] = await log(line="1000", party="+15550101")
    assert one["party_number"] == "+15550101"
    assert await log(line="1000", after="2100-01-01 00:00:00") == []
    assert await log(line="1000", before="2001-01-01T00:00:00+00:00") == []


async def test_voicemails(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    await ready(entry, Feature.MAILBOX)
    assert await do(home, "get_voicemails", respond=True, line="1000") == {"voicemails": []}
    call = simulator.switch.make_call(BOB, "1001", "1000", auto_answer=True)
    simulator.switch.overflow_to_voicemail(BOB, call.ref)
    simulator.switch.drop(BOB, call.ref)
    answer = await do(home, "get_voicemails", respond=True, line=["1000", "1001"], unread_only=True)
    [message] = answer["voicemails"]
    assert (message["line"], message["party_number"], message["unread"]) == (ALICE, "1001", True)
    assert message["received_at"] is not None
    again = await do(home, "get_voicemails", respond=True, line="1000", unread_only=True)
    assert len(again["voicemails"]) == 1, "looking marks nothing as read"
    with pytest.raises(ServiceValidationError) as wrong:
        await do(home, "get_voicemails", respond=True, line="1000", mailbox="4711")
    assert wrong.value.translation_key == "input_mailbox"


async def test_the_directory(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    await ready(entry, Feature.DIRECTORY)
    for data in ({}, {"line": ["1000", "1001"]}):
        answer = await do(home, "search_directory", respond=True, query="Mar", **data)
        [alice] = answer["contacts"]
        assert (alice["name"], alice["number"], alice["uri"]) == ("Alice Martin", "1000", "tel:1000")
    assert await do(home, "search_directory", respond=True, query="Nobody") == {"contacts": []}
    await go_away(home, simulator, entry)
    with pytest.raises(HomeAssistantError) as away:
        await do(home, "search_directory", respond=True, query="Mar")
    assert away.value.translation_key == "offline"


async def test_without_a_pbx_there_is_no_directory(home: HomeAssistant, entry: MockConfigEntry) -> None:
    await home.config_entries.async_unload(entry.entry_id)
    with pytest.raises(ServiceValidationError) as nobody:
        await do(home, "search_directory", respond=True, query="Mar")
    assert nobody.value.translation_key == "no_directory"


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("get_call_log", {"limit": 0}),
        ("get_call_log", {"limit": 501}),
        ("get_call_log", {"direction": "both"}),
        ("get_call_log", {"after": "some day"}),
        ("get_call_log", {"party": 15550123}),
        ("search_directory", {}),
        ("search_directory", {"query": "M", "limit": 101}),
        ("call_operation", {}),
        ("call_operation", {"operation": "user", "arguments": ["login_name"]}),
    ],
)
async def test_fields_that_mean_nothing_are_refused(
    home: HomeAssistant, entry: MockConfigEntry, action: str, data: dict[str, Any]
) -> None:
    with pytest.raises(ServiceValidationError) as refused:
        await do(home, action, respond=True, **data)
    assert str(refused.value.translation_key).startswith("field_")


# ------------------------------------------------------------------------------------------------- any operation at all


async def test_any_operation(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    answer = await do(home, "call_operation", respond=True, operation="user", arguments={"login_name": ALICE})
    assert (answer["operation"], answer["status"]) == ("user", 200)
    assert answer["data"]["companyPhone"] == "1000"
    by_id = await do(
        home,
        "call_operation",
        respond=True,
        operation="user",
        arguments={"loginName": BOB},
        config_entry_id=entry.entry_id,
    )
    assert by_id["data"]["companyPhone"] == "1001"


@pytest.mark.parametrize(
    ("operation", "arguments", "key"),
    [
        ("usr", {}, "input_operation"),
        ("user", {}, "input_argument_missing"),
        ("user", {"login_name": ALICE, "other": 1}, "input_argument_unknown"),
        ("make_call", {"login_name": ALICE, "deviceId": "1000", "callee": "0900123"}, "input_policy_denied"),
        ("make_call", {"login_name": ALICE, "deviceId": 1000, "callee": "1001"}, "input_argument_kind"),
    ],
)
async def test_what_an_operation_does_not_take(
    home: HomeAssistant, simulator: Simulator, operation: str, arguments: dict[str, Any], key: str
) -> None:
    """The declarations of the client refuse it before anything is sent."""
    await set_up(home, make_entry(administrator(simulator), denied=["0900*"]))
    before = requests(simulator)
    with pytest.raises(ServiceValidationError) as refused:
        await do(home, "call_operation", operation=operation, arguments=arguments)
    assert refused.value.translation_key == key
    assert requests(simulator) == before


async def test_an_operation_that_answers_with_a_file(home: HomeAssistant, entry: MockConfigEntry) -> None:
    names = [name for name, operation in entry.runtime_data.pbx.operations.items() if operation.streams]
    assert names
    for name in names:
        with pytest.raises(ServiceValidationError) as refused:
            await do(home, "call_operation", operation=name)
        assert refused.value.translation_key == "operation_streams"


async def test_operations_are_for_administrators(
    home: HomeAssistant, entry: MockConfigEntry, hass_admin_user: User, hass_read_only_user: MockUser
) -> None:
    data = {"operation": "user", "arguments": {"login_name": ALICE}}

    async def by(who: User) -> Any:
        return await home.services.async_call(
            DOMAIN, "call_operation", data, blocking=True, return_response=True, context=Context(user_id=who.id)
        )

    with pytest.raises(Unauthorized):
        await by(hass_read_only_user)
    assert (await by(hass_admin_user))["status"] == 200
