"""Whatever is sent or written: nothing raises but the refusal that belongs to it, and nothing takes long."""

from time import process_time

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from tests.fuzz.mutations import Mutator
from tests.fuzz.targets import TARGETS

PER_KILOBYTE = 0.05
"""Seconds that a reader may take for each kilobyte begun."""


def feed(name: str, data: bytes) -> None:
    """Give this to a target; what takes too long is tried again, since others run on this machine."""
    for _ in range(3):
        began = process_time()
        TARGETS[name].read(data)
        if process_time() - began <= PER_KILOBYTE * (1 + len(data) // 1024):
            return
    pytest.fail(f"{name} takes too long for {len(data)} bytes")


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_are_taken_apart(name: str) -> None:
    """A target that refuses everything would find nothing out."""
    assert any(TARGETS[name].read(seed) for seed in TARGETS[name].seeds)


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.binary(max_size=2048) | st.text(max_size=500).map(lambda text: text.encode("utf-8", "replace")))
def test_any_input(name: str, data: bytes) -> None:
    feed(name, data)


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32))
def test_almost_right_input(name: str, seed: int) -> None:
    mutator = Mutator(TARGETS[name].seeds, seed)
    for _ in range(10):
        feed(name, mutator.next())
