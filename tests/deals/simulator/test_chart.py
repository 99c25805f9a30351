"""The drawing: every amount lies where the scale says, on round ticks."""

from __future__ import annotations

from itertools import accumulate, pairwise

from hypothesis import given
from hypothesis import strategies as st

from matchmaker.deals.simulator import chart

flows = st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=60)


@given(st.lists(flows, min_size=1, max_size=4))
def test_the_scale_holds_every_total_and_nothing_and_has_few_round_ticks(several: list[list[int]]) -> None:
    scale = chart.scale(several)
    totals = [total for flow in several for total in accumulate(flow)]
    assert scale.low <= min(0, *totals)
    assert scale.high >= max(0, *totals)
    assert 0 in scale.ticks
    assert 2 <= len(scale.ticks) <= 9
    step = scale.ticks[1] - scale.ticks[0]
    assert str(step).rstrip("0") in ("1", "2", "5")
    assert all(later - earlier == step for earlier, later in pairwise(scale.ticks))


@given(flows)
def test_every_point_lies_inside_the_drawing_and_more_money_lies_higher(flow: list[int]) -> None:
    scale = chart.scale([flow])
    points = [tuple(map(float, point.split(","))) for point in chart.line(flow, scale).split()]
    assert len(points) == 2 * len(flow) + 1
    for across, down in points:
        assert chart.LEFT <= across <= chart.WIDTH - chart.RIGHT
        assert chart.TOP - 0.1 <= down <= chart.HEIGHT - chart.BOTTOM + 0.1
    totals = list(accumulate(flow))
    for month, total in enumerate(totals):
        assert points[2 * month + 1][1] == scale.y(total)


def test_years_are_marked_at_their_ends_and_never_crowd() -> None:
    assert chart.years(6) == []
    assert [year for _, year in chart.years(60)] == [1, 2, 3, 4, 5]
    assert [year for _, year in chart.years(180)] == [2, 4, 6, 8, 10, 12, 14]
    assert chart.years(60)[-1][0] == chart.WIDTH - chart.RIGHT
