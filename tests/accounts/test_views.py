"""Pages of people and organisations: what they show to whom, and what the forms do."""

import re
import uuid
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
import time_machine
from sqlalchemy import event

from matchmaker.accounts import queries, services
from matchmaker.accounts.models import Invitation, Membership, Organisation, OrganisationState, Recognition, User
from matchmaker.accounts.roles import OrganisationKind, Role
from matchmaker.core.audit import AuditEvent
from matchmaker.core.db import db, unit_of_work
from matchmaker.core.outbox import OutboxMessage
from tests.factories import accounts as make

EN = {"Accept-Language": "en"}


def registration(**changes):
    return {
        "kind": "enterprise", "name": "示例光电有限公司", "name_en": "Example Optics", "district": "chaoyang",
        "credit_code": make.next_credit_code(), "summary": "做激光雷达。", "industry": "C39", "employees": "80",
        "revenue_fen": "30,000,000", "assets_fen": "", "figures_year": "2025", "person": "示例甲",
        "email": "jia@optics.example", "password": make.PASSWORD, **changes,
    }  # fmt: skip


@pytest.fixture
def organisation(app):
    return make.make_organisation(name="示例企业", employees=4242)


@pytest.fixture
def manager(client, organisation):
    """A client signed in as who looks after `organisation`."""
    return make.sign_in(client, queries.list_members(organisation)[0].user)


def bureau(app, *roles):
    client = app.test_client()
    return make.sign_in(client, make.make_member(make.make_organisation(OrganisationKind.AUTHORITY), *roles).user)


def stranger(app):
    return make.sign_in(app.test_client(), make.make_member(make.make_organisation()).user)


def heading(page):
    return re.sub(r"<[^>]+>", "", re.search(r"<h1[^>]*>(.*?)</h1>", page.text, re.S)[1]).strip()


def masked(page, *ids):
    """The page without what differs from one answer to the next: tokens and the ids asked for."""
    text = re.sub(r'name="csrf_token"[^>]*>', "", page.text)
    for number in ids:
        text = text.replace(str(number), "ID")
    return text


def statements_of(client, address):
    counted = []

    def note(connection, cursor, statement, *rest):
        counted.append(statement)

    db.session.rollback()
    event.listen(db.engine, "before_cursor_execute", note)
    try:
        assert client.get(address).status_code == 200
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    return len(counted)


# --- registering ----------------------------------------------------------------------------------------------------


def test_registering_makes_person_and_pending_organisation_and_signs_in(client):
    answer = client.post("/register", data=registration())
    assert answer.status_code == 302, answer.text
    organisation = db.session.scalars(sa.select(Organisation)).one()
    assert answer.location == f"/organisations/{organisation.id}"
    assert (organisation.state, organisation.revenue_fen) == (OrganisationState.PENDING, 3_000_000_000)
    page = client.get(answer.location)
    assert heading(page) == "示例光电有限公司"
    assert "待核验" in page.text
    assert "示例甲" in page.text


def test_someone_signed_in_registers_a_second_organisation_without_a_second_account(client, manager):
    people = db.session.scalar(sa.select(sa.func.count()).select_from(User))
    data = {name: value for name, value in registration(kind="university").items() if name not in ("email", "password")}
    assert client.post("/register", data=data).status_code == 302
    assert db.session.scalar(sa.select(sa.func.count()).select_from(User)) == people
    assert db.session.scalar(sa.select(Organisation.industry).where(Organisation.kind == "university")) is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"), ({"name": " \u200b"}, "name"), ({"kind": "authority"}, "kind"), ({"kind": ""}, "kind"),
        ({"credit_code": "91220101MA0000001X"}, "credit_code"), ({"credit_code": "912"}, "credit_code"),
        ({"district": "atlantis"}, "district"), ({"employees": "-1"}, "employees"),
        ({"employees": "viele"}, "employees"),
        ({"revenue_fen": "12,50"}, "revenue_fen"), ({"email": "a,b@c.d"}, "email"), ({"password": "short"}, "password"),
        ({"password": "x" * 1025}, "password"), ({"figures_year": "99"}, "figures_year"), ({"person": ""}, "person"),
    ],
)  # fmt: skip
def test_a_fault_is_said_at_its_field_in_both_languages_and_input_is_kept(client, change, field):
    for headers in ({}, EN):
        page = client.post("/register", data=registration(**change), headers=headers)
        assert page.status_code == 422
        assert f'href="#field-{field}"' in page.text
        assert f'id="field-{field}-wrong"' in page.text
        assert 'value="jia@optics.example"' in page.text or field == "email"
        assert make.PASSWORD not in page.text
    assert db.session.scalar(sa.select(sa.func.count()).select_from(User)) == 0


