"""Pages of deals."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from matchmaker.accounts import queries as accounts
from matchmaker.accounts import services as account_services
from matchmaker.accounts.models import Organisation
from matchmaker.accounts.roles import OrganisationKind
from matchmaker.core import access, clock, messages
from matchmaker.core.access import needs
from matchmaker.core.errors import N_, Conflict, NotFound, WrongState
from matchmaker.core.types import clean_text
from matchmaker.core.web import filters, navigation, paging
from matchmaker.core.web.downloads import download
from matchmaker.core.web.forms import Form, done
from matchmaker.deals import documents, forms, queries, records, services, stakes
from matchmaker.deals.models import ContractType, Deal, FileKind, TermsVersion
from matchmaker.deals.permissions import Can
from matchmaker.deals.states import DEAL, DealAction, DealState, PartyRole
from matchmaker.deals.steps import STEPS, VERBS, upload
from matchmaker.deals.terms import DealKind, Terms, lines
from matchmaker.introductions import queries as introductions
from matchmaker.introductions.models import Introduction
from matchmaker.introductions.permissions import Can as IntroductionCan
from matchmaker.ledger.posting import MEMOS

blueprint = Blueprint("deals", __name__)

navigation.item(
    "deals.deals", N_("Deals"), 45, shown=lambda actor: access.may(actor, Can.DEAL_LIST), group=navigation.Group.WORK
)

Answer = str | Response | BaseResponse | tuple[str, int]


@blueprint.context_processor
def _words() -> dict[str, Any]:
    return {
        "line_text": documents.line_text,
        "months_text": documents.months_text,
        "report_state": records.report_state,
        "answer_to": stakes.answer_to,
        "brings_reward": stakes.brings_reward,
        "of_company": documents.of_company,
        "MEMOS": MEMOS,
        "PartyRole": PartyRole,
        "today": clock.today(),
    }


@blueprint.get("/deals")
@needs(Can.DEAL_LIST)
def deals() -> Answer:
    chosen, text = request.args.get("state", ""), clean_text(request.args.get("q", "")).strip()
    state = DealState(chosen) if chosen in set(DealState) else None
    page = paging.paged(queries.list_deals(g.actor, state=state, text=text), paging.page_number())
    return render_template(
        "deals/deals.html",
        page=page,
        waiting={deal.id for deal in page.items if queries.is_waiting_for(g.actor, deal)},
        counts=queries.count_by_state(g.actor),
        states=DealState,
        state=state,
        text=text,
    )


# --- beginning a deal -----------------------------------------------------------------------------------------------

_OWN_PART = {OrganisationKind.ENTERPRISE: "licensee", OrganisationKind.INTERMEDIARY: "broker"}


@blueprint.route("/deals/new", methods=["GET", "POST"])
@needs(Can.DEAL_DRAFT)
def new_deal() -> Answer:
    """`?achievement=<id>` (several if need be) or `?introduction=<id>` fills in what it knows."""
    introduction = _introduction()
    own = _OWN_PART.get(g.actor.organisation_kind)
    form = forms.NewDealForm(leave_out=[own] if own else [], data=_known(introduction))
    chosen = form.achievements.data or []
    form.offer_choice(queries.list_licensable(g.actor, text=form.q.data or "", chosen=chosen))
    searching = "search" in request.form
    deal = form.run(lambda: _draft(form, introduction)) if form.is_submitted() and not searching else None
    if deal is not None:
        done(_("The draft was begun. Now enter the terms."))
        return redirect(url_for("deals.edit_terms", id=deal.id))
    begun = queries.list_begun(g.actor, introduction) if introduction is not None else []
    page = render_template("deals/new_deal.html", form=form, introduction=introduction, begun=begun, **_parties(own))
    return page, 422 if form.has_errors else 200


def _introduction() -> Introduction | None:
    """None where the address names none. What the actor may not see answers like what does not exist."""
    if "introduction" not in request.args:
        return None
    found = introductions.find_introduction(_uuid(request.args["introduction"]))
    if found is None:
        raise NotFound()
    access.require(g.actor, IntroductionCan.INTRODUCTION_VIEW, found)
    return found


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise NotFound() from None


def _known(introduction: Introduction | None) -> dict[str, Any]:
    """What the form shows before anything was entered."""
    achievements = [_uuid(text) for text in request.args.getlist("achievement")]
    data: dict[str, Any] = {"kind": DealKind.PAY_LATER_LICENCE, "achievements": achievements}
    if introduction is not None:
        data["achievements"] = [introduction.achievement_id]
        data["licensee"] = introduction.need_organisation.name
        data["broker"] = introduction.broker.name if introduction.broker is not None else ""
    return data


def _parties(own: str | None) -> dict[str, list[Organisation]]:
    """What the browser may complete the names of the other parties to."""
    kinds = {"licensee": OrganisationKind.ENTERPRISE, "broker": OrganisationKind.INTERMEDIARY}
    return {f"{part}s": queries.list_parties(g.actor, kind) for part, kind in kinds.items() if part != own}


def _draft(form: forms.NewDealForm, introduction: Introduction | None) -> Deal:
    chosen = set(form.achievements.data or [])
    licensee = _party(form, "licensee", OrganisationKind.ENTERPRISE)
    assert licensee is not None  # the field is required
    return services.draft_deal(
        g.actor,
        None,
        kind=DealKind(form.kind.data),
        achievements=[row for row in queries.list_licensable(g.actor, chosen=chosen) if row.id in chosen],
        licensee=licensee,
        broker=_party(form, "broker", OrganisationKind.INTERMEDIARY),
        introduction=introduction,
        title=form.title.data or "",
    )


def _party(form: forms.NewDealForm, name: str, kind: OrganisationKind) -> Organisation | None:
    """The organisation entered; where the part is not asked for, it is the actor's own."""
    if name not in form:
        return accounts.find_organisation(g.actor.organisation_id)
    text = form[name].data
    return queries.get_party(g.actor, kind, text, field=name) if text else None


