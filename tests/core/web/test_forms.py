"""Forms: cleaned text, every fault at its field, and a refusal that leaves nothing behind."""

import re
from contextlib import ExitStack
from datetime import date
from enum import StrEnum

import pytest
import sqlalchemy as sa
from flask import Blueprint, render_template_string
from werkzeug.datastructures import MultiDict
from wtforms import IntegerField

from matchmaker.accounts.models import OrganisationState, User
from matchmaker.core.access import public
from matchmaker.core.db import db, unit_of_work
from matchmaker.core.errors import Conflict, Invalid, InvalidMany
from matchmaker.core.money import LIMIT_FEN
from matchmaker.core.web.forms import ChecksField, DayField, Form, MoneyField, field_id, labelled, line, paragraph
from tests.factories import accounts as make


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Everything(Form):
    name = line("Name", most=20, help="As on paper.")
    alias = line("Alias", required=False, most=20)
    text = paragraph("Text", most=50)
    fee_fen = MoneyField("Fee")
    limit_fen = MoneyField("Limit", required=False)
    due_on = DayField("Due")
    count = IntegerField("Count")
    colours = ChecksField("Colours", choices=lambda: [("red", "Red"), ("blue", "Blue")])


GOOD = {
    "name": "示例", "text": "一\n二", "fee_fen": "12,000.50", "due_on": "2026-11-23", "count": "3",
    "colours": ["red", "blue"],
}  # fmt: skip


class TooDear(Invalid):
    code = "test.too_dear"
    phrase = "At most %(most_fen)s."


@pytest.fixture
def fill(dry_app):
    """`fill(name=...)`: the form as posted with these changes to what is good."""

    def filled(language="en", **changes):
        data = MultiDict({**GOOD, **changes})
        request = dry_app.test_request_context(method="POST", headers={"Accept-Language": language})
        for context in (dry_app.app_context(), request):  # a `g` of its own, which remembers the language
            open_ones.enter_context(context)
        return Everything(data)

    with ExitStack() as open_ones:
        yield filled


def test_what_is_good_is_taken_as_typed(fill):
    form = fill()
    assert form.validate(), form.errors
    assert form.data == {
        "name": "示例", "alias": "", "text": "一\n二", "fee_fen": 1_200_050, "limit_fen": None,
        "due_on": date(2026, 11, 23), "count": 3, "colours": ["red", "blue"],
    } | {"alias": form.alias.data}  # fmt: skip
    assert not form.alias.data
    assert not form.has_errors


@pytest.mark.parametrize(
    ("field", "typed", "kept"),
    [
        ("name", "  Acme \n Ltd\t ", "Acme Ltd"), ("name", "a\0b\u202ec\u200b", "abc"), ("name", "e\u0301", "é"),
        ("name", "示例\u2028机构", "示例 机构"), ("text", " a\r\nb\r\n", "a\nb"), ("text", "a\ud800b", "ab"),
        ("fee_fen", " ￥1,234.5 ", 123_450), ("fee_fen", "0", 0), ("fee_fen", "12，000", 1_200_000),
    ],
)  # fmt: skip
def test_text_is_cleaned_before_it_is_judged(fill, field, typed, kept):
    form = fill(**{field: typed})
    assert form.validate(), form.errors
    assert form[field].data == kept


@pytest.mark.parametrize("nothing", ["", "   ", "\t\n", "\0", "\u200b\u2060", "\u202e", "\ud800", "\u3000"])
@pytest.mark.parametrize("field", ["name", "text", "fee_fen"])
def test_what_must_be_filled_in_is_not_filled_by_blanks(fill, field, nothing):
    form = fill(**{field: nothing})
    assert not form.validate()
    assert form.errors == {field: ["Please fill this in."]}
    assert fill(alias=nothing, limit_fen=nothing).validate()


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("name", "x" * 21), ("text", "文" * 51), ("alias", "x" * 21), ("fee_fen", "viel"), ("fee_fen", "-1"),
        ("fee_fen", "1.234"), ("fee_fen", "1e9"), ("fee_fen", "12,50"), ("fee_fen", str(LIMIT_FEN)),
        ("fee_fen", "NaN"), ("due_on", "23.11.2026"), ("due_on", "2026-02-30"), ("due_on", "1899-12-31"),
        ("due_on", "2201-01-01"), ("count", "3.5"), ("count", "three"), ("colours", ["green"]),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_is_said_at_its_field_in_both_languages(fill, field, typed):
    spoken = {}
    for language in ("en", "zh"):
        form = fill(language, **{field: typed})
        assert not form.validate()
        assert list(form.errors) == [field]
        spoken[language] = str(form.errors[field][0])
    assert spoken["en"]
    assert spoken["zh"] != spoken["en"]


