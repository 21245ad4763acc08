"""What the card gets and may do: its subscription, its commands, its search, and who is allowed what."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from homeassistant.auth.models import Group, User
from homeassistant.components.websocket_api import ERR_NOT_FOUND, ERR_UNAUTHORIZED
from homeassistant.const import EVENT_HOMEASSISTANT_STARTED
from homeassistant.core import HomeAssistant
from homeassistant.helpers import area_registry as ar, device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator

from custom_components.pbx.aiopbx.simulator import Simulator
from custom_components.pbx.card import ENTRANCE, FOLDER
from custom_components.pbx.const import DOMAIN
from custom_components.pbx.identity import base_of
from tests.integration.helpers import ALICE, BOB, CAROL, DAVID, administrator, make_entry, set_up, until


class Socket:
    """A browser's connection: commands with their answers, and what was pushed, applied as the card applies it."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.lines: dict[str, dict[str, Any]] = {}
        self.entries: dict[str, dict[str, Any]] = {}
        self.heard = 0
        self.messages: list[dict[str, Any]] = []

    async def ask(self, type_: str, **fields: Any) -> dict[str, Any]:
        """Send a command and return its answer; what is pushed meanwhile is kept."""
        await self.client.send_json_auto_id({"type": type_, **fields})
        while (message := await self.client.receive_json())["type"] != "result":
            self._take(message)
        answer: dict[str, Any] = message
        return answer

    async def command(self, line: str, command: str, **fields: Any) -> dict[str, Any]:
        return await self.ask("pbx/card/command", line=line, command=command, **fields)

    async def subscribe(self, *lines: str) -> None:
        answer = await self.ask("pbx/card/subscribe", lines=list(lines))
        assert answer["success"], answer
        self._take(await self.client.receive_json())

    async def until(self, condition: Callable[[], Any], what: str = "") -> None:
        """Wait until what was pushed fulfils something."""
        try:
            async with asyncio.timeout(30):
                while not condition():
                    self._take(await self.client.receive_json())
        except TimeoutError:
            pytest.fail(f"not within 30 s: {what}; {self.lines}")

    def _take(self, message: dict[str, Any]) -> None:
        assert message["type"] == "event", message
        event = message["event"]
        self.heard += 1
        self.messages.append(event)
        assert event["now"] > 1_700_000_000
        if event["whole"]:
            self.lines, self.entries = dict(event["lines"]), event["entries"]
        else:
            self.lines.update(event["lines"])

    def named(self, name: str) -> dict[str, Any]:
        return next(line for line in self.lines.values() if line["name"] == name)

    def key(self, name: str) -> str:
        return next(key for key, line in self.lines.items() if line["name"] == name)

    def calls(self, name: str) -> list[dict[str, Any]]:
        calls: list[dict[str, Any]] = self.named(name)["calls"]
        return calls


Connect = Callable[[], Awaitable[Socket]]


@pytest.fixture
def connect(hass_ws_client: WebSocketGenerator) -> Connect:
    """Open a connection of Home Assistant's administrator."""

    async def open_it() -> Socket:
        return Socket(await hass_ws_client())

    return open_it


@pytest.fixture
async def socket(entry: MockConfigEntry, connect: Connect) -> Socket:
    """A card on every line of the office."""
    opened = await connect()
    await opened.subscribe()
    return opened


def key(entry: MockConfigEntry, line: str) -> str:
    return f"{base_of(entry)}_{line}"


def device_of(hass: HomeAssistant, entry: MockConfigEntry, line: str) -> dr.DeviceEntry:
    found = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, key(entry, line)), entry.entry_id)
    assert found is not None
    return found


# ------------------------------------------------------------------------------------------------------- the lines


async def test_it_begins_with_every_line_as_it_is(entry: MockConfigEntry, socket: Socket) -> None:
    assert [line["name"] for line in socket.lines.values()] == [
        "Alice Martin",
        "Bob Keller",
        "Carol Diaz",
        "David Okafor",
    ]
    alice = socket.lines[key(entry, ALICE)]
    assert alice["number"] == "1000"
    assert alice["state"] == "idle"
    assert alice["calls"] == []
    assert alice["shows_calls"] is True
    assert {"dial", "answer", "hang_up", "do_not_disturb", "forward", "directory"} <= set(alice["can"])
    assert alice["do_not_disturb"] is False
    assert alice["forward"] is None
    assert socket.entries == {entry.entry_id: {"title": "Office", "online": True, "hides_callers": False}}