def test_an_address_or_code_that_is_taken_leaves_nothing_half_done(app, client):
    client.post("/register", data=registration())
    taken = db.session.scalar(sa.select(Organisation.credit_code))
    for change, field in (({"email": "JIA@optics.example"}, "email"), ({"credit_code": taken}, "credit_code")):
        page = app.test_client().post("/register", data=registration(**{"email": "b@optics.example", **change}))
        assert page.status_code == 422
        assert f'href="#field-{field}"' in page.text
    assert db.session.scalar(sa.select(sa.func.count()).select_from(User)) == 1
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Organisation)) == 1


def test_nothing_is_taken_from_a_form_but_its_fields(client):
    columns = {column.name for model in (Organisation, User) for column in model.__table__.columns}
    smuggled = dict.fromkeys(columns - set(registration()), "verified")
    smuggled |= {"active": "0", "id": str(uuid.uuid4()), "version": "99", "roles": "administrator"}
    assert client.post("/register", data=registration() | smuggled).status_code == 302
    organisation = db.session.scalars(sa.select(Organisation)).one()
    assert (organisation.state, organisation.decision_reason) == (OrganisationState.PENDING, None)
    assert str(organisation.id) != smuggled["id"]
    (member,) = queries.list_members(organisation)
    assert member.role_set == {Role.ENTERPRISE_SIGNATORY, Role.ENTERPRISE_MEMBER}
    assert (member.user.active, member.user.locale) == (True, None)


# --- organisations --------------------------------------------------------------------------------------------------


def test_anyone_sees_a_verified_organisation_without_its_figures(app, client, organisation):
    for reader in (client, stranger(app)):
        page = reader.get(f"/organisations/{organisation.id}")
        assert (page.status_code, heading(page)) == (200, "示例企业")
        assert organisation.credit_code in page.text
        ids_and_tokens = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|value=\"[^\"]*\""  # their digits are any
        shown = re.sub(ids_and_tokens, "", page.text)
        assert "4,242" not in shown
        assert "4242" not in shown


def test_members_and_the_bureau_see_how_the_size_class_was_computed(app, manager, organisation):
    address = f"/organisations/{organisation.id}"
    for reader in (manager, bureau(app, Role.ADMINISTRATOR)):
        assert "4242" in reader.get(address).text
    english = manager.get(address, headers=EN).text
    assert "4242 persons is at least 1000: large by this indicator." in english


def test_a_hidden_organisation_is_a_missing_one_to_others_and_a_page_to_its_own_and_the_bureau(app, client):
    hidden = make.make_organisation(verified=False)
    own = make.sign_in(app.test_client(), queries.list_members(hidden)[0].user)
    address, nowhere = f"/organisations/{hidden.id}", uuid.uuid4()
    for reader in (own, *(bureau(app, role) for role in (Role.REVIEWER, Role.AUDITOR, Role.ADMINISTRATOR))):
        assert reader.get(address).status_code == 200
        assert hidden.name in reader.get(address).text
    for reader in (client, stranger(app)):
        shown, missing = reader.get(address), reader.get(f"/organisations/{nowhere}")
        assert (shown.status_code, missing.status_code) == (404, 404)
        assert masked(shown, hidden.id) == masked(missing, nowhere)
        listed = reader.get("/organisations").text
        assert str(hidden.id) not in listed
        assert hidden.name not in listed
        assert hidden.name not in reader.get("/organisations", query_string={"q": hidden.credit_code}).text