@blueprint.route("/deals/<uuid:id>/terms", methods=["GET", "POST"])
@needs(Can.DEAL_EDIT, load=queries.find_deal)
def edit_terms(deal: Deal) -> Answer:
    """Who saves after somebody else did is told so, keeps what was typed, and may save it all the same."""
    DEAL.step(deal.state, DealAction.EDIT)
    form, status = _terms_form(deal), 422
    if form.is_submitted() and "more" not in request.form:
        try:
            form.run(lambda: services.edit_terms(g.actor, deal, terms=form.terms(), seen_version=form.version.data))
        except WrongState:
            raise
        except Conflict as moved:
            status = moved.status
            form.saved_meanwhile(deal)
        if not form.has_errors:
            return _after_edit(deal)
    page = render_template("deals/edit_terms.html", form=form, deal=deal)
    return page, status if form.is_submitted() and form.has_errors else 200


@blueprint.route("/deals/<uuid:id>/counter-offer", methods=["GET", "POST"])
@needs(Can.DEAL_COUNTER, load=queries.find_deal)
def counter_offer(deal: Deal) -> Answer:
    """The terms on offer as a form; sent, they are the answer. Who comes too late is told, and keeps what was typed."""
    if request.method != "POST":
        queries.check_counter(g.actor, deal)
    form, status = _terms_form(deal, answers=True), 200
    compared = _compare(deal, form) if "compare" in request.form else None
    if form.is_submitted() and not {"more", "compare"} & request.form.keys():
        try:
            if form.run(lambda: _counter(deal, form)) is not None:
                done(_("The counter-offer was sent. The other side accepts it, counters it or declines it."))
                return redirect(url_for("deals.deal", id=deal.id))
        except Conflict as moved:
            form.extra_errors.append(messages.phrase(moved))
            status = moved.status
    status = 422 if status == 200 and form.is_submitted() and form.has_errors else status
    return _counter_page(deal, form, compared), status


def counter_page(deal: Deal, terms: Terms) -> str:
    """The form of a counter-offer with these terms in it, and how they differ from those on offer. Nothing is sent."""
    queries.check_counter(g.actor, deal)
    form = forms.terms_form(deal, rows=forms.rows_for(terms), answers=True, shown=terms, formdata=None)
    offered = queries.terms_in_force(deal)
    changes = queries.list_differences(offered, terms) if offered is not None else []
    return _counter_page(deal, form, {"changes": changes, "warnings": []})


def _counter_page(deal: Deal, form: forms.TermsForm, compared: dict[str, Any] | None) -> str:
    return render_template("deals/counter_offer.html", form=form, deal=deal, compared=compared, **_words())


def _counter(deal: Deal, form: Any) -> TermsVersion:
    return services.counter_offer(
        g.actor, deal, terms=form.terms(), sha256=form.sha256.data, seen_version=form.version.data
    )


