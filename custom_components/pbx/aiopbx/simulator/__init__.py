"""A telephone system in one process: the switch, the wires it speaks, and ways to break it.

async with Simulator() as simulator:
    settings = ConnectionSettings(url=simulator.url, username="oxe1000", password="secret")
"""

from typing import TYPE_CHECKING, Any

from .clock import Clock, ManualClock, RealClock
from .faults import Faults
from .settings import DeviceSpec, SimulatorSettings, UserSpec, office_of_four
from .switch import Switch
from .switch.errors import SwitchError
from .switch.settings import HuntingGroupSpec, SwitchSettings

if TYPE_CHECKING:
    from .scenarios import Scenario, ScenarioPlayer, load_scenario
    from .simulator import Simulator

__all__ = [
    "Clock",
    "DeviceSpec",
    "Faults",
    "HuntingGroupSpec",
    "ManualClock",
    "RealClock",
    "Scenario",
    "ScenarioPlayer",
    "Simulator",
    "SimulatorSettings",
    "Switch",
    "SwitchError",
    "SwitchSettings",
    "UserSpec",
    "load_scenario",
    "office_of_four",
]


def __getattr__(name: str) -> Any:
    """Import servers and scenarios when they are wanted: the switch alone needs no HTTP, certificates or files."""
    if name == "Simulator":
        from .simulator import Simulator

        return Simulator
    if name in ("Scenario", "ScenarioPlayer", "load_scenario"):
        from . import scenarios

        return getattr(scenarios, name)
    raise AttributeError(name)
