"""What ``scripts/demo --check`` does: everything that someone would try, with figures and a verdict."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any

import aiohttp
from office import Person, people
from paths import Folder
from processes import DemoError

if TYPE_CHECKING:
    from run import Demo

type Json = dict[str, Any]
type Step = tuple[str, Callable[[], Awaitable[str]]]

# The events after which an attempt to reach someone is over.
ENDS = ("busy", "failed", "ended", "cancelled")
# What has happened to a call when the line comes into a state.
STEPS = {
    "dialing": "dialing",
    "ringing_outgoing": "ringing_there",
    "ringing_incoming": "ringing",
    "active": "answered",
    "held": "held",
}
# What of the log is ours: the integration, the client, and calls of theirs that block the loop.
OURS = ("custom_components.pbx", "aiopbx", "custom integration 'pbx'")


class Report:
    """A line for each step."""

    def __init__(self, started: float) -> None:
        """Count the time from the start of the demo."""
        self.started = started
        self.failed = 0
        self.steps = 0

    async def step(self, what: str, do: Callable[[], Awaitable[str]]) -> bool:
        """Do a step and print its outcome."""
        self.steps += 1
        began = time.monotonic()
        try:
            figures = await do()
        except (DemoError, aiohttp.ClientError, TimeoutError) as err:
            self._say("FAILED", what, f"{err or type(err).__name__}", began)
            self.failed += 1
            return False
        self._say("ok", what, figures, began)
        return True

    def finish(self, problems: list[str]) -> bool:
        """Print what the log of Home Assistant has, and the verdict."""
        self.steps += 1
        if problems:
            self.failed += 1
            self._say("FAILED", "log", f"{len(problems)} lines of ours that should not be there", time.monotonic())
            for line in problems[:20]:
                print(f"           {line}", flush=True)
        else:
            self._say("ok", "log", "no error and no blocking call of ours", time.monotonic())
        held = self.steps - self.failed
        print(f"{held} of {self.steps} steps held, in {time.monotonic() - self.started:.1f} s.", flush=True)
        return not self.failed

    @staticmethod
    def _say(verdict: str, what: str, figures: str, began: float) -> None:
        print(f"{verdict:6} {what:12} {figures}  [{time.monotonic() - began:.1f} s]", flush=True)


class Checks:
    """The steps."""

    account = "over https as administrator"

    def __init__(self, demo: Demo) -> None:
        """Check this demo."""
        self.demo = demo
        self.hass = demo.hass
        self.office = people()
        self.mine, self.other = [person for person in self.office if person.yours][:2]

    async def run(self, report: Report) -> bool:
        """Do all steps, each in an office that the one before left tidy; return whether all held."""
        await report.step("start", lambda: self.start(report.started))
        for what, do in self.steps():
            await report.step(what, do)
        return not report.failed

    def steps(self) -> list[Step]:
        """Return the steps after the start, with a word for each."""
        return [
            ("call states", self.call_states),
            ("do not dist.", self.do_not_disturb),
            ("dial", self.dial),
            ("forward", self.forward),
            ("restart", self.restart),
        ]

    async def truth(self) -> Json:
        """Return the users as the simulated PBX itself has them, past the client and Home Assistant."""
        async with (
            aiohttp.ClientSession() as http,
            http.get(f"{self.demo.pbx_http}/simulator/state") as answer,
        ):
            answer.raise_for_status()
            users: Json = (await answer.json())["users"]
            return users

    async def wait_for_truth(self, condition: Callable[[Json], bool], what: str, timeout: float = 10) -> None:
        """Wait until something holds in the simulated PBX."""
        try:
            async with asyncio.timeout(timeout):
                while not condition(await self.truth()):  # noqa: ASYNC110 - another process, which notifies no one
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise DemoError(f"After {timeout:.0f} seconds still not so in the simulated PBX: {what}.") from None

    # -------------------------------------------------------------------------------------------------------- steps

    async def start(self, started: float) -> str:
        """Every line is there."""
        seconds = time.monotonic() - started
        sensors = [person.entity("sensor", "call_state") for person in self.office]
        await self.hass.wait_for(
            lambda: all(self.hass.state(sensor) not in ("missing", "unavailable") for sensor in sensors),
            "every person's call state is there",
        )
        registry = await self.hass.command("config/entity_registry/list")
        entities = [entry for entry in registry if entry["platform"] == "pbx"]
        devices = {entry["device_id"] for entry in entities}
        return (
            f"up after {seconds:.1f} s: {len(sensors)} lines, {len(devices)} devices, {len(entities)} entities, "
            f"{self.account}"
        )

    async def call_states(self) -> str:
        """The scenario's calls change the sensors."""
        sensors = {person.entity("sensor", "call_state") for person in self.office}
        seen: Counter[str] = Counter()
        lines: set[str] = set()

        def on_change(old: Json | None, new: Json | None) -> None:
            if old is not None and new is not None and new["entity_id"] in sensors and old["state"] != new["state"]:
                seen[new["state"]] += 1
                lines.add(new["entity_id"])

        with self.hass.listening(on_change):
            await self.hass.wait_for(
                lambda: (
                    {"ringing_incoming", "active", "idle"} <= seen.keys() and seen.total() >= 20 and len(lines) >= 4
                ),
                "20 changes on 4 lines, with ringing, active and idle among them",
                timeout=90,
            )
        states = ", ".join(f"{count} {state}" for state, count in seen.most_common())
        return f"{seen.total()} changes on {len(lines)} lines ({states})"

    async def do_not_disturb(self) -> str:
        """Home Assistant turns it on, the PBX has it; and off again."""
        switch = self.other.entity("switch", "do_not_disturb")
        took = []
        for on in (True, False):
            began = time.monotonic()
            await self.hass.action(f"switch.turn_{'on' if on else 'off'}", entity=switch)
            await self.truth_of(
                self.other,
                lambda user, on=on: user["do_not_disturb"] is on,  # type: ignore[misc]
                f"do not disturb of {self.other.name} is {on}",
            )
            there = time.monotonic() - began
            await self.hass.wait_for(
                lambda on=on: self.hass.state(switch) == ("on" if on else "off"),  # type: ignore[misc]
                f"{switch} follows",
            )
            took.append(f"{there * 1000:.0f} ms {'on' if on else 'off'}")
        return f"{self.other.name}: seen in the PBX after {', '.join(took)}"

    async def dial(self) -> str:
        """The action places a call; its events follow it to the end, and the light is on while it lasts."""
        light = "light.on_air"
        for callee in self._people_idle():
            with self.call_events(self.mine) as events:
                began = time.monotonic()
                answer = await self.hass.action(
                    "pbx.dial", respond=True, **await self.line_of(self.mine), number=callee.number
                )
                if (call := answer["call_id"]) is None:
                    raise DemoError("the dial action did not return the id of the call")
                named = time.monotonic() - began
                await self.lift()
                # The scenario may have called the same person at that moment, or lets the call ring on.
                await self.hass.wait_for(
                    lambda events=events: bool({"answered", *ENDS} & {type_ for type_, _ in events}),  # type: ignore[misc]
                    f"{callee.name} answers or is busy",
                    timeout=45,
                )
                if events[-1][0] != "answered":
                    continue
                await self.hass.wait_for(lambda: self.hass.state(light) == "on", "the on-air light is on")
                await self.hass.action("pbx.hang_up", call_id=call)
                await self.hass.wait_for(lambda events=events: events[-1][0] == "ended", "the call has ended")  # type: ignore[misc]
                await self.truth_of(self.mine, lambda user: not user["calls"], "the call has left the switch")
                await self.hass.wait_for(lambda: self.hass.state(light) == "off", "the on-air light is off")
            if strangers := [other for _, other in events if other != call]:
                raise DemoError(f"the events name other calls than {call}: {strangers}")
            return (
                f"{self.mine.name} called {callee.name}: id after {named * 1000:.0f} ms, "
                f"{' → '.join(type_ for type_, _ in events)}, on-air light on and off"
            )
        raise DemoError("no one answered")

    async def forward(self) -> str:
        """A line is forwarded, and a call to it arrives elsewhere."""
        began = time.monotonic()
        await self.hass.action(
            "pbx.set_forward", line=self.mine.number, target="number", number=self.other.number, condition="immediate"
        )
        switch = self.mine.entity("switch", "forward")
        await self.hass.wait_for(lambda: self.hass.state(switch) == "on", f"{switch} is on")
        forwarded = time.monotonic() - began
        ringing = self.other.entity("sensor", "call_state")
        try:
            for caller in self._people_idle():
                try:
                    answer = await self.hass.action(
                        "pbx.dial", respond=True, line=caller.number, number=self.mine.number
                    )
                except DemoError:
                    continue  # the scenario was faster, and this person is on the phone now
                began = time.monotonic()
                await self.hass.wait_for(
                    lambda: self.hass.state(ringing) == "ringing_incoming", f"{self.other.name} rings"
                )
                arrived = time.monotonic() - began
                called = self.hass.states[self.other.entity("sensor", "call_state")]["attributes"]
                if self.hass.state(self.mine.entity("sensor", "call_state")) == "ringing_incoming":
                    raise DemoError(f"{self.mine.name} rings although its line is forwarded")
                await self.hass.action("pbx.hang_up", call_id=answer["call_id"])
                await self.hass.wait_for(
                    lambda: self.hass.state(ringing) == "idle", f"{self.other.name} is quiet again"
                )
                return (
                    f"{self.mine.number} forwarded to {self.other.number} in {forwarded * 1000:.0f} ms; "
                    f"{caller.name} called {called['called_number'] or self.mine.number}, "
                    f"{self.other.number} rang after {arrived * 1000:.0f} ms"
                )
            raise DemoError("no one was free to call")
        finally:
            await self.hass.action("pbx.set_forward", line=self.mine.number, target="none")
            await self.hass.wait_for(lambda: self.hass.state(switch) == "off", f"{switch} is off")

    async def restart(self) -> str:
        """The PBX is killed and comes back with nothing remembered: nothing stays that is no longer true."""
        switch = self.other.entity("switch", "do_not_disturb")
        await self.hass.action("switch.turn_on", entity=switch)
        await self.hass.wait_for(lambda: self.hass.state(switch) == "on", f"{switch} is on")
        gone = await self.kill(["binary_sensor.office_connection"])
        back = await self.bring_back()
        await self.hass.wait_for(lambda: self.hass.state(switch) == "off", f"{switch} shows that the PBX forgot it")
        return f"{gone}; {back}, {await self.compare()} values as the PBX has them"

    # ------------------------------------------------------------------------------------------------------ helpers

    async def line_of(self, person: Person) -> Json:
        """Return the fields of an action that say which line it is for."""
        return {"line": person.number}

    async def lift(self) -> None:
        """Do what is left to do at the telephone of the person who has dialled: it goes off hook by itself here."""

    @contextlib.contextmanager
    def call_events(self, person: Person) -> Iterator[list[tuple[str, str]]]:
        """Collect what happens to the calls of a person, by the state of the line: the step, and the call's id."""
        entity = person.entity("sensor", "call_state")
        events: list[tuple[str, str]] = []

        def on_change(old: Json | None, new: Json | None) -> None:
            if old is None or new is None or new["entity_id"] != entity or old["state"] == new["state"]:
                return
            if (step := STEPS.get(new["state"])) is not None:
                events.append((step, new["attributes"]["call_id"]))
            elif new["state"] == "idle" and (call := old["attributes"].get("call_id")) is not None:
                outcome = new["attributes"]["last_outcome"]
                events.append(("ended" if outcome in ("answered", "unknown", None) else outcome, call))

        with self.hass.listening(on_change):
            yield events

    def calls(self, person: Person) -> list[Json]:
        """Return the calls of a person, as Home Assistant has them."""
        found: list[Json] = self.hass.states[person.entity("sensor", "call_state")]["attributes"]["calls"]
        return found

    async def truth_of(self, person: Person, condition: Callable[[Json], bool], what: str) -> None:
        """Wait until something holds of a person in the switch."""
        await self.wait_for_truth(lambda users: condition(users[person.login]), what)

    async def kill(self, connections: list[str]) -> str:
        """Kill the PBX, wait until nothing of it is shown any more, and return how long that took."""
        sensors = [person.entity("sensor", "call_state") for person in self.office]
        began = time.monotonic()
        await self.demo.pbx.kill()
        await self.hass.wait_for(
            lambda: all(self.hass.state(sensor) == "unavailable" for sensor in sensors),
            "every call state is unavailable",
            timeout=90,
        )
        await self.hass.wait_for(
            lambda: all(self.hass.state(connection) == "off" for connection in connections),
            "every connection is shown as lost",
            timeout=90,
        )
        gone, count = time.monotonic() - began, sum(s["state"] == "unavailable" for s in self.hass.states.values())
        return f"killed: {count} entities unavailable after {gone:.1f} s"

    async def bring_back(self) -> str:
        """Start the PBX again, wait until all is there, and return how long that took."""
        sensors = [person.entity("sensor", "call_state") for person in self.office]
        await self.demo.start_pbx()
        began = time.monotonic()
        await self.hass.wait_for(
            lambda: all(self.hass.state(sensor) != "unavailable" for sensor in sensors),
            "every call state is there again",
            timeout=120,
        )
        return f"back {time.monotonic() - began:.1f} s after the PBX"

    def free(self, person: Person) -> bool:
        """Whether a call to this person now has a chance to be answered."""
        return (
            self.hass.state(person.entity("sensor", "call_state")) == "idle"
            and self.hass.state(person.entity("switch", "do_not_disturb")) == "off"
            and self.hass.state(person.entity("switch", "forward")) == "off"
        )

    def _people_idle(self) -> list[Person]:
        """Return who of the scenario's people is free now, the last in the office first."""
        return [person for person in reversed(self.office) if not person.yours and self.free(person)]

    async def compare(self) -> int:
        """Compare all calls, DND and forwards with the PBX until they agree at one moment; return how many values."""
        different: list[str] = []
        async with asyncio.timeout(30):
            while True:
                users = await self.truth()
                different = [
                    f"{person.name}: {what} is {ours} here and {theirs} there"
                    for person in self.office
                    for what, ours, theirs in self.values(person, users[person.login])
                    if ours != theirs
                ]
                if not different:
                    return sum(len(self.values(person, users[person.login])) for person in self.office)
                await asyncio.sleep(0.1)

    def values(self, person: Person, user: Json) -> list[tuple[str, Any, Any]]:
        """Return what is compared of a person: its name, what Home Assistant shows, and what the PBX has."""
        return [
            ("calls", len(self.calls(person)), len(user["calls"])),
            (
                "do not disturb",
                self.hass.state(person.entity("switch", "do_not_disturb")) == "on",
                user["do_not_disturb"],
            ),
            ("forward", self.hass.state(person.entity("switch", "forward")) == "on", user["forward"] is not None),
        ]


def log_problems(folder: Folder) -> list[str]:
    """Return the lines of Home Assistant's log that are ours and should not be there."""
    found = []
    for path in (*folder.config.glob("home-assistant.log*"), folder.log("home-assistant")):
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            bad = " ERROR " in line or "Traceback" in line or "Detected blocking call" in line
            if bad and any(word in line for word in OURS) and line not in found:
                found.append(line)
    return found