def addresses_of(organisation):
    """Every address with an id, for what belongs to one organisation."""
    membership = queries.list_members(organisation)[0]
    invitation = queries.list_open_invitations(organisation)[0]
    of_organisation = ("", "/edit", "/recognitions/new", "/members")
    posts = ("/edit", "/recognitions/new", "/members/invite", "/verify", "/reject", "/suspend", "/reinstate")
    return [
        *(("GET", "/organisations/{}" + tail, organisation.id) for tail in of_organisation),
        *(("POST", "/organisations/{}" + tail, organisation.id) for tail in posts),
        ("GET", "/memberships/{}/roles", membership.id), ("POST", "/memberships/{}/roles", membership.id),
        ("POST", "/memberships/{}/remove", membership.id), ("POST", "/invitations/{}/revoke", invitation.id),
    ]  # fmt: skip


def test_the_id_of_what_is_not_ones_own_answers_like_one_that_does_not_exist(app, client):
    hidden = make.make_organisation(verified=False)
    make.sign_in(client, queries.list_members(hidden)[0].user)
    client.post(
        f"/organisations/{hidden.id}/members/invite", data={"email": "g@x.example", "roles": "enterprise_member"}
    )
    readers, nowhere = (stranger(app), app.test_client()), uuid.uuid4()
    events = db.session.scalar(sa.select(sa.func.count()).select_from(AuditEvent))
    tried = addresses_of(hidden)
    covered = {
        str(rule) for rule in app.url_map.iter_rules() if rule.endpoint.startswith("accounts.") and "<uuid" in rule.rule
    }
    assert len({re.sub("verify|reject|suspend|reinstate", "*", address) for _, address, _ in tried}) == len(covered)
    for reader in readers:
        for method, address, row_id in tried:
            foreign, missing = (reader.open(address.format(i), method=method) for i in (row_id, nowhere))
            assert foreign.status_code == missing.status_code, address
            assert foreign.status_code == (404 if reader is readers[0] else foreign.status_code)
            assert foreign.status_code in (404, 302)
            assert masked(foreign, row_id) == masked(missing, nowhere), address
            locations = [
                answer.headers.get("Location", "").replace(str(i), "")
                for answer, i in ((foreign, row_id), (missing, nowhere))
            ]
            assert locations[0] == locations[1]
    assert db.session.scalar(sa.select(sa.func.count()).select_from(AuditEvent)) == events


def test_what_is_seen_but_not_allowed_is_403_and_anonymous_readers_are_asked_to_sign_in(app, client, organisation):
    member = make.sign_in(app.test_client(), make.make_member(organisation, Role.ENTERPRISE_MEMBER).user)
    membership = queries.list_members(organisation)[0]
    for address in (f"/organisations/{organisation.id}/edit", f"/memberships/{membership.id}/roles"):
        assert member.get(address).status_code == 403
        assert member.post(address).status_code == 403
        assert client.get(address).location == f"/sign-in?next={address}"
    assert member.get(f"/organisations/{organisation.id}/members").status_code == 200
    assert member.post(f"/organisations/{organisation.id}/verify").status_code == 403


def test_the_list_costs_the_same_however_long_it_is(app, client):
    make.make_organisation()
    make.make_organisation()
    few = statements_of(client, "/organisations")
    with unit_of_work():
        for _ in range(18):
            make.make_organisation()
    assert statements_of(client, "/organisations") == few
    page = client.get("/organisations").text
    assert page.count('<li class="entry">') == 20


def test_the_list_is_searched_filtered_and_paged_and_says_so_when_empty(client):
    with unit_of_work():
        for number in range(25):
            make.make_organisation(name=f"示例激光{number:02}")
        make.make_organisation(OrganisationKind.UNIVERSITY, name="示例大学")
    first = client.get("/organisations", query_string={"q": "激光", "kind": "enterprise"})
    assert first.text.count('<li class="entry">') == 20
    (following,) = re.findall(r'rel="next" href="([^"]+)"', first.text)
    second = client.get(following.replace("&amp;", "&"))
    assert second.text.count('<li class="entry">') == 5
    assert "示例大学" in client.get("/organisations?kind=university").text
    assert 'class="empty"' in client.get("/organisations?q=nowhere").text
    for odd in (
        "kind=%00",
        "state=x",
        "page=" + "9" * 10_000,
        "q=%00%ff",
        "q=" + "x" * 100_000,
        "q=%25",
        "_method=POST",
    ):
        assert client.get(f"/organisations?{odd}").status_code == 200