async def test_a_call_with_everything_that_it_offers(
    entry: MockConfigEntry, simulator: Simulator, socket: Socket
) -> None:
    simulator.switch.incoming_external("+15550101", "1000", "Pine Bakery")
    await socket.until(lambda: socket.calls("Alice Martin"), "the call")
    [call] = socket.calls("Alice Martin")
    assert call["state"] == "ringing_incoming"
    assert call["direction"] == "incoming"
    assert call["parties"] == [{"name": "Pine Bakery", "number": "+15550101", "anonymous": False}]
    assert {"answer", "redirect"} <= set(call["actions"])
    assert call["started_at"] > 1_700_000_000
    assert call["answered_at"] is None
    answer = await socket.command(key(entry, ALICE), "answer", call=call["id"])
    assert answer["success"]
    await socket.until(lambda: socket.calls("Alice Martin")[0]["state"] == "active", "answered")
    assert socket.calls("Alice Martin")[0]["answered_at"] is not None
    assert (await socket.command(key(entry, ALICE), "hang_up", call=call["id"]))["success"]
    await socket.until(lambda: not socket.calls("Alice Martin"), "over")


@pytest.mark.parametrize("name", ["device", "entity", "number", "id", "whole PBX"])
async def test_lines_are_named_in_any_way(
    hass: HomeAssistant, entry: MockConfigEntry, connect: Connect, name: str
) -> None:
    names = {
        "device": device_of(hass, entry, BOB).id,
        "entity": "sensor.bob_keller_call_state",
        "number": "1001",
        "id": BOB,
        "whole PBX": entry.runtime_data.device_id,
    }
    socket = await connect()
    await socket.subscribe(names[name])
    expected = {"Bob Keller"} if name != "whole PBX" else {"Alice Martin", "Bob Keller", "Carol Diaz", "David Okafor"}
    assert {line["name"] for line in socket.lines.values()} == expected
    assert list(socket.entries) == [entry.entry_id]


async def test_lines_have_the_places_that_they_are_named_in(entry: MockConfigEntry, connect: Connect) -> None:
    socket = await connect()
    await socket.subscribe("1002", "sensor.alice_martin_call_state")
    assert {line["name"]: line["place"] for line in socket.lines.values()} == {"Carol Diaz": 0, "Alice Martin": 1}


async def test_names_that_mean_nothing_show_nothing(
    hass: HomeAssistant, entry: MockConfigEntry, connect: Connect
) -> None:
    other = MockConfigEntry(domain="other")
    other.add_to_hass(hass)
    device = dr.async_get(hass).async_get_or_create(config_entry_id=other.entry_id, identifiers={("other", BOB)})
    socket = await connect()
    await socket.subscribe(device.id, "sensor.nothing", "9999")
    assert socket.lines == socket.entries == {}


async def test_only_what_has_changed_is_sent_and_what_comes_together_goes_together(
    entry: MockConfigEntry, simulator: Simulator, socket: Socket
) -> None:
    for number in ("1000", "1001", "1002"):
        simulator.switch.incoming_external("+15550101", number, "Pine Bakery")
    names = ("Alice Martin", "Bob Keller", "Carol Diaz")
    await socket.until(lambda: all(socket.calls(name) for name in names), "three calls")
    sent = socket.messages[1:]
    assert not any(message["whole"] for message in sent)
    assert key(entry, DAVID) not in {line for message in sent for line in message["lines"]}
    assert len(sent) <= 3


async def test_lines_of_others_are_not_sent_for(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator, connect: Connect
) -> None:
    socket = await connect()
    await socket.subscribe("1001")
    simulator.switch.incoming_external("+15550101", "1000", "Pine Bakery")
    simulator.switch.incoming_external("+15550102", "1001", "Harbour Dental")
    await socket.until(lambda: socket.calls("Bob Keller"), "the call of the line that is wanted")
    assert set(socket.lines) == {key(entry, BOB)}
    assert all(set(message["lines"]) == {key(entry, BOB)} for message in socket.messages)


