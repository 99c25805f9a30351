"""Hard conditions are told apart from the score; structure is part of it."""

from datetime import date

import pytest

from matchmaker.matching.engine.conditions import Code, Offered, Wanted, compared_figures, hard, structure

TODAY = date(2026, 11, 25)


def missed(wanted, offered):
    return [condition.code for condition in hard(wanted, offered, TODAY) if not condition.met]


@pytest.mark.parametrize(
    ("wanted", "offered", "code"),
    [
        (Wanted(), Offered(rights=(("lapsed", None),)), Code.RIGHTS_IN_FORCE),
        (Wanted(), Offered(rights=(("granted", date(2026, 11, 24)),)), Code.RIGHTS_IN_FORCE),
        (Wanted(modes=("assignment",)), Offered(modes=("equity",)), Code.MODE_SHARED),
        (Wanted(min_trl=6), Offered(trl=5), Code.TRL_REACHED),
        (Wanted(deadline_on=date(2026, 11, 24)), Offered(), Code.DEADLINE_OPEN),
    ],
)
def test_each_hard_condition_can_be_missed(wanted, offered, code):
    assert missed(wanted, offered) == [code]


@pytest.mark.parametrize(
    ("wanted", "offered"),
    [
        (Wanted(), Offered()),
        (Wanted(), Offered(rights=(("lapsed", None), ("granted", date(2026, 11, 25))))),
        (Wanted(modes=("assignment", "equity")), Offered(modes=("equity",))),
        (Wanted(min_trl=6), Offered(trl=6)),
        (Wanted(min_trl=6), Offered()),
        (Wanted(deadline_on=TODAY), Offered()),
    ],
)
def test_what_is_met_or_not_stated_is_not_missed(wanted, offered):
    assert missed(wanted, offered) == []


def test_each_readiness_level_short_costs_the_same_up_to_four():
    costs = [structure(Wanted(min_trl=9), Offered(trl=trl))[0].value for trl in range(9, 3, -1)]
    assert costs == pytest.approx([0, -0.04, -0.08, -0.12, -0.16, -0.16])


def test_structure_says_what_a_met_condition_would_add():
    (bonus,) = structure(Wanted(budget_max_fen=100), Offered(price_min_fen=200))
    assert (bonus.code, bonus.value, bonus.possible) == (Code.BUDGET_SUFFICES, -0.03, 0.03)
    (bonus,) = structure(Wanted(budget_max_fen=200), Offered(price_min_fen=200))
    assert bonus.value == bonus.possible


def test_what_one_side_does_not_state_adds_nothing():
    assert structure(Wanted(field="nev", district="a", min_trl=3, industries=("C36",)), Offered()) == []


def test_figures_of_both_texts_count():
    (bonus,) = structure(Wanted(text="转换效率≥67%"), Offered(text="转换效率70%"))
    assert (bonus.code, bonus.value) == (Code.FIGURES_MET, 0.02)


def test_what_a_need_says_of_today_is_no_target():
    offered = Offered(text="最大温差2.9℃")
    today = Wanted(text="电芯最大温差到了9℃，希望最大温差不超过4℃", exact=False)
    assert [one.wanted.high for one in compared_figures(today, offered)] == [4]
    assert len(compared_figures(Wanted(text="最大温差3℃"), offered)) == 1