def test_text_that_people_enter_is_shown_as_text(app, client):
    hostile = '"><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}'
    answer = client.post("/register", data=registration(name=hostile, name_en="", summary=hostile, person=hostile))
    for page in (client.get(answer.location), client.get(f"{answer.location}/members"), client.get("/account")):
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "<img" not in page.text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text
        assert "{{7*7}}" in page.text


def test_the_profile_is_edited_whole_and_nothing_is_lost(manager, organisation):
    with unit_of_work():
        row = db.session.get(Organisation, organisation.id)
        row.summary_en, row.summary = "in English", "第一行\n第二行"
    page = manager.get(f"/organisations/{organisation.id}/edit")
    fields = dict(re.findall(r'<input[^>]*name="(\w+)"[^>]*value="([^"]*)"', page.text))
    fields |= dict(re.findall(r'<textarea[^>]*name="(\w+)"[^>]*>\s*([^<]*)</textarea>', page.text))
    fields |= {"district": "chaoyang", "industry": "C36"}
    before = {c.name: getattr(organisation, c.name) for c in Organisation.__table__.columns if c.name != "version"}
    assert manager.post(f"/organisations/{organisation.id}/edit", data=fields).status_code == 302
    db.session.expire_all()
    assert {name: getattr(organisation, name) for name in before} == before


def test_what_a_profile_may_not_say_is_not_taken_from_its_form(manager, organisation):
    smuggled = {"state": "suspended", "kind": "authority", "credit_code": "x", "version": "9", "decision_reason": "y"}
    kept = {name: getattr(organisation, name) for name in smuggled if name != "version"}
    answer = manager.post(f"/organisations/{organisation.id}/edit", data=registration(name="新名") | smuggled)
    assert answer.status_code == 302
    db.session.expire_all()
    assert organisation.name == "新名"
    assert {name: getattr(organisation, name) for name in kept} == kept | {"state": OrganisationState.PENDING}


def test_a_profile_with_faults_is_shown_again(manager, organisation):
    page = manager.post(f"/organisations/{organisation.id}/edit", data={"name": "", "employees": "many"})
    assert page.status_code == 422
    assert 'href="#field-name"' in page.text or 'href="#field-employees"' in page.text
    db.session.expire_all()
    assert organisation.name == "示例企业"


def test_a_recognition_is_entered_and_shown(manager, organisation):
    address = f"/organisations/{organisation.id}/recognitions/new"
    assert heading(manager.get(address)) == "登记资质认定"
    entry = {"kind": "high_tech", "number": "GR2024", "valid_from": "2024-01-01", "valid_until": "2023-12-31"}
    assert manager.post(address, data=entry).status_code == 422
    assert manager.post(address, data=entry | {"valid_until": "2026-12-31"}).status_code == 302
    assert manager.post(address, data=entry | {"valid_until": "2026-12-31"}).status_code == 422
    assert "GR2024" in manager.get(f"/organisations/{organisation.id}").text
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Recognition)) == 1


# --- the bureau's decision ------------------------------------------------------------------------------------------


def test_the_bureau_decides_and_the_organisation_reads_why(app, client):
    waiting = make.make_organisation(verified=False)
    administrator = bureau(app, Role.ADMINISTRATOR)
    make.sign_in(client, queries.list_members(waiting)[0].user)
    address = f"/organisations/{waiting.id}"
    assert 'formaction="' + address + '/verify"' in administrator.get(address).text
    assert administrator.post(f"{address}/reject", data={"reason": "证照不清"}).location == address
    assert "证照不清" in client.get(address).text
    assert administrator.post(f"{address}/reject", data={}).status_code == 409
    assert administrator.post(f"{address}/verify", data={}).status_code == 302
    assert app.test_client().get(address).status_code == 200
    assert "证照不清" not in client.get(address).text


def test_a_reason_that_is_too_long_is_not_lost_without_a_word(app):
    waiting = make.make_organisation(verified=False)
    page = bureau(app, Role.ADMINISTRATOR).post(f"/organisations/{waiting.id}/reject", data={"reason": "长" * 501})
    assert page.status_code == 422
    assert 'href="#field-reason"' in page.text
    assert db.session.get(Organisation, waiting.id).state == OrganisationState.PENDING


def test_an_unknown_decision_is_no_address(app, organisation):
    assert bureau(app, Role.ADMINISTRATOR).post(f"/organisations/{organisation.id}/destroy").status_code == 404


