"""Bars, views side by side, and the week that comes with the kit."""

import math

from aiopbx import Direction
from notebooks_kit import Bars, Beside, LineBoard, to_dataframe, week_of_calls
from notebooks_kit.models import LoadModel
from tests.notebooks_kit.conftest import FakePbx
from tests.notebooks_kit.view_helpers import widgets


def test_bars_are_as_long_as_their_values() -> None:
    bars = Bars({"one <b>": 50.0, "two": 100.0, "none": math.nan}, "Rate", unit=" %", highlight=["two"])
    html = bars.to_html()
    assert "one &lt;b&gt;" in html
    assert "<b>" not in html
    assert "50 %" in html
    assert html.count("#d64541") == 1
    lengths = [float(part.split('"')[0]) for part in html.split('width="')[1:]]
    assert lengths[1] == 2 * lengths[0]
    assert lengths[2] == 0
    assert repr(bars) == "Rate: one <b>: 50 %, two: 100 %, none: none"


def test_bars_of_a_series() -> None:
    frame = to_dataframe(week_of_calls()["1000"])
    bars = Bars(frame.groupby(frame["started_at"].dt.hour)["id"].count(), digits=1)
    assert bars.values[0][0] == "8"
    assert bars.to_html()


def test_no_bars() -> None:
    assert "svg" in Bars({}).to_html()


async def test_views_side_by_side_end_together(pbx: FakePbx) -> None:
    before = widgets()
    one, two = LineBoard(pbx), LineBoard(pbx)  # type: ignore[arg-type]
    both = Beside(one, two, titles=("O2G <1>",))
    html = both.to_html()
    assert html.count("Ada Brooks") == 2
    assert "O2G &lt;1&gt;" in html
    both.close()
    assert one.closed
    assert two.closed
    assert widgets() == before


def test_the_week_is_the_same_every_time() -> None:
    week = week_of_calls()
    assert week == week_of_calls()
    assert week != week_of_calls(seed=2)
    records = [record for log in week.values() for record in log]
    assert 500 < len(records) < 1500
    assert len({record.id for record in records}) == len(records)
    for record in records:
        assert record.started_at is not None
        assert record.started_at.weekday() < 6
        assert (record.answered_at is not None) is record.answered
        assert record.missed is (record.direction is Direction.INCOMING and not record.answered)
        assert record.party is not None
        assert "555" in str(record.party.number) or str(record.party.number) in week
    load = LoadModel()
    load.add(records)
    assert load.total == len(records)
    assert 0.1 < load.missed / load.total < 0.3
    assert load.busiest is not None
    assert load.busiest.day == 0