async def test_do_not_disturb_and_forward(entry: MockConfigEntry, simulator: Simulator, socket: Socket) -> None:
    line = key(entry, ALICE)
    assert (await socket.command(line, "set_do_not_disturb", on=True))["success"]
    await socket.until(lambda: socket.named("Alice Martin")["do_not_disturb"], "do not disturb")
    assert (await socket.command(line, "set_do_not_disturb", on=False))["success"]
    await socket.until(lambda: socket.named("Alice Martin")["do_not_disturb"] is False, "no longer")
    assert (await socket.command(line, "set_forward", number="1002", condition="busy"))["success"]
    await socket.until(lambda: socket.named("Alice Martin")["forward"], "forwarded")
    assert socket.named("Alice Martin")["forward"] == {"condition": "busy", "target": "number", "number": "1002"}
    assert (await socket.command(line, "set_forward", target="voicemail"))["success"]
    await socket.until(lambda: socket.named("Alice Martin")["forward"]["target"] == "voicemail", "to voicemail")
    assert (await socket.command(line, "cancel_forward"))["success"]
    await socket.until(lambda: socket.named("Alice Martin")["forward"] is None, "no longer forwarded")


async def test_a_device_that_is_renamed_or_moved(hass: HomeAssistant, entry: MockConfigEntry, socket: Socket) -> None:
    area = ar.async_get(hass).async_create("Reception")
    device = device_of(hass, entry, ALICE)
    dr.async_get(hass).async_update_device(device.id, name_by_user="Front desk", area_id=area.id)
    await socket.until(lambda: socket.lines[key(entry, ALICE)]["name"] == "Front desk", "the new name")
    assert socket.lines[key(entry, ALICE)]["area"] == "Reception"


async def test_devices_of_others_are_nothing_to_it(hass: HomeAssistant, entry: MockConfigEntry, socket: Socket) -> None:
    other = MockConfigEntry(domain="other")
    other.add_to_hass(hass)
    dr.async_get(hass).async_get_or_create(config_entry_id=other.entry_id, identifiers={("other", "1")})
    await hass.config_entries.async_set_disabled_by(other.entry_id, None)
    await socket.command(key(entry, ALICE), "set_do_not_disturb", on=True)
    await socket.until(lambda: socket.named("Alice Martin")["do_not_disturb"], "the next message")
    assert not any(message["whole"] for message in socket.messages[1:])


async def test_a_reload_of_the_entry(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator, socket: Socket
) -> None:
    await hass.config_entries.async_reload(entry.entry_id)
    await socket.until(lambda: socket.entries[entry.entry_id]["online"], "online again")
    simulator.switch.incoming_external("+15550101", "1000", "Pine Bakery")
    await socket.until(lambda: socket.calls("Alice Martin"), "calls are heard of again")


async def test_an_entry_that_is_unloaded_is_offline_and_its_lines_are_still_there(
    hass: HomeAssistant, entry: MockConfigEntry, socket: Socket, connect: Connect
) -> None:
    await hass.config_entries.async_unload(entry.entry_id)
    await socket.until(lambda: not socket.entries[entry.entry_id]["online"], "offline")
    await socket.until(lambda: socket.named("Alice Martin")["state"] == "unknown", "not known any more")
    assert socket.named("Alice Martin")["can"] == []
    assert len(socket.lines) == 4
    answer = await socket.command(key(entry, ALICE), "dial", number="1001")
    assert answer["error"]["translation_key"] == "card_line_gone"
    one = await connect()
    await one.subscribe("sensor.bob_keller_call_state")
    assert [line["name"] for line in one.lines.values()] == ["Bob Keller"]
    await hass.config_entries.async_setup(entry.entry_id)
    await one.until(lambda: one.named("Bob Keller")["state"] == "idle", "there again")


async def test_the_pbx_goes_away_and_comes_back(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator, socket: Socket
) -> None:
    simulator.faults.not_ready()
    simulator.faults.cut_channels()
    await socket.until(lambda: not socket.entries[entry.entry_id]["online"], "offline")
    answer = await socket.command(key(entry, ALICE), "dial", number="1001")
    assert answer["error"]["translation_key"] == "offline"
    simulator.faults.not_ready(False)
    await socket.until(lambda: socket.entries[entry.entry_id]["online"], "online")


