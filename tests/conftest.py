"""What holds for all tests."""

import os
import tempfile

import pytest

REPEATING = (
    "tests/aiopbx/cli/test_cli_services.py::test_every_operation_is_explained",
    "tests/aiopbx/istra/test_rcc_reducer.py::test_a_listing_between_pushes_changes_nothing",
    "tests/aiopbx/istra/test_rcc_reducer.py::test_any_order_and_any_repetition_lead_to_the_same_end",
    "tests/aiopbx/o2g/test_reducer.py::test_any_sequence_of_events_keeps_the_model_whole",
    "tests/aiopbx/simulator/test_istra_any_sequence.py",
    "tests/aiopbx/simulator/test_scenarios.py::test_a_forward_that_you_set_stays",
    "tests/aiopbx/simulator/test_scenarios.py::test_every_state_and_act_in_any_two_minutes",
    "tests/aiopbx/simulator/test_scenarios.py::test_hours_leave_nothing_behind",
    "tests/aiopbx/simulator/test_scenarios.py::test_speed_is_a_factor",
    "tests/aiopbx/simulator/test_scenarios.py::test_the_same_seed_is_the_same_day",
    "tests/aiopbx/simulator/test_scenarios.py::test_your_people_are_left_alone",
    "tests/aiopbx/simulator/test_switch_any_sequence.py",
    "tests/aiopbx/simulator/test_switch_centre_any_sequence.py",
    "tests/aiopbx/test_channels_many.py",
    "tests/aiopbx/test_istra_model_equals_switch.py",
    "tests/aiopbx/test_model_equals_switch.py",
    "tests/aiopbx/test_model_equals_switch_over_http.py",
    "tests/aiopbx/test_numbers_table.py",
    "tests/aiopbx/test_recording.py::test_there_and_back",
    "tests/chaos/test_chaos.py",
    "tests/chaos/test_soak.py",
    "tests/contract/test_client_istra_inconsistencies.py::test_no_frame_at_all_is_too_much",
    "tests/contract/test_client_o2g.py::test_a_query_that_is_not_given_is_not_sent",
    "tests/contract/test_simulator_every_service.py::test_other_methods_are_refused",
    "tests/contract/test_simulator_every_service.py::test_refused_with_a_malformed_body",
    "tests/contract/test_simulator_every_service.py::test_refused_without_a_session",
    "tests/contract/test_simulator_o2g.py::test_other_methods_are_refused",
    "tests/contract/test_simulator_o2g.py::test_refused_with_a_malformed_body",
    "tests/notebooks_kit/test_cleanup.py",
    "tests/notebooks_kit/test_explorer_view.py::test_every_operation_has_a_form",
)
"""Tests that do the same hundreds or thousands of times. They run without coverage, and on the oldest Python only.

scripts/test reads this list, an entry a line."""


def pytest_configure() -> None:
    """Keep what the client remembers between its runs away from the home of whoever runs the tests."""
    os.environ["XDG_STATE_HOME"] = os.path.join(tempfile.gettempdir(), f"aiopbx-tests-{os.getpid()}")  # noqa: PTH118


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what repeats: it says nothing new about what is reached, and coverage would make it twice as long."""
    for item in items:
        if item.nodeid.startswith(REPEATING):
            item.add_marker("repeats")