ODD = {
    "nul": "a\0b", "surrogate": "a\ud800b", "override": "a\u202eb", "digits": "9" * 10_000, "megabyte": "文" * 350_000,
    "empty": "", "newlines": "\r\n" * 1000, "emoji": "👩‍🔬" * 50, "percent": "%(x)s %s {x} {{x}}", "quote": "'\"><b>",
}  # fmt: skip


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_odd_input_is_judged_in_every_field_and_never_breaks(fill, odd):
    for field in GOOD:
        form = fill(**{field: odd})
        if not form.validate():
            assert list(form.errors) == [field]
            assert len(str(form.errors[field][0])) < 1000, "a fault does not repeat a megabyte"


def test_an_amount_that_was_refused_is_shown_as_typed_and_a_stored_one_in_yuan(dry_app):
    with dry_app.test_request_context(method="POST"):
        form = Everything(MultiDict({**GOOD, "fee_fen": "12,50"}))
        form.validate()
        assert 'value="12,50"' in form.fee_fen()
        assert form.fee_fen.data is None
    with dry_app.test_request_context():
        assert 'value="12000.50"' in Everything(formdata=None, data={"fee_fen": 1_200_050}).fee_fen()
        assert 'value=""' in Everything(formdata=None).fee_fen()


# --- running a command ----------------------------------------------------------------------------------------------


def test_a_refusal_of_the_command_lands_at_its_field(fill):
    def refuse():
        raise TooDear(field="fee_fen", most_fen=100)

    form = fill()
    assert form.run(refuse) is None
    assert form.errors == {"fee_fen": ["At most ¥1.00."]}
    assert form.has_errors


def test_several_refusals_land_each_at_its_field_and_the_rest_above_the_form(fill):
    def refuse():
        raise InvalidMany(
            [TooDear(field="fee_fen", most_fen=1), TooDear(field="fee_fen", most_fen=2), TooDear(most_fen=3),
             TooDear(field="elsewhere", most_fen=4)]
        )  # fmt: skip

    form = fill()
    assert form.run(refuse) is None
    assert form.errors["fee_fen"] == ["At most ¥0.01.", "At most ¥0.02."]
    assert form.extra_errors == ["At most ¥0.03.", "At most ¥0.04."]


def test_a_refusal_leaves_nothing_in_the_database(app):
    def half():
        make.make_user(email="half@demo.example")
        raise TooDear(most_fen=1)

    with app.test_request_context(method="POST"), unit_of_work():
        make.make_user(email="before@demo.example")
        assert Everything(MultiDict(GOOD)).run(half) is None
    assert list(db.session.scalars(sa.select(User.email))) == ["before@demo.example"]


def test_a_command_is_not_run_on_what_is_not_valid(fill):
    form = fill(name="")
    assert form.run(lambda: pytest.fail("ran")) is None
    assert form.has_errors


def test_what_is_not_a_fault_of_the_entry_is_not_hidden_in_the_form(fill):
    def clash():
        raise Conflict()

    with pytest.raises(Conflict):
        fill().run(clash)


def test_a_command_gives_its_result(fill):
    form = fill()
    assert form.run(lambda: form.name.data) == "示例"
    assert not form.has_errors


# --- on the page ----------------------------------------------------------------------------------------------------

PAGE = """{% from "macros/forms.html" import summary, field %}{{ summary(form) }}
{% for entry in form if entry.name != "csrf_token" %}{{ field(entry) }}{% endfor %}"""


@pytest.fixture
def page(make_app):
    views = Blueprint("test", __name__)

    @views.route("/form", methods=["GET", "POST"])
    @public("for the test")
    def show():
        form = Everything()
        if form.is_submitted():
            form.validate()
        return render_template_string(PAGE, form=form)

    client = make_app(views).test_client()
    return lambda **data: (client.post("/form", data=data) if data else client.get("/form")).text


def test_each_field_explains_itself(page):
    text = page()
    assert '<label for="field-name">Name</label>' in text
    assert '<p class="help" id="field-name-help">As on paper.</p>' in text
    assert re.search(r'<input[^>]*aria-describedby="field-name-help[^>]*id="field-name"[^>]*required', text)
    assert re.search(r'<label for="field-alias">Alias <span[^>]*>（选填）</span>', text)
    assert 'role="alert"' not in text


def test_faults_are_summed_up_with_links_and_repeated_at_their_fields(page):
    text = page(**{**GOOD, "name": "", "fee_fen": '"><b>x'})
    assert 'role="alert"' in text
    assert 'href="#field-name"' in text
    assert 'href="#field-fee_fen"' in text
    assert '<p class="wrong" id="field-name-wrong">' in text
    assert text.count('aria-invalid="true"') == 2
    assert "<b>x" not in text
    assert 'value="&#34;&gt;&lt;b&gt;x"' in text, "what was typed is kept"
    assert "一\n二</textarea>" in text


def test_fields_have_one_identifier_each():
    assert field_id(type("Named", (), {"name": "fee_fen"})) == "field-fee_fen"


def test_choices_are_members_with_their_names(dry_app):
    with dry_app.test_request_context(headers={"Accept-Language": "en"}):
        assert labelled(list(OrganisationState)[:2], blank="Choose") == [
            ("", "Choose"), ("pending", "Awaiting verification"), ("verified", "Verified"),
        ]  # fmt: skip
