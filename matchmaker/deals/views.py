"""Pages of deals."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from matchmaker.accounts import queries as accounts
from matchmaker.accounts import services as account_services
from matchmaker.accounts.models import Organisation
from matchmaker.accounts.roles import OrganisationKind
from matchmaker.core import access, clock
from matchmaker.core.access import needs
from matchmaker.core.errors import N_, NotFound
from matchmaker.core.types import clean_text
from matchmaker.core.web import navigation, paging
from matchmaker.core.web.forms import Form, done
from matchmaker.deals import documents, forms, queries, services
from matchmaker.deals.models import Deal
from matchmaker.deals.permissions import Can
from matchmaker.deals.states import DEAL, DealAction, DealState, PartyRole
from matchmaker.deals.terms import DealKind, lines
from matchmaker.introductions import queries as introductions
from matchmaker.introductions.models import Introduction
from matchmaker.introductions.permissions import Can as IntroductionCan
from matchmaker.ledger.posting import MEMOS

blueprint = Blueprint("deals", __name__)

navigation.item("deals.deals", N_("Deals"), 45, shown=lambda actor: access.may(actor, Can.DEAL_LIST))

Answer = str | Response | BaseResponse | tuple[str, int]


@blueprint.context_processor
def _words() -> dict[str, Any]:
    return {"line_text": documents.line_text, "MEMOS": MEMOS, "PartyRole": PartyRole, "today": clock.today()}


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
    page = render_template("deals/new_deal.html", form=form, introduction=introduction, **_parties(own))
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
    DEAL.step(deal.state, DealAction.EDIT)
    form = _terms_form(deal)
    if form.is_submitted() and "more" not in request.form:
        form.run(lambda: services.edit_terms(g.actor, deal, terms=form.terms(), seen_version=form.version.data))
        if not form.has_errors:
            return _after_edit(deal)
    page = render_template("deals/edit_terms.html", form=form, deal=deal)
    return page, 422 if form.is_submitted() and form.has_errors else 200


def _terms_form(deal: Deal) -> forms.TermsForm:
    """The form as it was sent, with more lines if asked for; else as `_marked_form`."""
    if request.method != "POST":
        return _marked_form(deal)
    sent = request.form.get("rows", "")
    more = forms.MORE_ROWS if "more" in request.form else 0
    rows = int(sent) + more if sent.isascii() and sent.isdigit() else forms.rows_for(deal.draft)
    return forms.terms_form(deal, rows=min(rows, forms.MOST_ROWS))


def _marked_form(deal: Deal) -> forms.TermsForm:
    """The form with the draft in it, what stands in the way of an offer marked at its entries."""
    draft = deal.draft
    form = forms.terms_form(deal, rows=forms.rows_for(draft), formdata=None)
    if draft is not None and (faults := queries.judge(deal, draft).faults):
        form.attach(faults)
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
    return render_template(
        "deals/deal.html",
        deal=deal,
        forms={**shown, **(refused or {})},
        lines=lines(terms) if terms is not None else [],
        verdict=queries.judge(deal, terms) if terms is not None and deal.state == DealState.DRAFT else None,
        marked=_marked_form(deal) if DealAction.EDIT in shown else None,
        standing=queries.standing(deal, today),
        periods=queries.unreported_periods(deal),
        changes=queries.list_changes(deal),
        history=queries.list_history(deal),
        side=deal.side_of(g.actor.organisation_id),
    )


def _blank(deal: Deal, action: DealAction) -> Form:
    version = deal.version_on_offer
    known: dict[str, Any] = {"version": deal.version, "on": clock.today()}
    if version is not None:
        known["sha256"] = version.sha256
    if action is DealAction.REPORT_ROYALTY:
        known["number"] = queries.unreported_periods(deal)[0].number
    return _FORMS[action](formdata=None, data=known)


@dataclass(frozen=True, slots=True)
class _Step:
    """A step with its form, the command it runs and what to say when it is done."""

    form: type[Form]
    run: Callable[[Deal, Any], object]
    sentence: str


_STEPS: dict[DealAction, _Step] = {
    DealAction.DISCARD: _Step(
        forms.PlainForm, lambda deal, form: services.discard_draft(g.actor, deal), N_("The draft was discarded.")
    ),
    DealAction.OFFER: _Step(
        forms.OfferForm,
        lambda deal, form: services.offer_terms(g.actor, deal, seen_version=form.version.data),
        N_("The terms were offered. The other parties can read and answer them."),
    ),
    DealAction.WITHDRAW: _Step(
        forms.PlainForm,
        lambda deal, form: services.withdraw_offer(g.actor, deal),
        N_("The offer was taken back; the terms are a draft again."),
    ),
    DealAction.ACCEPT: _Step(
        forms.AnswerForm,
        lambda deal, form: services.accept_offer(g.actor, deal, sha256=form.sha256.data),
        N_("You have accepted the terms."),
    ),
    DealAction.DECLINE: _Step(
        forms.DeclineForm,
        lambda deal, form: services.decline_offer(g.actor, deal, reason=form.reason.data or ""),
        N_("You have declined the offer."),
    ),
    DealAction.SIGN: _Step(
        forms.SignForm,
        lambda deal, form: services.sign(g.actor, deal, sha256=form.sha256.data, password=form.password.data),
        N_("You have signed."),
    ),
    DealAction.START_PAYMENT: _Step(
        forms.PlainForm,
        lambda deal, form: services.start_payment(g.actor, deal),
        N_("Payment has started; the amounts due are in the schedule."),
    ),
    DealAction.END: _Step(
        forms.EndForm,
        lambda deal, form: services.end_trial(
            g.actor, deal, documents_returned=bool(form.documents_returned.data), reason=form.reason.data or ""
        ),
        N_("The trial was ended."),
    ),
    DealAction.REPORT_ROYALTY: _Step(
        forms.RoyaltyForm,
        lambda deal, form: services.report_royalty(g.actor, deal, number=form.number.data, base_fen=form.base_fen.data),
        N_("The report was recorded; the royalty is in the schedule."),
    ),
    DealAction.RECORD_PAYMENT: _Step(
        forms.PaymentForm,
        lambda deal, form: services.record_payment(
            g.actor,
            deal,
            fen=form.fen.data,
            paid_on=form.paid_on.data,
            note=form.note.data or "",
            idempotency_key=form.idempotency_key.data,
        ),
        N_("The payment is recorded and set against what is owed."),
    ),
    DealAction.COMPLETE: _Step(
        forms.PlainForm, lambda deal, form: services.complete_deal(g.actor, deal), N_("The deal is completed.")
    ),
    DealAction.TERMINATE: _Step(
        forms.TerminateForm,
        lambda deal, form: services.terminate_deal(g.actor, deal, reason=form.reason.data or ""),
        N_("The licence was terminated."),
    ),
}

_FORMS: dict[DealAction, type[Form]] = {
    DealAction.EDIT: forms.PlainForm,  # has a page of its own, as taking back a payment has an address
    DealAction.REVERSE_PAYMENT: forms.ReversalForm,
    **{action: step.form for action, step in _STEPS.items()},
}
_VERBS = {action.replace("_", "-"): action for action in _STEPS}


@blueprint.post(f"/deals/<uuid:id>/<any({', '.join(map(repr, _VERBS))}):verb>")
@needs(Can.DEAL_VIEW, load=queries.find_deal)
def take_step(deal: Deal, verb: str) -> Answer:
    """Take a step of the table. Whether the actor may is for the command to say, for each step anew."""
    action = _VERBS[verb]
    step = _STEPS[action]
    form = step.form()
    if action is DealAction.SIGN:  # guessing is slowed down as at the door
        account_services.note_attempt(f"signing:{g.actor.user_id}", request.remote_addr or "")
    form.run(lambda: step.run(deal, form))
    if form.has_errors:
        return _page(deal, {action: form}), 422
    done(_(step.sentence))
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