# --- members and invitations ----------------------------------------------------------------------------------------


def invite(manager, organisation, email="new@x.example", roles="enterprise_member"):
    """The path of the invitation's link, from the mail."""
    answer = manager.post(f"/organisations/{organisation.id}/members/invite", data={"email": email, "roles": roles})
    assert answer.status_code == 302, answer.text
    mail = db.session.scalars(sa.select(OutboxMessage).order_by(OutboxMessage.created_at.desc())).first()
    assert mail.payload["to"] == email
    (link,) = re.findall(r"http://127\.0\.0\.1:8000(/join/\S+)", mail.payload["body"])
    assert link in manager.get(answer.location).text, "the inviter sees it once, to hand it over"
    assert link not in manager.get(answer.location).text
    return link


def test_a_new_person_joins_with_the_link_once(app, manager, organisation):
    link = invite(manager, organisation)
    guest = app.test_client()
    assert heading(guest.get(link)) == "加入 示例企业"
    assert guest.post(link, data={"name": "", "password": "short"}).status_code == 422
    joined = guest.post(link, data={"name": "示例乙", "password": make.PASSWORD, "email": "other@x.example"})
    assert joined.location == f"/organisations/{organisation.id}"
    assert "示例乙" in manager.get(f"/organisations/{organisation.id}/members").text
    assert guest.get(f"/organisations/{organisation.id}/members").status_code == 200
    assert queries.find_user_by_email("new@x.example") is not None
    assert queries.find_user_by_email("other@x.example") is None
    again = app.test_client()
    assert again.get(link).status_code == 404
    assert again.post(link, data={"name": "示例丙", "password": make.PASSWORD}).status_code == 404


def test_a_person_with_an_account_signs_in_and_joins(app, manager, organisation):
    user = make.make_user(email="known@x.example")
    link = invite(manager, organisation, email="known@x.example")
    guest, wrong = app.test_client(), stranger(app)
    assert f'href="/sign-in?next={link}"' in guest.get(link).text
    assert guest.post(link).status_code == 403, "an address that has an account is not enough"
    assert wrong.post(link).status_code == 403
    make.sign_in(guest, user)
    assert guest.post(link).status_code == 302
    assert guest.get(f"/organisations/{organisation.id}/members").status_code == 200


def test_joining_twice_is_a_conflict_and_no_crash(app, manager, organisation):
    link = invite(manager, organisation, email="known@x.example")
    with unit_of_work():
        user = make.make_user(email="known@x.example")
        services.add_member(make.SYSTEM, organisation, user, roles={Role.ENTERPRISE_MEMBER})
    guest = make.sign_in(app.test_client(), user)
    assert guest.post(link).status_code == 409


def test_a_link_that_expired_or_was_withdrawn_or_guessed_leads_nowhere(app, manager, organisation):
    links = [invite(manager, organisation, email=f"{n}@x.example") for n in range(2)]
    invitation = db.session.scalars(sa.select(Invitation).where(Invitation.email == "0@x.example")).one()
    assert manager.post(f"/invitations/{invitation.id}/revoke").status_code == 302
    assert manager.post(f"/invitations/{invitation.id}/revoke").status_code == 404
    guest = app.test_client()
    assert guest.get(links[0]).status_code == 404
    with time_machine.travel(datetime.now(UTC) + timedelta(days=14, minutes=1), tick=False):
        assert guest.get(links[1]).status_code == 404
    assert guest.get(links[1]).status_code == 200
    for guess in ("x", "%00", "%ff", "a" * 5000, str(invitation.id), invitation.token_hash):
        assert guest.get(f"/join/{guess}").status_code == 404


def test_an_invitation_with_faults_is_shown_again_with_the_list(manager, organisation):
    for data in (
        {"email": "nobody", "roles": "enterprise_member"},
        {"email": "a@b.example"},
        {"email": "a@b.example", "roles": "auditor"},
    ):
        page = manager.post(f"/organisations/{organisation.id}/members/invite", data=data)
        assert page.status_code == 422
        assert 'role="alert"' in page.text
        assert "<table" in page.text
    assert db.session.scalar(sa.select(sa.func.count()).select_from(OutboxMessage)) == 0


