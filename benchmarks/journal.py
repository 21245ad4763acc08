"""What the journal of the simulated call centre costs an action of the switch.

    .venv-lib/bin/python benchmarks/journal.py

The same calls are made twice: with the journal, and with one that writes nothing down. An action is what a person does:
a call that comes, an answer, the end of a call. Times are CPU seconds of one thread; the two take turns, and of each
the best of several rounds counts.
"""

import argparse
from collections.abc import Callable, Collection
from time import thread_time

from aiopbx.simulator import UserSpec
from aiopbx.simulator.clock import ManualClock
from aiopbx.simulator.switch import Switch
from aiopbx.simulator.switch.agents import AgentState
from aiopbx.simulator.switch.calls import Call, Member
from aiopbx.simulator.switch.journal import Journal, Outcome
from aiopbx.simulator.switch.settings import AgentSpec, PilotSpec, ProcessingGroupSpec, SwitchSettings

GROUP = "60"


class Blank(Journal):
    """A journal that writes nothing down: it is called as often, and does nothing."""

    def came(self, call: Call, pilot: str, caller: Member) -> None:
        """Do nothing."""

    def turned_away(self, call: Call, pilot: str, caller: Member, outcome: Outcome, destination: str | None) -> None:
        """Do nothing."""

    def sent_on(self, ref: str, outcome: Outcome, destination: str | None) -> None:
        """Do nothing."""

    def refused(self, ref: str) -> None:
        """Do nothing."""

    def state(self, login: str, state: AgentState) -> None:
        """Do nothing."""

    def look(self) -> None:
        """Do nothing."""

    def private(self, login: str, calls: Collection[Call]) -> None:
        """Do nothing."""

    def forget(self, login: str) -> None:
        """Do nothing."""


def made(agents: int, pilots: int, *, journal: bool) -> Switch:
    """A switch with agents who are ready, and as many people who are none."""
    users = [
        *(
            UserSpec(login=f"agent{one}", number=str(20000 + one), agent=AgentSpec(groups=(GROUP,)))
            for one in range(agents)
        ),
        *(UserSpec(login=f"person{one}", number=str(30000 + one)) for one in range(max(agents, 20))),
    ]
    settings = SwitchSettings(
        pilots=tuple(PilotSpec(number=str(8000 + one), groups=(GROUP,)) for one in range(pilots)),
        processing_groups=(ProcessingGroupSpec(number=GROUP),),
        wrap_up_time=0,
    )
    switch = Switch(ManualClock(), users, settings)
    if not journal:
        switch.journal = Blank(switch)
    for one in range(agents):
        switch.agent_log_on(f"agent{one}", str(20000 + one), GROUP)
    return switch


def to_pilots(switch: Switch, calls: int) -> int:
    """Calls to pilots that agents answer and end; returns how many actions that were."""
    pilots = list(switch.pilots)
    for number in range(calls):
        call = switch.incoming_external("0015550100", pilots[number % len(pilots)])
        (agent,) = [member for member in call.members if member.login is not None]
        device = next(iter(agent.legs))
        switch.answer(agent.login or "", call.ref, device)
        switch.drop(agent.login or "", call.ref)
    return 3 * calls


def between_people(switch: Switch, calls: int) -> int:
    """Calls between people, which concern no pilot; returns how many actions that were."""
    for number in range(calls):
        caller, called = number % 20, (number + 1) % 20
        call = switch.make_call(f"person{caller}", str(30000 + caller), str(30000 + called), auto_answer=True)
        switch.answer(f"person{called}", call.ref, str(30000 + called))
        switch.drop(f"person{caller}", call.ref)
    return 3 * calls


def measured(agents: int, pilots: int, act: Callable[[Switch, int], int], calls: int, rounds: int) -> list[float]:
    """CPU microseconds of an action: with the journal, and without."""
    switches = [made(agents, pilots, journal=journal) for journal in (True, False)]
    best = [float("inf"), float("inf")]
    for _ in range(rounds):
        for which, switch in enumerate(switches):
            begun = thread_time()
            actions = act(switch, calls)
            best[which] = min(best[which], (thread_time() - begun) / actions * 1e6)
            switch.clock.advance(60)  # type: ignore[attr-defined]
    return best


def main() -> None:
    """Print a row for each size of call centre and kind of call."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=12)
    options = parser.parse_args()
    print(f"{'agents':>7} {'pilots':>7} {'calls':<15} {'with':>9} {'without':>9} {'journal':>9}")
    for agents, pilots in ((0, 0), (10, 2), (100, 10), (1000, 50)):
        for name, act in (("between people", between_people), ("to pilots", to_pilots)):
            if act is to_pilots and not agents:
                continue
            calls = max(20, options.calls // (1 + agents // 50))
            with_it, without = measured(agents, pilots, act, calls, options.rounds)
            print(f"{agents:>7} {pilots:>7} {name:<15} {with_it:>9.1f} {without:>9.1f} {with_it - without:>9.1f}  µs")


if __name__ == "__main__":
    main()
