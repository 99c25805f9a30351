"""What may be kept, what is missing before publication, and that plain data gives back the value it came from."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchmaker.core.money import LIMIT_FEN, AmountTooLarge
from matchmaker.listings import facts as rules
from matchmaker.listings.facts import (
    AchievementFacts,
    Codes,
    Completer,
    NeedFacts,
    Right,
    faults,
    gaps,
    keywords_of,
)
from matchmaker.listings.kinds import Language, Mode, RightKind, RightStatus

CODES = Codes(fields={"nev", "bio"}, industries={"C36", "C38"}, districts={"chaoyang"})
TODAY = date(2026, 11, 23)
LONG = "一段足够长的文字，" * 5


def achievement(**changes):
    return AchievementFacts(**{"title": "自加热", **changes})


def need(**changes):
    return NeedFacts(**{"title": "升温", **changes})


def found(what) -> list[tuple[type, str]]:
    return [(type(error), error.field) for error in what]


# --- what may be kept -----------------------------------------------------------------------------------------------


def test_a_draft_needs_nothing_but_a_title():
    assert faults(achievement(), CODES) == []
    assert faults(need(), CODES) == []
    assert found(faults(achievement(title=" "), CODES)) == [(rules.TitleMissing, "title")]


@pytest.mark.parametrize(
    ("facts", "error", "field"),
    [
        (achievement(title="长" * 201), rules.TextTooLong, "title"),
        (achievement(summary="长" * 20_001), rules.TextTooLong, "summary"),
        (achievement(confidential="长" * 20_001), rules.TextTooLong, "confidential"),
        (need(targets="长" * 20_001), rules.TextTooLong, "targets"),
        (achievement(field="alchemy"), rules.CodeUnknown, "field"),
        (need(district="atlantis"), rules.CodeUnknown, "district"),
        (need(industries=("C36", "Z99")), rules.CodeUnknown, "industries"),
        (achievement(industries=("C36",) * 6), rules.ListTooLong, "industries"),
        (achievement(keywords=("词",) * 13), rules.ListTooLong, "keywords"),
        (achievement(keywords=("长" * 41,)), rules.KeywordTooLong, "keywords"),
        (achievement(trl=0), rules.LevelInvalid, "trl"),
        (achievement(trl=10), rules.LevelInvalid, "trl"),
        (need(min_trl=-1), rules.LevelInvalid, "min_trl"),
        (achievement(price_min_fen=200, price_max_fen=100), rules.RangeReversed, "price_max_fen"),
        (need(budget_min_fen=200, budget_max_fen=100), rules.RangeReversed, "budget_max_fen"),
        (need(budget_min_fen=-1), rules.AmountNegative, "budget_min_fen"),
        (achievement(price_max_fen=LIMIT_FEN + 1), AmountTooLarge, "price_max_fen"),
        (achievement(rights=(Right(None, "ZL1", RightStatus.GRANTED),)), rules.RightIncomplete, "rights"),
        (achievement(rights=(Right(RightKind.DESIGN_PATENT, "ZL1", None),)), rules.RightIncomplete, "rights"),
        (
            achievement(rights=(Right(RightKind.INVENTION_PATENT, "", RightStatus.GRANTED),)),
            rules.RightIncomplete,
            "rights",
        ),
        (
            achievement(rights=(Right(RightKind.INVENTION_PATENT, "长" * 81, RightStatus.GRANTED),)),
            rules.TextTooLong,
            "rights",
        ),
        (achievement(completers=(Completer("", 100),)), rules.CompleterNameless, "completers"),
        (achievement(completers=(Completer("示例甲", 101),)), rules.ShareInvalid, "completers"),
        (
            achievement(completers=(Completer("甲", 60), Completer("乙", 30))),
            rules.SharesNotWhole,
            "completers",
        ),
        (achievement(completers=(Completer("示例甲", 100), Completer("示例乙"))), rules.SharesNotWhole, "completers"),
        (achievement(completers=(Completer("示例甲"),) * 51), rules.ListTooLong, "completers"),
    ],
)
def test_what_is_wrong_is_named_at_its_field(facts, error, field):
    assert (error, field) in found(faults(facts, CODES))


def test_the_limits_themselves_are_kept():
    facts = achievement(
        title="长" * 200,
        summary="长" * 20_000,
        keywords=tuple("长" * 38 + f"{number:02d}" for number in range(12)),
        industries=("C36", "C38"),
        field="bio",
        district="chaoyang",
        trl=9,
        price_min_fen=LIMIT_FEN,
        price_max_fen=LIMIT_FEN,
        rights=(Right(RightKind.KNOW_HOW, "", RightStatus.GRANTED),),
        completers=(Completer("示例甲", 99), Completer("示例乙", 1)),
    )
    assert faults(facts, CODES) == []
    assert faults(achievement(completers=(Completer("示例甲"), Completer("示例乙"))), CODES) == []
    assert faults(need(budget_max_fen=0), CODES) == []


def test_every_fault_is_told_at_once():
    facts = achievement(title="", trl=12, field="alchemy", completers=(Completer("示例甲", 50),))
    assert {error.field for error in faults(facts, CODES)} == {"title", "trl", "field", "completers"}


def test_the_row_at_fault_is_named():
    facts = achievement(
        rights=(
            Right(RightKind.UTILITY_MODEL, "ZL1", RightStatus.PENDING),
            Right(RightKind.UTILITY_MODEL, "", RightStatus.PENDING),
        )
    )
    assert [error.facts for error in faults(facts, CODES)] == [{"row": 2}]


@given(st.lists(st.integers(1, 100), min_size=1, max_size=6))
def test_shares_are_right_exactly_where_they_make_a_hundred(shares):
    facts = achievement(completers=tuple(Completer(f"示例{n}", share) for n, share in enumerate(shares)))
    assert (faults(facts, CODES) == []) == (sum(shares) == 100)


# --- what is missing ------------------------------------------------------------------------------------------------


def test_publication_asks_for_a_text_and_a_way_of_transfer():
    assert found(gaps(achievement(summary="太短"), TODAY)) == [
        (rules.TextTooShort, "summary"),
        (rules.ModesMissing, "modes"),
    ]
    assert found(gaps(need(), TODAY)) == [(rules.TextTooShort, "problem"), (rules.ModesMissing, "modes")]
    assert gaps(achievement(summary=LONG, modes=(Mode.EQUITY,)), TODAY) == []


def test_thirty_characters_are_enough_and_blanks_do_not_count():
    ready = {"modes": (Mode.EQUITY,)}
    assert gaps(achievement(summary="字" * 30, **ready), TODAY) == []
    assert gaps(achievement(summary="字" * 29 + " " * 9, **ready), TODAY) != []


def test_a_deadline_may_be_today_but_not_yesterday():
    ready = {"problem": LONG, "modes": (Mode.EQUITY,)}
    assert gaps(need(deadline_on=TODAY, **ready), TODAY) == []
    past = gaps(need(deadline_on=TODAY - timedelta(days=1), **ready), TODAY)
    assert found(past) == [(rules.DeadlinePast, "deadline_on")]
    assert faults(need(deadline_on=TODAY - timedelta(days=1)), CODES) == []  # a draft may keep it


# --- plain data -----------------------------------------------------------------------------------------------------

texts = st.text(max_size=20)
days = st.none() | st.dates()
shared = {
    "title": texts,
    "keywords": st.lists(texts, max_size=3).map(tuple),
    "field": st.none() | texts,
    "modes": st.lists(st.sampled_from(Mode), unique=True).map(tuple),
    "language": st.sampled_from(Language),
    "confidential": texts,
}
achievements = st.builds(
    AchievementFacts,
    **shared,
    summary=texts,
    trl=st.none() | st.integers(1, 9),
    rights=st.lists(
        st.builds(Right, st.sampled_from(RightKind), texts, st.sampled_from(RightStatus), days), max_size=3
    ).map(tuple),
    completers=st.lists(st.builds(Completer, texts, st.none() | st.integers(1, 100)), max_size=3).map(tuple),
)
needs = st.builds(NeedFacts, **shared, problem=texts, deadline_on=days, anonymous=st.booleans())


@given(achievements | needs)
def test_plain_data_is_json_and_gives_back_the_value(facts):
    plain = json.loads(json.dumps(facts.plain()))
    assert type(facts).of_plain(plain) == facts


@given(achievements | needs)
def test_the_public_form_lacks_the_confidential_part_and_nothing_else(facts):
    assert facts.plain().keys() - facts.public().keys() == {"confidential"}
    assert type(facts).of_plain(facts.public()).confidential == ""


def test_plain_data_of_another_time_is_read_as_far_as_it_goes():
    assert AchievementFacts.of_plain({"title": "旧", "kind": "achievement", "sunset": 1}) == achievement(title="旧")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("电池，低温；自加热", ("电池", "低温", "自加热")),
        ("battery, low  temperature ;Battery", ("battery", "low temperature")),
        ("、，\n", ()),
        ("第一行\n第二行", ("第一行", "第二行")),
    ],
)
def test_keywords_are_separated_by_any_comma_and_kept_once(text, words):
    assert keywords_of(text) == words