def _compare(deal: Deal, form: forms.TermsForm) -> dict[str, Any] | None:
    """How the terms entered differ from those on offer, and what is unusual in them; None where they are at fault."""
    entered, offered = form.run(form.terms), queries.terms_in_force(deal)
    if entered is None or offered is None:
        return None
    verdict = queries.judge(deal, entered)
    if verdict.faults is not None:
        form.attach(verdict.faults)
    return {"changes": queries.list_differences(offered, entered), "warnings": verdict.warnings}


def _terms_form(deal: Deal, *, answers: bool = False) -> forms.TermsForm:
    """The form as it was sent, with more lines if asked for; else as `_marked_form`."""
    if request.method != "POST":
        if answers:
            return forms.terms_form(deal, rows=forms.rows_for(deal.draft), answers=True)
        return _marked_form(deal, _verdict_on_draft(deal))
    sent = request.form.get("rows", "")
    more = forms.MORE_ROWS if "more" in request.form else 0
    rows = int(sent) + more if sent.isascii() and sent.isdigit() else forms.rows_for(deal.draft)
    return forms.terms_form(deal, rows=min(rows, forms.MOST_ROWS), answers=answers)


def _verdict_on_draft(deal: Deal) -> queries.Verdict | None:
    return None if deal.draft is None else queries.judge(deal, deal.draft)


def _marked_form(deal: Deal, verdict: queries.Verdict | None) -> forms.TermsForm:
    """The form with the draft in it, what stands in the way of an offer marked at its entries."""
    form = forms.terms_form(deal, rows=forms.rows_for(deal.draft), formdata=None)
    if verdict is not None and verdict.faults is not None:
        form.attach(verdict.faults)
    return form


def _after_edit(deal: Deal) -> Answer:
    """On to the deal; or back to the form, which marks what stands in the way of an offer."""
    draft = deal.draft
    assert draft is not None  # it was just written
    if queries.judge(deal, draft).faults is not None:
        done(_("The draft is saved. It can be offered once the points below are settled."))
        return redirect(url_for("deals.edit_terms", id=deal.id))
    done(_("The draft is saved. Read it once more, then offer it."))
    return redirect(url_for("deals.deal", id=deal.id))


# --- one deal -------------------------------------------------------------------------------------------------------


@blueprint.get("/deals/<uuid:id>")
@needs(Can.DEAL_VIEW, load=queries.find_deal)
def deal(deal: Deal) -> Answer:
    return _page(deal)


def _page(deal: Deal, refused: dict[str, Form] | None = None) -> str:
    """The page of a deal with a form for each step open to the reader; `refused` holds one to be mended."""
    today = clock.today()
    shown = {step: _blank(deal, step) for step in queries.open_steps(g.actor, deal) if step in _FORMS}
    terms = deal.draft if deal.state == DealState.DRAFT else queries.terms_in_force(deal)
    verdict = _verdict_on_draft(deal) if deal.state == DealState.DRAFT else None
    return render_template(
        "deals/deal.html",
        deal=deal,
        forms={**shown, **_beside(deal), **(refused or {})},
        steps=STEPS,
        step_facts=_facts_of(deal),
        lines=lines(terms) if terms is not None else [],
        verdict=verdict,
        marked=_marked_form(deal, verdict) if DealAction.EDIT in shown else None,
        standing=queries.standing(deal, today),
        statements=queries.royalty_statements(deal),
        periods=queries.unreported_periods(deal),
        changes=queries.list_changes(deal),
        history=queries.list_history(deal),
        side=deal.side_of(g.actor.organisation_id),
        notice=queries.notice(deal),
        needs_notice=queries.needs_notice(deal),
        broker_confirmed=records.confirmed_broker(deal.records),
        broker_agreement=queries.broker_agreement(deal),
        register=queries.register(deal),
    )


def _blank(deal: Deal, action: DealAction) -> Form:
    version = deal.version_on_offer
    known: dict[str, Any] = {"version": deal.version, "on": clock.today()}
    if version is not None:
        known["sha256"] = version.sha256
    if action is DealAction.REPORT_ROYALTY:
        known["number"] = queries.unreported_periods(deal)[0].number
    return _FORMS[action](formdata=None, data=known).for_deal(deal)


