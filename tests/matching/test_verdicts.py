"""What people say of a pair, what is learnt from it, and how it orders their own list."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchmaker.matching.verdicts import (
    LABELS,
    LONGEST_NOTE,
    NoteMissing,
    NoteTooLong,
    Reason,
    Verdict,
    VerdictMissing,
    arrange,
    learnt_level,
)

verdicts = st.one_of(
    st.builds(Verdict, level=st.integers(1, 4)),
    st.builds(Verdict, reason=st.sampled_from(list(Reason)), note=st.just("x")),
)
hits = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 10**6), st.integers(2, 4)), unique_by=lambda hit: hit[0])


@pytest.mark.parametrize("verdict", [Verdict(), Verdict(level=3, reason=Reason.UNCLEAR), Verdict(level=0), Verdict(5)])
def test_a_verdict_is_a_level_or_a_reason(verdict):
    with pytest.raises(VerdictMissing):
        verdict.check()


def test_another_reason_is_said_in_words():
    with pytest.raises(NoteMissing):
        Verdict(reason=Reason.OTHER).check()
    with pytest.raises(NoteTooLong):
        Verdict(reason=Reason.OTHER, note="x" * (LONGEST_NOTE + 1)).check()
    Verdict(reason=Reason.OTHER, note="x").check()
    Verdict(reason=Reason.UNCLEAR).check()
    assert set(LABELS) == set(Reason)


def test_only_off_topic_says_something_of_the_topic():
    assert learnt_level(None, Reason.OFF_TOPIC) == 1
    assert {learnt_level(None, reason) for reason in Reason if reason is not Reason.OFF_TOPIC} == {None}
    assert [learnt_level(level, None) for level in (1, 2, 3, 4, None)] == [1, 2, 3, 4, None]


def test_an_own_level_stands_before_the_machines():
    machine = [("a", 90, 4), ("b", 80, 3), ("c", 70, 3), ("d", 60, 2)]
    shown, aside = arrange(machine, {"d": Verdict(level=4), "c": Verdict(level=3)})
    assert [standing.key for standing in shown] == ["d", "a", "c", "b"]
    assert aside == []


def test_what_was_put_aside_or_is_no_match_leaves_the_list():
    machine = [("a", 90, 4), ("b", 80, 3), ("c", 70, 2)]
    shown, aside = arrange(machine, {"b": Verdict(level=1), "a": Verdict(reason=Reason.TOO_DEAR)})
    assert [standing.key for standing in shown] == ["c"]
    assert [standing.key for standing in aside] == ["b", "a"]


def test_a_pair_that_the_machine_does_not_list_is_listed_where_it_was_judged():
    shown, _ = arrange([("a", 90, 3)], {"x": Verdict(level=3), "y": Verdict(level=2)})
    assert [(standing.key, standing.score) for standing in shown] == [("x", None), ("a", 90), ("y", None)]


@given(hits, st.dictionaries(st.integers(0, 30), verdicts))
def test_every_pair_is_in_one_place_and_without_judgements_nothing_moves_within_its_level(machine, own):
    machine.sort(key=lambda hit: (-hit[2], -hit[1], hit[0]))
    shown, aside = arrange(machine, own)
    keys = [standing.key for standing in (*shown, *aside)]
    assert len(keys) == len(set(keys))
    assert set(keys) == {key for key, *_ in machine} | own.keys()
    assert all(standing.own is not None and standing.own.aside for standing in aside)
    assert not any(standing.own is not None and standing.own.aside for standing in shown)
    assert [standing.key for standing in arrange(machine, {})[0]] == [key for key, *_ in machine]
