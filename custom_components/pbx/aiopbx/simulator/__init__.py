"""A telephone system in one process: the switch, the wires it speaks, and ways to break it.

    async with Simulator() as simulator:
        pbx = await aiopbx.connect(url=simulator.url, username="oxe1000", password="secret")

``docs/simulator.md`` says how to run it, whom it has, and what it chooses where the reference is open.
"""

from .clock import Clock, ManualClock, RealClock
from .faults import Faults
from .scenarios import Scenario, ScenarioPlayer, load_scenario
from .settings import DeviceSpec, SimulatorSettings, UserSpec, office_of_four
from .simulator import Simulator
from .switch import Switch
from .switch.errors import SwitchError
from .switch.settings import (
    AgentSpec,
    ContactSpec,
    HuntingGroupSpec,
    PilotSpec,
    ProcessingGroupSpec,
    SkillSpec,
    SwitchSettings,
)

__all__ = [
    "AgentSpec",
    "Clock",
    "ContactSpec",
    "DeviceSpec",
    "Faults",
    "HuntingGroupSpec",
    "ManualClock",
    "PilotSpec",
    "ProcessingGroupSpec",
    "RealClock",
    "Scenario",
    "ScenarioPlayer",
    "Simulator",
    "SimulatorSettings",
    "SkillSpec",
    "Switch",
    "SwitchError",
    "SwitchSettings",
    "UserSpec",
    "load_scenario",
    "office_of_four",
]
