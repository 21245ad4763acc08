"""What holds for all tests."""

import pytest

UNTRACED = (
    "tests/aiopbx/simulator/test_istra_any_sequence.py",
    "tests/aiopbx/simulator/test_scenarios.py::test_every_state_and_act_in_any_two_minutes",
    "tests/aiopbx/simulator/test_scenarios.py::test_hours_leave_nothing_behind",
    "tests/aiopbx/simulator/test_switch_any_sequence.py",
    "tests/aiopbx/simulator/test_switch_centre_any_sequence.py",
    "tests/aiopbx/test_channels_many.py",
    "tests/aiopbx/test_istra_model_equals_switch.py",
    "tests/aiopbx/test_model_equals_switch.py",
    "tests/aiopbx/test_model_equals_switch_over_http.py",
    "tests/aiopbx/test_recording.py::test_there_and_back",
    "tests/chaos/test_chaos.py",
    "tests/notebooks_kit/test_cleanup.py",
)
"""Tests that do the same thousands of times: coverage would make them take up to three times as long."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep coverage out of the tests that repeat what others have shown to be run: the figure is without them."""
    for item in items:
        if item.nodeid.startswith(UNTRACED):
            item.add_marker("no_cover")
