"""Facts become sentences once, in the reader's language."""

from datetime import UTC, date, datetime
from fractions import Fraction

import pytest
from flask_babel import force_locale

from matchmaker.accounts.models import OrganisationState
from matchmaker.accounts.roles import Role
from matchmaker.accounts.services import RolesConflict
from matchmaker.core import messages
from matchmaker.core.errors import InvalidMany, NotFound, TooMany, Unauthenticated, WrongState
from matchmaker.core.money import LIMIT_FEN, AmountTooLarge, NotAnAmount
from tests.architecture.catalogues import CHINESE


@pytest.fixture
def say(dry_app):
    """`say(language, work)`: what `work()` says to a reader of that language."""

    def spoken(language, work):
        with dry_app.test_request_context(), force_locale({"zh": "zh_Hans_CN"}.get(language, language)):
            return work()

    return spoken


@pytest.mark.parametrize(
    ("name", "value", "zh", "en"),
    [
        ("amount_fen", 50_000_000, "50万元", "¥500,000.00"),
        ("amount_fen", 1_200_050, "¥12,000.50", "¥12,000.50"),
        ("count", 50_000_000, "50000000", "50000000"),
        ("due", date(2026, 11, 23), "2026年11月23日", "23 Nov 2026"),
        ("at", datetime(2026, 11, 22, 17, 5, tzinfo=UTC), "2026年11月23日 01:05", "23 Nov 2026, 01:05"),
        ("state", OrganisationState.PENDING, "待核验", "Awaiting verification"),
        ("roles", (Role.AUDITOR, Role.REVIEWER), "审计员、评审员", "Auditor, Reviewer"),
        ("rate", Fraction(25, 1000), "2.5%", "2.5%"),
        ("name", "<b>示例</b> %(x)s", "<b>示例</b> %(x)s", "<b>示例</b> %(x)s"),
        ("text", "9" * 10_000, "9" * 300 + "…", "9" * 300 + "…"),
    ],
)
def test_each_fact_is_shown_the_way_the_reader_expects(say, name, value, zh, en):
    sentence = f"«%({name})s»"
    assert say("zh", lambda: messages.say(sentence, {name: value})) == f"«{zh}»"
    assert say("en", lambda: messages.say(sentence, {name: value})) == f"«{en}»"


def test_errors_speak_both_languages_with_the_same_facts(say):
    error = TooMany(seconds=42)
    assert say("en", lambda: messages.phrase(error)) == "Too many tries. Please wait 42 seconds and try again."
    chinese = say("zh", lambda: messages.phrase(error))
    assert "42" in chinese
    assert CHINESE.search(chinese)


def test_money_in_errors_is_money(say):
    error = AmountTooLarge(text="1", limit_fen=LIMIT_FEN)
    assert "¥90,000,000,000,000.00" in say("en", lambda: messages.phrase(error))
    assert "900,000亿元" in say("zh", lambda: messages.phrase(error))


def test_enumeration_members_in_errors_have_their_names(say):
    conflict = RolesConflict(roles=(Role.ADMINISTRATOR, Role.AUDITOR))
    assert "Administrator, Auditor" in say("en", lambda: messages.phrase(conflict))
    wrong = WrongState(state=OrganisationState.SUSPENDED, action="verify", open=("reinstate",))
    assert "“Suspended”" in say("en", lambda: messages.phrase(wrong))


def test_several_faults_are_several_sentences(say):
    many = InvalidMany([NotAnAmount(text="a"), NotAnAmount(text="b")])
    assert say("en", lambda: messages.phrase(many)).count("is not an amount") == 2


def test_an_error_without_facts_is_its_phrase(say):
    for error in (NotFound(), Unauthenticated()):
        assert say("en", lambda error=error: messages.phrase(error)) == error.phrase


def test_a_member_without_a_label_is_a_mistake(dry_app):
    with pytest.raises(KeyError):
        messages.label("pending")
    assert messages.has_label(OrganisationState.PENDING)
    assert not messages.has_label("pending")
