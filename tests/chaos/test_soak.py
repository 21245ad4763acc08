"""The soak, for as long as a test may take: two days of which every hour has five minutes."""

import pytest

from tests.chaos.soak import Day, soak


@pytest.mark.parametrize("system", ["chunk", "myrcc"])
def test_two_short_days(system: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.chaos.soak._HOUR", 300.0)
    days: list[Day] = []
    report = soak(system, 1, 2, 6, days.append)
    assert report.violations == []
    assert [day.number for day in days] == [1, 2]
    assert days[1].faults > days[0].faults >= 24
    assert days[1].calls > days[0].calls > 0
    assert days[1].objects < days[0].objects * 1.2, "a day leaves nothing behind"
    assert 500 < days[1].own_objects < days[0].own_objects * 1.2, "nor in the client"
    assert 0 < days[1].own < days[0].own * 1.2
