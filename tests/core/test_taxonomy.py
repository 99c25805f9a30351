"""Code lists: a name in both languages for every code."""

from contextlib import suppress

import pytest
from flask_babel import force_locale

from matchmaker.accounts.size_class import IndustryNotCovered, IndustryTooBroad, industry_group
from matchmaker.core import taxonomy

KINDS = ("fields", "industries", "trl", "districts")


@pytest.mark.parametrize("kind", KINDS)
def test_every_code_has_a_chinese_and_an_english_name(kind):
    terms = list(taxonomy.terms(kind).values())
    assert terms
    for language in ("zh", "en"):
        names = [getattr(term, language) for term in terms if len(term.code) != 1 or kind != "industries"]
        assert all(name.strip() == name and name for name in names)
        assert len(set(names)) == len(names), "but a section of industry may be called like its only division"
    assert all(term.zh != term.en for term in terms)
    assert all(any("\u4e00" <= char <= "\u9fff" for char in term.zh) for term in terms)
    assert not any("\u4e00" <= char <= "\u9fff" for term in terms for char in term.en)


def test_readiness_has_nine_levels_in_order():
    assert list(taxonomy.terms("trl")) == [str(level) for level in range(1, 10)]


def test_every_industry_is_one_of_the_national_classification():
    for code in taxonomy.terms("industries"):
        with suppress(IndustryNotCovered, IndustryTooBroad):  # of the classification all the same
            industry_group(code)


@pytest.mark.parametrize("kind", KINDS)
def test_names_and_choices_are_in_the_readers_language(dry_app, kind):
    code, term = next(iter(taxonomy.terms(kind).items()))
    with dry_app.test_request_context():
        for locale, name in (("zh_Hans_CN", term.zh), ("en", term.en)):
            with force_locale(locale):
                assert taxonomy.name(kind, code) == name
                assert taxonomy.choices(kind)[0] == (code, name)
                assert taxonomy.choices(kind, "?")[:2] == [("", "?"), (code, name)]


def test_a_code_that_the_list_does_not_know_shows_itself_and_none_a_dash(dry_app):
    with dry_app.test_request_context():
        assert taxonomy.name("fields", "gone") == "gone"
        assert taxonomy.name("trl", 4) == taxonomy.terms("trl")["4"].zh
        assert [taxonomy.name("fields", nothing) for nothing in (None, "")] == ["—", "—"]