_FORMS: dict[DealAction, type[forms.StepForm]] = {
    DealAction.EDIT: forms.PlainForm,  # has a page of its own, as taking back a payment has an address
    DealAction.COUNTER: forms.PlainForm,
    DealAction.REVERSE_PAYMENT: forms.ReversalForm,
    **{action: step.form for action, step in STEPS.items()},
}


def _beside(deal: Deal) -> dict[str, Form]:
    """Forms for what is put beside the deal, where the reader may and it makes sense now."""
    may = {name for name, permission in BESIDE.items() if access.may(g.actor, permission, deal)}
    broker = deal.broker_id is not None and not queries.has_confirmed_broker(deal, g.actor)
    sensible = {
        "attach": deal.number > 0,
        "publish_notice": deal.state == DealState.AGREED and queries.notice(deal) is None,
        "register": deal.signed_on is not None,
        "confirm_broker": broker and deal.number > 0,
        "accept_transfer": deal.transfer_to_id is not None and queries.open_transfer_acceptance(deal) is None,
        "state_reward": any(row.reward is None and row.stands for row in deal.payments),
        "state_stake_reward": queries.register(deal) is not None,
    }
    return {name: BESIDE_FORMS[name](formdata=None).for_deal(deal) for name in sorted(may) if sensible[name]}


BESIDE = {
    "attach": Can.DEAL_ATTACH,
    "publish_notice": Can.NOTICE_PUBLISH,
    "register": Can.DEAL_REGISTER,
    "confirm_broker": Can.DEAL_CONFIRM_BROKER,
    "accept_transfer": Can.DEAL_ACCEPT_TRANSFER,
    "state_reward": Can.DEAL_STATE_REWARD,
    "state_stake_reward": Can.DEAL_STATE_REWARD,
}
BESIDE_FORMS: dict[str, type[forms.StepForm]] = {
    "attach": forms.FileForm,
    "publish_notice": forms.NoticeForm,
    "register": forms.RegistrationForm,
    "confirm_broker": forms.DeclineForm,
    "accept_transfer": forms.PasswordForm,
    "state_reward": forms.RewardForm,
    "state_stake_reward": forms.RewardForm,
}


def _facts_of(deal: Deal) -> dict[str, Any]:
    """What the help of a step may name."""
    version, terms = deal.version_on_offer, queries.terms_in_force(deal)
    event, asked = records.open_event(deal.records), records.open_extension(deal.records)
    period = next(iter(queries.unreported_periods(deal)), None)
    return {
        "number": deal.number,
        "sha256": version.sha256 if version is not None else "",
        "event": _event_words(terms, event) if terms is not None and event is not None else "",
        "extension": getattr(asked, "text", ""),
        "successor": deal.transfer_to.name if deal.transfer_to is not None else "",
        "period": period.number if period is not None else "",
        "first_on": period.starts_on if period is not None else "",
        "last_on": period.ends_on if period is not None else "",
    }


def _event_words(terms: Terms, event: Any) -> str:
    words = (forms.event_text(terms, event.ref), filters.day(event.on), event.text)
    return " · ".join(word for word in words if word)


@blueprint.post(f"/deals/<uuid:id>/<any({', '.join(map(repr, VERBS))}):verb>")
@needs(Can.DEAL_VIEW, load=queries.find_deal)
def take_step(deal: Deal, verb: str) -> Answer:
    """Take a step of the table. Whether the actor may is for the command to say, for each step anew."""
    action = VERBS[verb]
    step = STEPS[action]
    form = step.form().for_deal(deal)
    if action is DealAction.SIGN:  # guessing is slowed down as at the door
        account_services.note_attempt(f"signing:{g.actor.user_id}", request.remote_addr or "")
    form.run(lambda: step.run(deal, form))
    if form.has_errors:
        return _page(deal, {action: form}), 422
    done(_(step.done))
    return redirect(url_for("deals.deal", id=deal.id))


@blueprint.post("/deals/<uuid:id>/payments/<uuid:payment_id>/reverse")
@needs(Can.DEAL_REVERSE_PAYMENT, load=queries.find_deal)
def reverse_payment(deal: Deal, payment_id: uuid.UUID) -> Answer:
    payment = queries.find_payment(deal, payment_id)
    if payment is None:
        raise NotFound()
    form = forms.ReversalForm()
    form.run(lambda: services.reverse_payment(g.actor, deal, payment=payment, memo_code=form.memo_code.data))
    if form.has_errors:
        return _page(deal, {DealAction.REVERSE_PAYMENT: form}), 422
    done(_("The payment was taken back; both postings stay in the books."))
    return redirect(url_for("deals.deal", id=deal.id))


