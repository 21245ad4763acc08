"""Three hundred cases of the laboratory: random calls, random faults, and the truth. See docs/trust.md."""

from collections.abc import Iterable
from typing import Any

import pytest

from aiopbx import CallEnded, Event
from aiopbx.doubts import Doubts
from aiopbx.o2g.apply import Applier
from aiopbx.o2g.link import O2gLink
from aiopbx.store import Subscribers
from tests.chaos.case import Report, play
from tests.chaos.worlds import WORLDS

SEED = 20261128
CASES = 301
CHUNK = 7
"""So many cases are a test: few enough for the processes to share them evenly."""
STEPS = 20
"""A campaign's cases are longer; these are to be soon over."""
_EACH = CASES // len(WORLDS)


@pytest.mark.parametrize("first", range(0, _EACH, CHUNK))
@pytest.mark.parametrize("system", WORLDS)
def test_what_is_true_after_any_trouble(system: str, first: int) -> None:
    """Each case is a day of calls and faults; whatever it was, the model becomes the switch's truth again."""
    reports = [play(system, SEED, number, STEPS) for number in range(first, min(first + CHUNK, _EACH))]
    wrong = [f"{violation}\n    {report.again}" for report in reports for violation in report.violations]
    assert not wrong, "\n".join(wrong)
    assert any(report.faults for report in reports), "something did go wrong"


def test_a_case_is_the_same_again() -> None:
    first, second = (play("myrcc", SEED, 3, STEPS) for _ in range(2))
    assert _told(first) == _told(second)


def _told(report: Report) -> tuple[object, ...]:
    return report.faults, report.commands, report.acts, report.calls, report.ends, report.losses


def test_a_client_that_misses_events_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The laboratory is worth something only if it sees what is wrong: here nobody follows what shows a loss."""

    def nothing(*_: object) -> None:
        return None

    async def nothing_read(*_: object) -> None:
        return None

    real, seen = Applier.apply, 0

    def forgetful(self: Applier, events: list[Any]) -> None:
        nonlocal seen
        seen += 1
        if seen % 3:
            real(self, events)

    monkeypatch.setattr(Applier, "apply", forgetful)
    monkeypatch.setattr(Doubts, "add", nothing)
    monkeypatch.setattr(O2gLink, "_audit", nothing_read)
    reports = [play("chunk", SEED, number, STEPS) for number in range(3)]
    assert any(report.violations for report in reports)


def test_a_client_that_publishes_an_end_twice_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Subscribers.publish_all

    def twice(self: Subscribers, events: Iterable[Event]) -> None:
        real(self, [again for event in events for again in [event] * (1 + isinstance(event, CallEnded))])

    monkeypatch.setattr(Subscribers, "publish_all", twice)
    reports = [play("chunk", SEED, number, STEPS) for number in range(3)]
    assert any("ended twice" in violation for report in reports for violation in report.violations)