async def test_a_card_that_leaves_is_forgotten(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator, socket: Socket
) -> None:
    coordinator = entry.runtime_data
    subscribers = coordinator.pbx._core.store.subscribers
    before = len(coordinator._listeners)
    simulator.switch.incoming_external("+15550101", "1000", "Pine Bakery")
    await until(lambda: coordinator.data[ALICE].calls)
    assert (await socket.ask("unsubscribe_events", subscription=1))["success"]
    assert len(coordinator._listeners) == before - 1
    assert subscribers is not None


# ------------------------------------------------------------------------------------------------------ the commands


async def _answered(simulator: Simulator, socket: Socket, line: str, name: str, caller: str = "+15550101") -> str:
    """Have someone outside call a line, answer it from the card, and return the call."""
    number = socket.named(name)["number"]
    before = {call["id"] for call in socket.calls(name)}
    simulator.switch.incoming_external(caller, number, "Pine Bakery")
    await socket.until(lambda: len(socket.calls(name)) > len(before), "it rings")
    [new] = [call["id"] for call in socket.calls(name) if call["id"] not in before]
    assert (await socket.command(line, "answer", call=new))["success"]

    def active() -> bool:
        return any(call["id"] == new and call["state"] == "active" for call in socket.calls(name))

    await socket.until(active, "it is answered")
    return new


def _state(socket: Socket, name: str, call: str) -> str | None:
    return next((one["state"] for one in socket.calls(name) if one["id"] == call), None)


async def test_hold_consult_swap_merge(entry: MockConfigEntry, simulator: Simulator, socket: Socket) -> None:
    line, name = key(entry, ALICE), "Alice Martin"
    first = await _answered(simulator, socket, line, name)
    assert (await socket.command(line, "hold", call=first))["success"]
    await socket.until(lambda: _state(socket, name, first) == "held", "held")
    assert (await socket.command(line, "retrieve", call=first))["success"]
    await socket.until(lambda: _state(socket, name, first) == "active", "back")
    assert (await socket.command(line, "send_dtmf", call=first, digits="12#"))["success"]
    assert (await socket.command(line, "consult", call=first, number="1001"))["success"]
    await socket.until(lambda: len(socket.calls(name)) == 2, "the second call")
    [second] = [call["id"] for call in socket.calls(name) if call["id"] != first]
    [ringing] = socket.calls("Bob Keller")
    assert (await socket.command(key(entry, BOB), "answer", call=ringing["id"]))["success"]
    await socket.until(lambda: _state(socket, name, second) == "active", "Bob is there")
    assert (await socket.command(line, "alternate", call=first))["success"]
    await socket.until(lambda: _state(socket, name, first) == "active", "swapped")
    assert (await socket.command(line, "merge", call=first, to=second))["success"]
    await socket.until(lambda: any(len(call["parties"]) == 2 for call in socket.calls(name)), "a conference")


async def test_a_transfer_with_and_without_asking_first(
    entry: MockConfigEntry, simulator: Simulator, socket: Socket
) -> None:
    line, name = key(entry, ALICE), "Alice Martin"
    first = await _answered(simulator, socket, line, name)
    assert (await socket.command(line, "blind_transfer", call=first, number="1002"))["success"]
    await socket.until(lambda: socket.calls("Carol Diaz") and not socket.calls(name), "Carol's rings")
    second = await _answered(simulator, socket, line, name, "+15550102")
    assert (await socket.command(line, "consult", call=second, number="1003"))["success"]
    await socket.until(lambda: socket.calls("David Okafor") and len(socket.calls(name)) == 2, "David's rings")
    [other] = [call["id"] for call in socket.calls(name) if call["id"] != second]
    assert (await socket.command(key(entry, DAVID), "answer", call=socket.calls("David Okafor")[0]["id"]))["success"]
    await socket.until(lambda: _state(socket, name, other) == "active", "David is there")
    assert (await socket.command(line, "transfer", call=other, to=second))["success"]
    await socket.until(lambda: not socket.calls(name), "both are gone")
    assert socket.calls("David Okafor")[0]["parties"][0]["number"] == "+15550102"