# --- beside the deal ------------------------------------------------------------------------------------------------


def _put_beside(deal: Deal, name: str, run: Callable[[Any], object], sentence: str) -> Answer:
    form = BESIDE_FORMS[name]().for_deal(deal)
    form.run(lambda: run(form))
    if form.has_errors:
        return _page(deal, {name: form}), 422
    done(_(sentence))
    return redirect(url_for("deals.deal", id=deal.id))


@blueprint.post("/deals/<uuid:id>/files")
@needs(Can.DEAL_ATTACH, load=queries.find_deal)
def attach(deal: Deal) -> Answer:
    def run(form: Any) -> object:
        return upload(deal, form.file, FileKind(form.kind.data), form.note.data or "")

    return _put_beside(deal, "attach", run, N_("The file was attached."))


@blueprint.get("/deals/<uuid:id>/files/<uuid:file_id>")
@needs(Can.DEAL_VIEW, load=queries.find_deal)
def file(deal: Deal, file_id: uuid.UUID) -> Answer:
    found = queries.find_file(deal, file_id)
    if found is None:
        raise NotFound()
    return download(found.file, found.name)


@blueprint.post("/deals/<uuid:id>/registration")
@needs(Can.DEAL_REGISTER, load=queries.find_deal)
def register(deal: Deal) -> Answer:
    def run(form: Any) -> object:
        return services.register_contract(
            g.actor,
            deal,
            type=ContractType(form.type.data),
            number=form.number.data,
            total_fen=form.total_fen.data,
            approved_fen=form.approved_fen.data,
            registered_on=form.registered_on.data,
            certificate=upload(deal, form.file, FileKind.CERTIFICATE),
        )

    return _put_beside(deal, "register", run, N_("The registration is on record."))


@blueprint.post("/deals/<uuid:id>/broker")
@needs(Can.DEAL_CONFIRM_BROKER, load=queries.find_deal)
def confirm_broker(deal: Deal) -> Answer:
    def run(form: Any) -> object:
        return services.confirm_broker(g.actor, deal, note=form.reason.data or "")

    return _put_beside(deal, "confirm_broker", run, N_("You have confirmed the intermediary's part."))


@blueprint.post("/deals/<uuid:id>/successor")
@needs(Can.DEAL_ACCEPT_TRANSFER, load=queries.find_deal)
def accept_transfer(deal: Deal) -> Answer:
    account_services.note_attempt(f"signing:{g.actor.user_id}", request.remote_addr or "")

    def run(form: Any) -> object:
        return services.accept_transfer(g.actor, deal, password=form.password.data)

    return _put_beside(deal, "accept_transfer", run, N_("You have accepted. Now the licensor decides."))


@blueprint.post("/deals/<uuid:id>/payments/<uuid:payment_id>/reward")
@needs(Can.DEAL_STATE_REWARD, load=queries.find_deal)
def state_reward(deal: Deal, payment_id: uuid.UUID) -> Answer:
    payment = queries.find_payment(deal, payment_id)
    if payment is None:
        raise NotFound()

    def run(form: Any) -> object:
        return services.state_reward(
            g.actor,
            deal,
            payment=payment,
            cost_fen=form.cost_fen.data,
            tax_fen=form.tax_fen.data,
            rate=form.rate.data,
        )

    return _put_beside(deal, "state_reward", run, N_("The reward was stated."))


@blueprint.post("/deals/<uuid:id>/register/<int:number>/reward")
@needs(Can.DEAL_STATE_REWARD, load=queries.find_deal)
def state_stake_reward(deal: Deal, number: int) -> Answer:
    def run(form: Any) -> object:
        facts = {"cost_fen": form.cost_fen.data, "tax_fen": form.tax_fen.data, "rate": form.rate.data}
        return services.state_stake_reward(g.actor, deal, number=number, **facts)

    return _put_beside(deal, "state_stake_reward", run, N_("The reward was stated."))


@blueprint.post("/deals/<uuid:id>/notice")
@needs(Can.NOTICE_PUBLISH, load=queries.find_deal)
def publish_notice(deal: Deal) -> Answer:
    def run(form: Any) -> object:
        return services.publish_notice(g.actor, deal, summary=form.summary.data, days=form.days.data)

    return _put_beside(deal, "publish_notice", run, N_("The notice is public."))
