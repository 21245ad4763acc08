"""Scenarios: files that bring an office to life, and the player that runs them on a switch."""

from .model import Acts, Answering, Group, Outsider, Pace, Person, Scenario, available_scenarios, load_scenario
from .player import ScenarioPlayer

__all__ = [
    "Acts",
    "Answering",
    "Group",
    "Outsider",
    "Pace",
    "Person",
    "Scenario",
    "ScenarioPlayer",
    "available_scenarios",
    "load_scenario",
]