async def test_a_ringing_call_is_sent_elsewhere(entry: MockConfigEntry, simulator: Simulator, socket: Socket) -> None:
    simulator.switch.incoming_external("+15550101", "1000", "Pine Bakery")
    await socket.until(lambda: socket.calls("Alice Martin"), "it rings")
    [call] = socket.calls("Alice Martin")
    assert (await socket.command(key(entry, ALICE), "redirect", call=call["id"], number="1002"))["success"]
    await socket.until(lambda: socket.calls("Carol Diaz") and not socket.calls("Alice Martin"), "it rings at Carol's")
    [call] = socket.calls("Carol Diaz")
    assert (await socket.command(key(entry, CAROL), "redirect_to_voicemail", call=call["id"]))["success"]
    await socket.until(lambda: not socket.calls("Carol Diaz"), "it is gone")


@pytest.mark.parametrize(
    ("command", "fields", "error"),
    [
        ("hold", {}, "card_call_over"),
        ("hold", {"call": "gone"}, "card_call_over"),
        ("dial", {}, "card_number_missing"),
        ("dial", {"number": "  "}, "card_number_missing"),
        ("dial", {"number": "nobody"}, "input_number"),
        ("set_forward", {}, "forward_number_missing"),
        ("hang_up", {}, "no_call"),
    ],
)
async def test_what_cannot_be_done_is_said(
    entry: MockConfigEntry, socket: Socket, command: str, fields: dict[str, str], error: str
) -> None:
    answer = await socket.command(key(entry, ALICE), command, **fields)
    assert not answer["success"]
    assert answer["error"]["translation_domain"] == DOMAIN
    assert answer["error"]["translation_key"] == error
    assert answer["error"]["message"]


async def test_what_a_call_does_not_offer(entry: MockConfigEntry, simulator: Simulator, socket: Socket) -> None:
    line = key(entry, ALICE)
    call = await _answered(simulator, socket, line, "Alice Martin")
    answer = await socket.command(line, "answer", call=call)
    assert answer["error"]["translation_key"] == "action_not_allowed"
    answer = await socket.command(line, "set_forward", call=call)
    assert answer["error"]["translation_key"] == "no_call_offers"
    answer = await socket.command(line, "transfer", call=call, to="gone")
    assert answer["error"]["translation_key"] == "call_not_found"
    answer = await socket.command(line, "dial", number="1001", target="nonsense")
    assert answer["error"]["code"] == "invalid_format"


async def test_dialling_and_a_line_that_is_hung_up_without_naming_the_call(
    entry: MockConfigEntry, simulator: Simulator, socket: Socket
) -> None:
    line = key(entry, ALICE)
    assert (await socket.command(line, "dial", number="1001"))["success"]
    await socket.until(lambda: socket.calls("Bob Keller"), "it rings at Bob's")
    assert (await socket.command(key(entry, BOB), "answer"))["success"]
    await socket.until(lambda: socket.calls("Bob Keller")[0]["state"] == "active", "answered")
    assert (await socket.command(line, "hang_up"))["success"]
    await socket.until(lambda: not socket.calls("Bob Keller"), "over")


async def test_park_and_record(entry: MockConfigEntry, simulator: Simulator, socket: Socket) -> None:
    line, name = key(entry, ALICE), "Alice Martin"
    call = await _answered(simulator, socket, line, name)
    offered = set(socket.calls(name)[0]["actions"])
    assert "start_recording" in offered
    for command, state in (
        ("start_recording", "recording"),
        ("pause_recording", "paused"),
        ("resume_recording", "recording"),
        ("stop_recording", None),
    ):
        assert (await socket.command(line, command, call=call))["success"], command
        await socket.until(lambda state=state: socket.calls(name)[0]["recording"] == state, command)
    assert (await socket.command(line, "park", call=call))["success"]


# -------------------------------------------------------------------------------------------------------- the search


async def test_the_search_finds_lines_and_the_directory(entry: MockConfigEntry, socket: Socket) -> None:
    line = key(entry, ALICE)
    found = (await socket.ask("pbx/card/search", line=line, text="kel"))["result"]
    assert found["people"] == [{"name": "Bob Keller", "number": "1001", "state": "idle"}]
    assert found["complete"] is True
    by_number = (await socket.ask("pbx/card/search", line=line, text="1002"))["result"]["people"]
    assert [one["name"] for one in by_number] == ["Carol Diaz"]
    everybody = (await socket.ask("pbx/card/search", line=line, text=""))["result"]["people"]
    assert [one["name"] for one in everybody] == ["Bob Keller", "Carol Diaz", "David Okafor"]
    nobody = (await socket.ask("pbx/card/search", line=line, text="zzz"))["result"]
    assert nobody == {"people": [], "complete": True}


