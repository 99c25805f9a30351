"""Pages of claims for those who make them, and the page of one claim for everybody who may see it."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Response, current_app, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from matchmaker.accounts.roles import Role
from matchmaker.core import access, clock, workflow
from matchmaker.core.access import Actor, needs
from matchmaker.core.db import give_up_writing
from matchmaker.core.errors import N_, Invalid, NotFound
from matchmaker.core.web import navigation, paging
from matchmaker.core.web.downloads import download
from matchmaker.core.web.forms import Form, done
from matchmaker.subsidies import forms, notice_queries, policies, queries, review_queries, rules, services
from matchmaker.subsidies.blueprint import blueprint
from matchmaker.subsidies.catalogue import Clause
from matchmaker.subsidies.forms import (
    ClaimForm,
    EvidenceForm,
    NewClaimForm,
    NewSubjectForm,
    PaperForm,
    ParticularsForm,
    stating,
)
from matchmaker.subsidies.models import Claim
from matchmaker.subsidies.papers import PaperKind
from matchmaker.subsidies.permissions import CLAIMING_ROLES, Can
from matchmaker.subsidies.review_models import ClaimReview
from matchmaker.subsidies.rules import Verdict
from matchmaker.subsidies.states import CLAIM, PAYABLE_STATES, ClaimState

Answer = str | Response | BaseResponse | tuple[str, int]

BUREAU = (Role.REVIEWER, Role.ADMINISTRATOR, Role.AUDITOR)


def _sees_claims(actor: Actor) -> bool:
    return actor.holds(*CLAIMING_ROLES, *BUREAU)


navigation.item("subsidies.claims", N_("Claims"), 52, shown=_sees_claims, group=navigation.Group.WORK)


# --- lists ----------------------------------------------------------------------------------------------------------


@blueprint.get("/claims")
@needs(Can.CLAIM_LIST)
def claims() -> Answer:
    """Reviewers begin with those that wait for them."""
    text, clause_id = paging.search_text(), paging.search_text("clause")
    chosen = request.args.get("state", ClaimState.SUBMITTED if g.actor.holds(Role.REVIEWER) else "")
    state = ClaimState(chosen) if chosen in set(ClaimState) else None
    mine, late = bool(request.args.get("mine")), bool(request.args.get("late"))
    found = queries.list_claims(g.actor, state=state, clause_id=clause_id, text=text, mine=mine, late=late)
    return render_template(
        "subsidies/claims.html",
        page=paging.paged(found, paging.page_number()),
        counts=queries.count_claims(g.actor),
        state=state,
        text=text,
        clause_id=clause_id,
        mine=mine,
        late=late,
        today=clock.today(),
        claimed=[clause for clause in policies.current().catalogue if clause.pays],
        claimable=_claimable_clauses(),
    )


def _claimable_clauses() -> list[Clause]:
    """Clauses that the actor can begin a claim under."""
    found = queries.list_claimable_clauses(g.actor.organisation_kind)
    return found if access.may(g.actor, Can.CLAIM_CREATE) else []


# --- a new claim ----------------------------------------------------------------------------------------------------


@blueprint.route("/claims/new", methods=["GET", "POST"])
@needs(Can.CLAIM_CREATE)
def new_claim() -> Answer:
    """`?clause=<id>`, one that the actor's organisation can claim; the first of them if none is named. `look` asks for
    the verdict alone.
    """
    looks = "look" in request.form
    if looks:
        give_up_writing()
    possible = _claimable_clauses()
    wanted = request.args.get("clause") or (possible[0].id if possible else "")
    clause = next((clause for clause in possible if clause.id == wanted), None)
    if clause is None:
        raise NotFound()
    for_deal = clause.id in rules.CLAIMANT_PART
    choice = queries.list_claimable_deals(g.actor, clause) if for_deal else []
    form = stating(NewClaimForm, clause)(choice) if for_deal else stating(NewSubjectForm, clause)()
    form.offer_periods(clause, queries.list_earlier_periods(g.actor.organisation_id, clause))
    claim = form.run(lambda: _draft(form, clause)) if form.is_submitted() and not looks else None
    if claim is None:
        if form.has_errors:
            give_up_writing()
        facts = {"form": form, "clause": clause, "choice": choice, "for_deal": for_deal, "possible": possible}
        tried = _tried(form, clause) if looks else {}
        return render_template("subsidies/new_claim.html", **facts, **tried), 422 if form.has_errors else 200
    done(_("The draft is saved. Attach the evidence, look at the verdict, then submit it."))
    return redirect(url_for("subsidies.claim", id=claim.id))


def _tried(form: NewClaimForm | NewSubjectForm, clause: Clause) -> dict[str, Any]:
    """The verdict on what stands in the form, whole or not: a look, which keeps nothing and finds no fault with it."""
    deals = form.chosen if isinstance(form, NewClaimForm) else []
    if isinstance(form, NewClaimForm) and not deals:
        return {"undecided": True}
    subject = form.subject.data or "" if isinstance(form, NewSubjectForm) else ""
    facts = {name: value for name, value in form.entries().items() if name != "statement"}
    try:
        claim = services.try_claim(g.actor, deals, clause_id=clause.id, subject=subject, **facts)
    except Invalid as error:
        form.attach(error)
        return {"undecided": True}
    note = rules.period_note(clause)
    return {"claim": claim, "verdict": queries.current_verdict(claim), "period_note": note}


def _draft(form: NewClaimForm | NewSubjectForm, clause: Clause) -> Claim:
    if isinstance(form, NewSubjectForm):
        facts = {**form.entries(), "subject": form.subject.data}
        return services.draft_claim(g.actor, None, clause_id=clause.id, **facts)
    deal, *further = form.chosen
    return services.draft_claim(g.actor, deal, clause_id=clause.id, further=further, **form.entries())


# --- one claim ------------------------------------------------------------------------------------------------------


@blueprint.get("/claims/<uuid:id>")
@needs(Can.CLAIM_VIEW, load=queries.find_claim)
def claim(claim: Claim) -> Answer:
    return claim_page(claim)


def claim_page(claim: Claim, **refused: Form) -> str:
    """The page of a claim; a form that was refused stands in its place with what was typed."""
    actions = workflow.open_actions(g.actor, claim, CLAIM)
    verdict = queries.verdict_on(claim)
    examines = access.may(g.actor, Can.CLAIM_EXAMINE, claim)
    barred = claim.state == ClaimState.SUBMITTED and g.actor.holds(Role.REVIEWER) and "accept" not in actions
    return render_template(
        "subsidies/claim.html",
        claim=claim,
        clause=claim.clause,
        verdict=verdict,
        period_note=rules.period_note(claim.clause),
        missing=queries.list_missing_evidence(claim),
        held=queries.list_held_evidence(claim),
        **(_completed(claim) if access.may(g.actor, Can.CLAIM_EDIT, claim) else {}),
        actions=actions,
        barred=barred,
        barred_until=review_queries.bar_of(claim) if claim.state in PAYABLE_STATES else None,
        today=clock.today(),
        history=queries.list_history(claim),
        notice=notice_queries.find_notice_of(claim) if claim.proposed_fen is not None else None,
        recovery=review_queries.recovery_of(claim),
        forms=_forms(claim, refused),
        **(_examined(claim, verdict, actions) if examines else {}),
    )


def _completed(claim: Claim) -> dict[str, Any]:
    """What the claimant alone is told, while the claim can be changed."""
    return {"offered": queries.list_offered_files(claim), "left_out": services.list_left_out(claim)}


def _examined(claim: Claim, verdict: Verdict | None, actions: list[str]) -> dict[str, Any]:
    """What the bureau alone sees: flags, opinions, the budget."""
    reviews = review_queries.list_reviews(claim)
    return {
        "flags": review_queries.list_flags(claim),
        "flag_facts": review_queries.flag_facts,
        "answerable": rules.answerable(verdict) if verdict is not None and "answer_condition" in actions else [],
        "reviews": review_queries.shown_reviews(g.actor, reviews),
        "drawn": sum(row.seat is not None for row in reviews),
        "awaited": _awaited(reviews),
        "given": sum(row.given_at is not None for row in reviews),
        "outcome": review_queries.outcome_among(reviews),
        "budget": queries.find_budget(claim.programme, claim.year) if "propose" in actions else None,
    }


def _awaited(reviews: list[ClaimReview]) -> list[ClaimReview]:
    """Who owes an opinion: for administrators, who remind them. Reviewers do not learn who else was drawn."""
    if not g.actor.holds(Role.ADMINISTRATOR):
        return []
    return [row for row in reviews if row.seat is not None and row.given_at is None]


def _forms(claim: Claim, refused: dict[str, Form]) -> dict[str, Form]:
    """Every form of the page, empty, with those that were refused in their place."""
    fresh: dict[str, Form] = {
        "evidence": EvidenceForm(claim.clause, formdata=None),
        "paper": PaperForm(formdata=None),
        "reason": forms.ReasonForm(formdata=None),
        "opinion": forms.OpinionForm(formdata=None, data={"fen": claim.requested_fen}),
        "stand_down": forms.StandDownForm(formdata=None),
        "flag": forms.FlagForm(formdata=None),
        "condition": forms.ConditionForm(formdata=None),
        "proposal": forms.ProposalForm(formdata=None, data={"fen": claim.recommended_fen}),
        "objection": forms.ObjectionDecisionForm(formdata=None),
        "payment": forms.PaymentForm(formdata=None),
        "claw_back": forms.ClawBackForm(formdata=None),
        "return": forms.ReturnForm(formdata=None, data={"returned_on": clock.today()}),
    }
    return {**fresh, **refused}


def answer(claim: Claim, form: Form, sentence: str, **refused: Form) -> Answer:
    """Back to the page: with the refused form in its place, or anew."""
    if form.has_errors:
        give_up_writing()
        return claim_page(claim, **refused), 422
    done(sentence)
    return redirect(url_for("subsidies.claim", id=claim.id))


@blueprint.route("/claims/<uuid:id>/edit", methods=["GET", "POST"])
@needs(Can.CLAIM_EDIT, load=queries.find_claim)
def edit_claim(claim: Claim) -> Answer:
    """A claim for deals offers its own and those that could begin one."""
    choice = [*claim.deals, *queries.list_claimable_deals(g.actor, claim.clause)] if claim.deals else []
    kind = stating(NewClaimForm if choice else ClaimForm, claim.clause)
    form = kind(choice, obj=claim) if choice else kind(obj=claim)
    form.offer_periods(claim.clause, queries.list_earlier_periods(claim.claimant_organisation_id, claim.clause))
    if not form.is_submitted():
        form.show(claim)
    else:
        deals = form.chosen if isinstance(form, NewClaimForm) else None
        facts = {**form.entries(), "version": form.seen_version}
        form.run(lambda: services.edit_claim(g.actor, claim, deals=deals, **facts))
        if not form.has_errors:
            done(_("The draft was saved."))
            return redirect(url_for("subsidies.claim", id=claim.id))
        give_up_writing()
        form.version.data = str(claim.version)
    page = render_template("subsidies/edit_claim.html", form=form, claim=claim, clause=claim.clause)
    return page, 422 if form.has_errors else 200


@blueprint.post("/claims/<uuid:id>/submit")
@needs(Can.CLAIM_SUBMIT, load=queries.find_claim)
def submit_claim(claim: Claim) -> Answer:
    services.submit_claim(g.actor, claim)
    done(_("The claim is with the bureau. You can withdraw it until it is on public notice."))
    return redirect(url_for("subsidies.claim", id=claim.id))


@blueprint.post("/claims/<uuid:id>/withdraw")
@needs(Can.CLAIM_WITHDRAW, load=queries.find_claim)
def withdraw_claim(claim: Claim) -> Answer:
    services.withdraw_claim(g.actor, claim)
    done(_("The claim was withdrawn."))
    return redirect(url_for("subsidies.claim", id=claim.id))


# --- papers and evidence --------------------------------------------------------------------------------------------


@blueprint.post("/claims/<uuid:id>/papers")
@needs(Can.CLAIM_EDIT, load=queries.find_claim)
def add_paper(claim: Claim) -> Answer:
    form = PaperForm()
    form.run(
        lambda: services.add_paper(
            g.actor,
            claim,
            kind=PaperKind(form.kind.data),
            number=form.number.data or "",
            fen=form.fen.data,
            dated_on=form.dated_on.data,
        )
    )
    return answer(claim, form, _("The number was entered."), paper=form)


@blueprint.post("/claims/<uuid:id>/papers/<uuid:paper_id>/remove")
@needs(Can.CLAIM_EDIT, load=queries.find_claim)
def remove_paper(claim: Claim, paper_id: uuid.UUID) -> Answer:
    row = queries.find_paper(claim, paper_id)
    if row is None:
        raise NotFound()
    services.remove_paper(g.actor, claim, paper=row)
    done(_("The number was removed."))
    return redirect(url_for("subsidies.claim", id=claim.id))


@blueprint.post("/claims/<uuid:id>/evidence")
@needs(Can.CLAIM_EDIT, load=queries.find_claim)
def add_evidence(claim: Claim) -> Answer:
    form, settings = EvidenceForm(claim.clause), current_app.extensions["matchmaker.settings"]
    form.run(
        lambda: services.add_evidence(
            g.actor,
            claim,
            kind=form.kind.data,
            stream=form.file.data.stream,
            name=form.file.data.filename or "",
            root=settings.files_dir,
            limit_bytes=settings.upload_limit_bytes,
        )
    )
    return answer(claim, form, _("The file was attached."), evidence=form)


@blueprint.post("/claims/<uuid:id>/evidence/from-deals")
@needs(Can.CLAIM_EDIT, load=queries.find_claim)
def attach_from_deals(claim: Claim) -> Answer:
    """One file that the deals hold, named in `file`, or all that are offered."""
    offered, wanted = [row for row, _kind in queries.list_offered_files(claim)], request.form.get("file")
    rows = [row for row in offered if wanted in (None, str(row.id))]
    if not rows:
        raise NotFound()
    form = EvidenceForm(claim.clause, formdata=None)
    try:
        services.attach_from_deals(g.actor, claim, rows=rows)
    except Invalid as error:
        form.attach(error)
    return answer(claim, form, _("The files of the deal were attached."), evidence=form)


@blueprint.get("/claims/<uuid:id>/evidence/<uuid:evidence_id>")
@needs(Can.CLAIM_VIEW, load=queries.find_claim)
def evidence(claim: Claim, evidence_id: uuid.UUID) -> Answer:
    """The file as a download, never shown in the page."""
    row = queries.find_evidence(claim, evidence_id)
    if row is None:
        raise NotFound()
    return download(row.file, row.name)


@blueprint.post("/claims/<uuid:id>/evidence/<uuid:evidence_id>/remove")
@needs(Can.CLAIM_EDIT, load=queries.find_claim)
def remove_evidence(claim: Claim, evidence_id: uuid.UUID) -> Answer:
    row = queries.find_evidence(claim, evidence_id)
    if row is None:
        raise NotFound()
    services.remove_evidence(g.actor, claim, evidence=row)
    done(_("The file was removed."))
    return redirect(url_for("subsidies.claim", id=claim.id))


@blueprint.route("/claims/particulars", methods=["GET", "POST"])
@needs(Can.PARTICULARS_SET)
def particulars() -> Answer:
    """What the organisation states about itself, once for all its claims."""
    known = review_queries.find_particulars(g.actor.organisation_id)
    form = ParticularsForm(obj=known)
    if known is not None and not form.is_submitted():
        form.owners.data = "\n".join(known.owners)
    if form.is_submitted():
        form.run(lambda: services.set_particulars(g.actor, None, **form.entries()))
        if not form.has_errors:
            done(_("The particulars were saved."))
            return redirect(url_for("subsidies.claims"))
        give_up_writing()
    return render_template("subsidies/particulars.html", form=form), 422 if form.has_errors else 200
