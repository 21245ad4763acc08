"""Three hundred cases of the laboratory: random calls, random faults, and the truth. See docs/trust.md."""

import pytest

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
    assert sum(sum(report.faults.values()) for report in reports) > len(reports), "something did go wrong"


def test_a_case_is_the_same_again() -> None:
    first, second = (play("myrcc", SEED, 3, STEPS) for _ in range(2))
    assert _told(first) == _told(second)


def _told(report: Report) -> tuple[object, ...]:
    return report.faults, report.commands, report.acts, report.calls, report.ends, report.losses


def test_a_client_that_believes_anything_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The laboratory is worth something only if it sees what is wrong: here events are lost on the way to the model."""
    from aiopbx.o2g.apply import Applier

    real, seen = Applier.apply, 0

    def forgetful(self: Applier, *arguments: object) -> object:
        nonlocal seen
        seen += 1
        return None if seen % 3 == 0 else real(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Applier, "apply", forgetful)
    reports = [play("chunk", SEED, number, STEPS) for number in range(3)]
    assert any(report.violations for report in reports)