async def test_the_search_finds_contacts_and_goes_on_while_the_pbx_is_away(
    entry: MockConfigEntry, simulator: Simulator, socket: Socket
) -> None:
    entry.runtime_data.pbx.contacts.add("+15550144", "Keller Tools")
    found = (await socket.ask("pbx/card/search", line=key(entry, ALICE), text="kel"))["result"]["people"]
    assert [one["name"] for one in found] == ["Bob Keller", "Keller Tools"]
    simulator.faults.not_ready()
    simulator.faults.cut_channels()
    await socket.until(lambda: not socket.entries[entry.entry_id]["online"], "offline")
    found = (await socket.ask("pbx/card/search", line=key(entry, ALICE), text="kel"))["result"]
    assert [one["name"] for one in found["people"]] == ["Bob Keller", "Keller Tools"]
    assert found["complete"] is False


async def test_a_search_for_a_line_that_is_gone(entry: MockConfigEntry, socket: Socket) -> None:
    answer = await socket.ask("pbx/card/search", line="gone", text="kel")
    assert answer["error"]["code"] == ERR_NOT_FOUND


# ------------------------------------------------------------------------------------------------------------- rights


async def _permit(user: User, entities: Any) -> None:
    user.groups = [Group(name="Some", id="some", policy={"entities": entities})]
    user.invalidate_cache()


async def test_whoever_may_only_read_sees_everything_and_commands_nothing(
    entry: MockConfigEntry, simulator: Simulator, connect: Connect, hass_read_only_user: User, hass_admin_user: User
) -> None:
    hass_admin_user.groups = hass_read_only_user.groups
    hass_admin_user.invalidate_cache()
    socket = await connect()
    await socket.subscribe()
    assert len(socket.lines) == 4
    assert socket.named("Alice Martin")["can"] == []
    simulator.switch.incoming_external("+15550101", "1000", "Pine Bakery")
    await socket.until(lambda: socket.calls("Alice Martin"), "it rings")
    [call] = socket.calls("Alice Martin")
    assert call["actions"] == []
    for command, fields in (
        ("answer", {"call": call["id"]}),
        ("dial", {"number": "1001"}),
        ("set_do_not_disturb", {"on": True}),
    ):
        answer = await socket.command(key(entry, ALICE), command, **fields)
        assert answer["error"]["code"] == ERR_UNAUTHORIZED
    assert (await socket.ask("pbx/card/search", line=key(entry, ALICE), text="kel"))["error"][
        "code"
    ] == ERR_UNAUTHORIZED
    assert simulator.switch.users[ALICE].do_not_disturb is False


async def test_only_the_lines_that_a_user_may_see(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator, connect: Connect, hass_admin_user: User
) -> None:
    await _permit(hass_admin_user, {"entity_ids": {"sensor.bob_keller_call_state": {"read": True}}})
    socket = await connect()
    await socket.subscribe()
    assert list(socket.lines) == [key(entry, BOB)]
    simulator.switch.incoming_external("+15550101", "1000", "Pine Bakery")
    simulator.switch.incoming_external("+15550101", "1001", "Pine Bakery")
    await socket.until(lambda: socket.calls("Bob Keller"), "the visible one rings")
    assert list(socket.lines) == [key(entry, BOB)]
    # Nothing says whether there is such a line.
    assert (await socket.command(key(entry, ALICE), "dial", number="1001"))["error"][
        "translation_key"
    ] == "card_line_gone"
    await hass.config_entries.async_unload(entry.entry_id)
    await socket.until(lambda: not socket.entries[entry.entry_id]["online"], "offline")
    assert list(socket.lines) == [key(entry, BOB)]


