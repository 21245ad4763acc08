"""``aiopbx simulate``: a PBX in this process."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterator
from typing import Final

from .. import InvalidInput
from ..simulator import Simulator, SimulatorSettings
from ..simulator.scenarios import Person, Scenario, ScenarioPlayer, load_scenario
from ..simulator.settings import UserSpec
from .command import OK
from .options import SimulateOptions
from .output import console, print_note

_FIRST: Final = (
    "Ada", "Ben", "Chloe", "Daniel", "Elena", "Farid", "Grace", "Hiro", "Ines", "Jonas",
    "Kira", "Luca", "Maya", "Noah", "Olga", "Pablo", "Quinn", "Rosa", "Sami", "Tara",
)  # fmt: skip
_LAST: Final = (
    "Abbott", "Berger", "Costa", "Dahl", "Esposito", "Farrell", "Gruber", "Hansen", "Ivanov", "Jensen",
    "Kovacs", "Laurent", "Meyer", "Nilsen", "Olsen", "Peeters", "Quist", "Rossi", "Silva", "Tanaka",
)  # fmt: skip


def with_users(scenario: Scenario, count: int | None) -> Scenario:
    """Return the scenario with so many users: its own first, then invented ones, numbered from the highest on."""
    if count is None or count == len(scenario.users):
        return scenario
    people = list(scenario.users[:count])
    if count < len(scenario.users):
        kept = {person.number for person in people}
        groups = [
            group.model_dump() | {"members": members}
            for group in scenario.groups
            if (members := [number for number in group.members if number in kept])
        ]
        data = scenario.model_dump() | {"users": [person.model_dump() for person in people], "groups": groups}
        acting = sum(1 for person in people if not person.manual)
        if acting < 3 or not groups:
            data["acts"] = _possible(data["acts"], acting, bool(groups))
        return Scenario.model_validate(data)
    next_number = max(int(person.number) for person in people if person.number.isdecimal()) + 1
    for index in range(count - len(people)):
        name = f"{_FIRST[index % len(_FIRST)]} {_LAST[(index // len(_FIRST) + index) % len(_LAST)]}"
        people.append(Person(number=str(next_number + index), name=name))
    return Scenario.model_validate(scenario.model_dump() | {"users": [person.model_dump() for person in people]})


def _possible(acts: dict[str, int], acting: int, groups: bool) -> dict[str, int]:
    """Return the acts that so few people can play."""
    three = {"busy", "consult", "transfer", "blind_transfer", "conference", "redirect", "forward"}
    two = {"talk", "missed", "hold", "voicemail", "do_not_disturb"}
    if acting < 2:
        return {}
    left = {name: weight for name, weight in acts.items() if acting > 2 or name not in three}
    if not groups:
        left.pop("queue", None)
    return left if acting >= 2 else {name: weight for name, weight in left.items() if name not in two}


async def simulate(options: SimulateOptions) -> int:
    """Run the simulator until Ctrl-C, or for so many seconds."""
    scenario = await asyncio.to_thread(load_scenario, options.scenario)
    scenario = with_users(scenario, options.users)
    simulator = await asyncio.to_thread(
        Simulator,
        SimulatorSettings(
            host=options.host,
            host_names=tuple(options.host_names or ()),
            public_url=options.public_url,
            public_event_url=options.public_event_url,
            port=options.port,
            event_port=options.event_port,
            tls=options.tls,
            certificate_folder=options.certificates,
            contacts=tuple(options.contacts or ()),
            users=scenario.specs,
            istra=options.istra,
            istra_port=options.istra_port,
        ),
    )
    try:
        await simulator.start()
    except OSError as error:
        raise InvalidInput(
            "port",
            f"cannot listen on {options.host}:{options.port} ({error.strerror or error}).",
            remedy="Another program uses it? Say --port and --event-port; 0 is any.",
        ) from None
    player = ScenarioPlayer(scenario, simulator.switch, simulator.clock, speed=options.speed, seed=options.seed)
    try:
        player.start()
        show(simulator, scenario, options)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(options.seconds):
                await asyncio.Event().wait()
    finally:
        player.stop()
        await simulator.stop()
        print_note("The simulated PBX has stopped.")
    return OK


def show(simulator: Simulator, scenario: Scenario, options: SimulateOptions) -> None:
    """Print the addresses and accounts."""
    from rich.table import Table
    from rich.text import Text

    out = console()
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold")
    for name, value in _facts(simulator, scenario, options):
        table.add_row(Text(name), Text(value))
    out.print(table, soft_wrap=True)
    out.file.flush()


def _facts(simulator: Simulator, scenario: Scenario, options: SimulateOptions) -> Iterator[tuple[str, str]]:
    yield "O2G server", simulator.url
    yield "Events", simulator.event_url
    yield "Phones", simulator.phones_url
    if options.tls:
        yield "Certificate", f"{simulator.certificate_path}  (--ca-file)"
    settings = simulator.settings
    yield "Administrator", f"{settings.admin_login} / {settings.admin_password.get_secret_value()}"
    users = settings.users
    first, last = users[0], users[-1]
    yield "Users", f"{len(users)}: {_name(first)} to {_name(last)}, password {first.password.get_secret_value()}"
    yield "Scenario", scenario.name + (f": {scenario.description}" if scenario.description else "")
    if scenario.hands_off:
        yield "Yours", ", ".join(f"{person.number} {person.name}" for person in scenario.hands_off)
    trust = f" --ca-file {simulator.certificate_path}" if options.tls else ""
    yield "Try", f"aiopbx watch --url {simulator.url} --user {settings.admin_login}{trust}"
    if simulator.istra is not None:
        yield "Istra", simulator.istra_url + "/restletrouter"
        yield "myRCC", f"{settings.admin_login}|{settings.enterprise} / {settings.admin_password.get_secret_value()}"
        yield "myCrm, myIstra", f"ENDUSER:{first.login} / {first.password.get_secret_value()}, and all other users"
        account = f"--enterprise {settings.enterprise} --user {settings.admin_login}"
        yield "Try", f"aiopbx watch --system myrcc --url {simulator.istra_url} {account}{trust}"
    if settings.host not in {"127.0.0.1", "::1", "localhost"}:
        yield "Beware", "others on the network can reach it, with the passwords above"
    # A shell that runs it in the background keeps Ctrl-C from it.
    end = f"kill {os.getpid()}" if signal.getsignal(signal.SIGINT) is signal.SIG_IGN else "Ctrl-C"
    yield "End", end if options.seconds is None else f"{end}, or in {options.seconds:g} s"


def _name(user: UserSpec) -> str:
    return f"{user.login} ({user.number})"