def test_roles_are_changed_and_members_removed_but_never_the_last_manager(manager, organisation):
    founder, other = queries.list_members(organisation)[0], make.make_member(organisation, Role.ENTERPRISE_MEMBER)
    assert 'value="enterprise_member" checked' in re.sub(
        r"(checked) ([^>]*)(value=\"\w+\")", r"\3 \1", manager.get(f"/memberships/{other.id}/roles").text
    )
    assert manager.post(f"/memberships/{founder.id}/remove").status_code == 409
    assert manager.post(f"/memberships/{founder.id}/roles", data={"roles": "enterprise_member"}).status_code == 409
    assert manager.post(f"/memberships/{other.id}/roles", data={}).status_code == 422
    assert manager.post(f"/memberships/{other.id}/roles", data={"roles": "enterprise_signatory"}).status_code == 302
    assert manager.post(f"/memberships/{founder.id}/remove").location == "/", "no longer a page for who left"
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Membership)) == 1


def test_the_list_of_members_costs_the_same_however_many_there_are(manager, organisation):
    make.make_member(organisation)
    few = statements_of(manager, f"/organisations/{organisation.id}/members")
    with unit_of_work():
        for _ in range(10):
            make.make_member(organisation)
    assert statements_of(manager, f"/organisations/{organisation.id}/members") == few


# --- odd input ------------------------------------------------------------------------------------------------------

ODD = {
    "nul": "a\0b@c.example", "surrogate": b"a\xed\xa0\x80b", "override": "a\u202eb@c.example", "digits": "9" * 10_000,
    "megabyte": "x" * 1_000_000, "bytes": b"\xff\xfe\x00", "blanks": " \t\r\n", "percent": "%(x)s%s{0}",
}  # fmt: skip
VERDICTS: dict[tuple[str, str, str], int] = {}


@pytest.mark.parametrize("odd", ODD)
def test_odd_input_in_any_field_gets_the_same_verdict_on_both_engines_and_never_breaks(app, manager, organisation, odd):
    link = invite(manager, organisation)
    membership = make.make_member(organisation, Role.ENTERPRISE_MEMBER)
    recognition = {"kind": "high_tech", "number": "1", "valid_from": "2024-01-01", "valid_until": "2025-01-01"}
    forms = {
        "/register": registration(),
        link: {"name": "示例", "password": make.PASSWORD},
        "/sign-in": {"email": "a@b.example", "password": "x", "next": "/"},
        f"/organisations/{organisation.id}/edit": registration(),
        f"/organisations/{organisation.id}/recognitions/new": recognition,
        f"/organisations/{organisation.id}/members/invite": {"email": "a@b.example", "roles": "enterprise_member"},
        f"/memberships/{membership.id}/roles": {"roles": "enterprise_member"},
        "/account": {"present": "x", "password": make.PASSWORD},
        "/language": {"lang": "en", "next": "/"},
        "/acting-for": {"membership": str(membership.id)},
    }
    for address, data in forms.items():
        for field in data:
            client = app.test_client() if address in ("/register", link, "/sign-in") else manager
            status = client.post(address, data=data | {field: ODD[odd]}).status_code
            assert status in (302, 404, 413, 422, 429), (address, field, status)
            place = re.sub(r"[0-9a-f-]{36}|/join/.*", "", address)
            assert VERDICTS.setdefault((odd, place, field), status) == status, (address, field)


# --- the head of every page -----------------------------------------------------------------------------------------


def test_the_switch_between_organisations_costs_no_read(client):
    membership = make.make_member(make.make_organisation(name="丙示例公司"), Role.ENTERPRISE_SIGNATORY)
    make.sign_in(client, membership.user)
    few = statements_of(client, "/policy/targets")
    with unit_of_work():
        person = db.session.get_one(User, membership.user_id)
        for name in ("乙示例公司", "甲示例公司"):
            organisation = make.make_organisation(name=name)
            services.add_member(make.SYSTEM, organisation, person, roles={Role.ENTERPRISE_MEMBER})
    assert statements_of(client, "/policy/targets") == few
    page = client.get("/policy/targets").text
    assert re.findall(r"切换到 (.示例公司)", page) == sorted(("乙示例公司", "甲示例公司"))
    assert re.search(r"<strong>丙示例公司</strong><br><span[^>]*>企业签约人</span>", page)