async def test_the_entity_that_does_it_decides(
    entry: MockConfigEntry, simulator: Simulator, connect: Connect, hass_admin_user: User
) -> None:
    await _permit(
        hass_admin_user,
        {"entity_ids": {"sensor.alice_martin_call_state": {"read": True}, "switch.alice_martin_do_not_disturb": True}},
    )
    socket = await connect()
    await socket.subscribe()
    assert socket.named("Alice Martin")["can"] == ["do_not_disturb"]
    assert (await socket.command(key(entry, ALICE), "set_do_not_disturb", on=True))["success"]
    assert (await socket.command(key(entry, ALICE), "dial", number="1001"))["error"]["code"] == ERR_UNAUTHORIZED


async def test_a_line_without_its_usual_entities(
    hass: HomeAssistant, home: HomeAssistant, simulator: Simulator, connect: Connect, hass_admin_user: User
) -> None:
    """Another of its entities stands for it, as on myIstra; without any, only administrators see it."""
    entry = await set_up(home, make_entry(administrator(simulator)))
    registry = er.async_get(hass)
    device = device_of(hass, entry, ALICE)
    kept = "binary_sensor.alice_martin_on_a_call"
    for one in er.async_entries_for_device(registry, device.id, include_disabled_entities=True):
        if one.entity_id != kept:
            registry.async_remove(one.entity_id)
    await _permit(hass_admin_user, {"entity_ids": {kept: {"read": True}}})
    socket = await connect()
    await socket.subscribe()
    assert list(socket.lines) == [key(entry, ALICE)]
    registry.async_remove(kept)
    await hass.async_block_till_done()
    second = await connect()
    await second.subscribe()
    assert second.lines == {}
    dr.async_get(hass).async_remove_device(device.id)
    third = await connect()
    await third.subscribe()
    assert third.lines == {}


# ------------------------------------------------------------------------------------------------- callers, licences


async def test_hidden_callers_are_hidden_here_too(home: HomeAssistant, simulator: Simulator, connect: Connect) -> None:
    entry = await set_up(home, make_entry(administrator(simulator), hide_callers=True))
    entry.runtime_data.pbx.contacts.add("+15550144", "Keller Tools")
    socket = await connect()
    await socket.subscribe()
    assert socket.entries[entry.entry_id]["hides_callers"] is True
    simulator.switch.incoming_external("+15550101", "1000", "Pine Bakery")
    await socket.until(lambda: socket.calls("Alice Martin"), "it rings")
    [call] = socket.calls("Alice Martin")
    assert call["parties"] == [{"name": None, "number": None, "anonymous": True}]
    assert call["called"] is None
    assert "Pine" not in str(socket.messages)
    assert "5550101" not in str(socket.messages)
    assert (await socket.command(key(entry, ALICE), "answer", call=call["id"]))["success"]
    found = (await socket.ask("pbx/card/search", line=key(entry, ALICE), text="kel"))["result"]["people"]
    assert [one["name"] for one in found] == ["Bob Keller"]


# ---------------------------------------------------------------------------------------------------------- the files


async def test_the_files_are_served_and_loaded_by_every_page(
    hass: HomeAssistant, entry: MockConfigEntry, hass_client: ClientSessionGenerator
) -> None:
    from homeassistant.components.frontend import DATA_EXTRA_MODULE_URL

    assert await async_setup_component(hass, "frontend", {})
    await hass.async_block_till_done()
    urls = [url for url in hass.data[DATA_EXTRA_MODULE_URL].urls if url.startswith("/pbx-card/")]
    assert len(urls) == 1
    assert urls[0].endswith(f"/{ENTRANCE}")
    version = hass.data["integrations"][DOMAIN].version if "integrations" in hass.data else "0.1.0"
    assert f"/pbx-card/{version}-" in urls[0]
    client = await hass_client()
    for file in sorted(FOLDER.glob("*.js")):
        answer = await client.get(urls[0].replace(ENTRANCE, file.name))
        assert answer.status == 200
        assert "javascript" in answer.headers["Content-Type"]
        assert "max-age" in answer.headers["Cache-Control"]
        assert await answer.text() == file.read_text(encoding="utf-8")
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert [url for url in hass.data[DATA_EXTRA_MODULE_URL].urls if url.startswith("/pbx-card/")] == urls


async def test_it_is_set_up_without_a_frontend(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    assert "frontend" not in hass.config.components
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await hass.async_block_till_done()
    assert entry.runtime_data.data
