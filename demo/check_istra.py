"""What ``scripts/demo --system istra --check`` does: an office through myRCC, one person's own myCrm and myIstra."""

import asyncio
import time
from typing import Any, override

import aiohttp
from check import Checks, Json, Step
from office import TERMINAL, Person
from processes import DemoError

CONNECTIONS = [f"binary_sensor.{name}_connection" for name in ("office", "my_telephone", "my_messages")]
# The number that is shown for a while in place of the usual one.
ANOTHER_NUMBER = "+15550199"
OUTSIDE = {"number": "0015550101", "name": "Northwind Bakery"}


class IstraChecks(Checks):
    """The steps. Everything is checked twice: in Home Assistant, and in the switch itself."""

    account = "three entries over https: myRCC as administrator, myCrm and myIstra as a user"

    @override
    def steps(self) -> list[Step]:
        return [
            ("entities", self.entities),
            ("call states", self.call_states),
            ("dial", self.dial),
            ("answer", self.answer),
            ("terminal", self.terminal),
            ("caller ID", self.caller_id),
            ("missed call", self.missed_call),
            ("voicemail", self.voicemail),
            ("restart", self.restart),
        ]

    # -------------------------------------------------------------------------------------------------------- steps

    async def entities(self) -> str:
        """Each interface has its entities, and none that it has no value for."""
        wanted = [
            *(self.mine.entity("sensor", key) for key in ("missed_calls", "unread_voicemails", "unread_texts")),
            self.mine.entity("select", "caller_id"),
            self.mine.entity("text", "caller_id_number"),
            TERMINAL.entity("sensor", "call_state"),
        ]
        await self.hass.wait_for(
            lambda: all(self.hass.state(name) not in ("missing", "unknown", "unavailable") for name in wanted),
            f"there is a value for each of {', '.join(wanted)}",
        )
        registry = await self.hass.command("config/entity_registry/list")
        ours = [entity["entity_id"] for entity in registry if entity["platform"] == "pbx"]
        strange = [
            name
            for name in ours
            if (name.startswith("switch.") and not name.endswith("_recording"))
            or "call_back" in name
            or "forward" in name
        ]
        if strange:
            raise DemoError(f"Istra has no such things: {', '.join(strange)}")
        kinds = {name.partition(".")[0] for name in ours}
        return f"counters, caller ID and a terminal are there; {len(ours)} entities of {len(kinds)} kinds, no switch"

    async def answer(self) -> str:
        """An outside call rings; Home Assistant answers, holds, retrieves and hangs up, and the switch follows."""
        state = self.mine.entity("sensor", "call_state")
        began = time.monotonic()
        await self.ring()
        await self.hass.wait_for(lambda: self.hass.state(state) == "ringing_incoming", f"{self.mine.name} rings")
        rang = time.monotonic() - began
        party = self.hass.states[state]["attributes"]["party_name"]
        call = self.hass.states[state]["attributes"]["call_id"]
        await self.hass.action("button.press", entity=self.mine.entity("button", "answer"))
        for action, shown, there in (
            (None, "active", "ACTIVE"),
            ("hold", "held", "HELD"),
            ("retrieve", "active", "ACTIVE"),
        ):
            if action is not None:
                await self.hass.action(f"pbx.{action}", call_id=call)
            await self.hass.wait_for(lambda shown=shown: self.hass.state(state) == shown, f"the call is {shown}")  # type: ignore[misc]
            await self.truth_of(
                self.mine,
                lambda user, there=there: [leg["state"] for leg in user["calls"][0]["legs"]] == [there],  # type: ignore[misc]
                f"the call is {there} in the switch",
            )
        await self.hass.action("pbx.hang_up", call_id=call)
        await self.hass.wait_for(lambda: self.hass.state(state) == "idle", "the call has ended")
        await self.truth_of(self.mine, lambda user: not user["calls"], "the call has left the switch")
        return f"{party} rang after {rang * 1000:.0f} ms; answered, held, retrieved and ended, each seen in the switch"

    async def terminal(self) -> str:
        """The person's own terminal dials through myCrm; myRCC shows the same call and picks it up."""
        mine, office = TERMINAL.entity("sensor", "call_state"), self.mine.entity("sensor", "call_state")
        began = time.monotonic()
        dialling = asyncio.create_task(
            self.hass.action("pbx.dial", **await self.line_of(TERMINAL), number=self.other.number)
        )
        await self.pick_up(self.mine)
        took = time.monotonic() - began
        await dialling
        for sensor in (mine, office):
            await self.hass.wait_for(
                lambda sensor=sensor: self.hass.state(sensor) == "ringing_outgoing",  # type: ignore[misc]
                f"{sensor} rings there",
            )
        await self.hass.action("button.press", entity=self.other.entity("button", "answer"))
        for sensor in (mine, office):
            await self.hass.wait_for(lambda sensor=sensor: self.hass.state(sensor) == "active", f"{sensor} is active")  # type: ignore[misc]
        await self.hass.action("button.press", entity=self.other.entity("button", "hang_up"))
        for sensor in (mine, office):
            await self.hass.wait_for(lambda sensor=sensor: self.hass.state(sensor) == "idle", f"{sensor} is idle")  # type: ignore[misc]
        try:
            await self.hass.action("pbx.hang_up", **await self.line_of(TERMINAL))
        except DemoError as refused:
            return f"dialled on myCrm, picked up on myRCC after {took * 1000:.0f} ms; {message_of(refused)}"
        raise DemoError("myCrm has no action to hang up, and nothing said so")

    async def caller_id(self) -> str:
        """Another number is shown and no longer; the switch follows, and a bad number is refused in words."""
        choice, number = self.mine.entity("select", "caller_id"), self.mine.entity("text", "caller_id_number")
        usual = self.hass.state(number)
        began = time.monotonic()
        await self.hass.action("text.set_value", entity=number, value=ANOTHER_NUMBER)
        await self.truth_of(
            self.mine, lambda user: user["caller_id"] == ANOTHER_NUMBER, f"{ANOTHER_NUMBER} is shown outside"
        )
        there = time.monotonic() - began
        await self.hass.wait_for(
            lambda: (self.hass.state(choice), self.hass.state(number)) == ("manual", ANOTHER_NUMBER),
            f"{choice} and {number} follow",
        )
        try:
            await self.hass.action("text.set_value", entity=number, value="my number")
        except DemoError as refused:
            said = message_of(refused)
        else:
            raise DemoError("'my number' was taken for a number")
        await self.hass.action("select.select_option", entity=choice, option="from_presence")
        await self.truth_of(self.mine, lambda user: user["caller_id"] is None, "the usual number is shown again")
        await self.hass.wait_for(
            lambda: (self.hass.state(choice), self.hass.state(number)) == ("from_presence", usual),
            f"{choice} and {number} follow",
        )
        return f"{usual} → {ANOTHER_NUMBER}, in the switch after {there * 1000:.0f} ms, and back; refused: {said}"

    async def missed_call(self) -> str:
        """An outside caller gives up: the counter says so at once."""
        sensor = self.mine.entity("sensor", "missed_calls")
        before = int(self.hass.state(sensor))
        await self.ring()
        ringing = self.mine.entity("sensor", "call_state")
        await self.hass.wait_for(lambda: self.hass.state(ringing) == "ringing_incoming", f"{self.mine.name} rings")
        began = time.monotonic()
        await self.hang_up_outside()
        await self.hass.wait_for(lambda: self.hass.state(sensor) == str(before + 1), f"{sensor} is {before + 1}")
        took = time.monotonic() - began
        await self.truth_of(
            self.mine, lambda user: user["counters"]["missed_calls"] == before + 1, "the switch counts the same"
        )
        return f"{before} → {before + 1} missed calls after {took * 1000:.0f} ms"

    async def voicemail(self) -> str:
        """A colleague calls, no one answers, and a message is left: the counter says so at once."""
        sensor = self.mine.entity("sensor", "unread_voicemails")
        before = int(self.hass.state(sensor))
        caller = self.other.entity("sensor", "call_state")
        await self.hass.action("pbx.dial", **await self.line_of(self.other), number=self.mine.number)
        await self.pick_up(self.other)
        ringing = self.mine.entity("sensor", "call_state")
        await self.hass.wait_for(lambda: self.hass.state(ringing) == "ringing_incoming", f"{self.mine.name} rings")
        [call] = (await self.truth())[self.other.login]["calls"]
        await self.at_a_phone(f"{self.other.login}/call", ref=call["ref"], action="voicemail")
        await self.hass.wait_for(lambda: self.hass.state(caller) == "active", "the voicemail answers")
        await self.hass.wait_for(lambda: self.hass.state(ringing) == "idle", f"{self.mine.name} is quiet again")
        await self.hass.action("button.press", entity=self.other.entity("button", "hang_up"))
        began = time.monotonic()
        await self.hass.wait_for(lambda: self.hass.state(sensor) == str(before + 1), f"{sensor} is {before + 1}")
        took = time.monotonic() - began
        await self.truth_of(
            self.mine, lambda user: user["counters"]["voicemails"] == before + 1, "the switch counts the same"
        )
        return f"{before} → {before + 1} unread voicemails, {took * 1000:.0f} ms after the caller hung up"

    @override
    async def restart(self) -> str:
        """The platform is killed in the middle of a call and comes back: nothing stays that is no longer true."""
        choice, missed = self.mine.entity("select", "caller_id"), self.mine.entity("sensor", "missed_calls")
        await self.hass.action(
            "text.set_value", entity=self.mine.entity("text", "caller_id_number"), value=ANOTHER_NUMBER
        )
        await self.ring()
        ringing = self.mine.entity("sensor", "call_state")
        await self.hass.wait_for(lambda: self.hass.state(ringing) == "ringing_incoming", f"{self.mine.name} rings")
        gone = await self.kill(CONNECTIONS)
        back = await self.bring_back()
        await self.hass.wait_for(lambda: self.hass.state(ringing) == "idle", "the call is over")
        await self.hass.wait_for(
            lambda: (self.hass.state(choice), self.hass.state(missed)) == ("from_presence", "0"),
            "caller ID and counters are those of the new start",
            timeout=120,
        )
        await self.hass.wait_for(
            lambda: all(self.hass.state(connection) == "on" for connection in CONNECTIONS),
            "all three are connected",
            timeout=120,
        )
        return f"{gone}; {back}, {await self.compare()} values as the switch has them"

    # ------------------------------------------------------------------------------------------------------ helpers

    @override
    def free(self, person: Person) -> bool:
        return self.hass.state(person.entity("sensor", "call_state")) == "idle"

    @override
    def values(self, person: Person, user: Json) -> list[tuple[str, Any, Any]]:
        calls = len(self.calls(person))
        found: list[tuple[str, Any, Any]] = [("calls", calls, len(user["calls"]))]
        if person is self.mine:
            for key, name in (("missed_calls", "missed_calls"), ("voicemails", "unread_voicemails")):
                found.append((key, int(self.hass.state(person.entity("sensor", name))), user["counters"][key]))
        return found

    @override
    async def line_of(self, person: Person) -> Json:
        # By number it would be ambiguous: myRCC and myIstra both have the line.
        return {"device_id": await self.device(person.entity("sensor", "call_state"))}

    @override
    async def lift(self) -> None:
        await self.truth_of(self.mine, lambda user: len(user["calls"]) == 1, "the call is in the switch")
        await self.pick_up(self.mine)

    async def pick_up(self, person: Person) -> None:
        """Lift the receiver of the person who has dialled: on Istra their own telephone rings first."""
        state = person.entity("sensor", "call_state")
        await self.hass.wait_for(lambda: self.hass.state(state) == "dialing", f"{person.name}'s own telephone rings")
        await self.hass.action("button.press", entity=person.entity("button", "answer"))

    async def device(self, entity: str) -> str:
        """Return the device that an entity belongs to."""
        found = await self.hass.command("config/entity_registry/get", entity_id=entity)
        return str(found["device_id"])

    async def ring(self) -> None:
        """Call from outside."""
        await self.at_a_phone("outside/ring", to=self.mine.number, name=OUTSIDE["name"], **{"from": OUTSIDE["number"]})

    async def hang_up_outside(self) -> None:
        """Let the outside caller give up."""
        [call] = (await self.truth())[self.mine.login]["calls"]
        await self.at_a_phone("outside/call", ref=call["ref"], number=OUTSIDE["number"], action="hang_up")

    async def at_a_phone(self, what: str, **body: str) -> None:
        """Do something that a person does at a telephone, as the page of phones does it."""
        url = f"{self.demo.pbx_http}/simulator/phones/{what}"
        async with aiohttp.ClientSession() as http, http.post(url, json=body) as answer:
            if answer.status >= 400:
                raise DemoError(f"{what} is refused by the simulated switch: {await answer.text()}")


def message_of(error: DemoError) -> str:
    """Return the message of an action's error, without Home Assistant's prefix for its kind."""
    return str(error).removeprefix("Validation error: ")
