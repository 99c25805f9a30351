"""What the bureau does on the page of a claim: check, review, answer flags, propose, decide, pay, recover."""

from __future__ import annotations

import uuid

from flask import Response, g, redirect, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from matchmaker.core import clock
from matchmaker.core.access import needs
from matchmaker.core.errors import NotFound
from matchmaker.core.web.forms import done
from matchmaker.subsidies import (
    forms,
    notice_queries,
    notice_services,
    payout_services,
    queries,
    review_queries,
    review_services,
)
from matchmaker.subsidies.blueprint import blueprint
from matchmaker.subsidies.claim_views import answer
from matchmaker.subsidies.models import Claim
from matchmaker.subsidies.permissions import Can

Answer = str | Response | BaseResponse | tuple[str, int]


@blueprint.post("/claims/<uuid:id>/accept")
@needs(Can.CLAIM_CHECK, load=queries.find_claim)
def accept_claim(claim: Claim) -> Answer:
    review_services.accept_claim(g.actor, claim)
    done(_("The claim passed the formal check. Two reviewers were drawn."))
    return redirect(url_for("subsidies.claim", id=claim.id))


@blueprint.post("/claims/<uuid:id>/<any(return, reject):action>")
@needs(Can.CLAIM_CHECK, load=queries.find_claim)
def refuse_claim(claim: Claim, action: str) -> Answer:
    form = forms.ReasonForm()
    step = review_services.return_claim if action == "return" else review_services.reject_claim
    form.run(lambda: step(g.actor, claim, reason=form.reason.data or ""))
    return answer(claim, form, _("Your decision on the claim was recorded."), reason=form)


@blueprint.post("/claims/<uuid:id>/opinion")
@needs(Can.CLAIM_REVIEW, load=queries.find_claim)
def give_opinion(claim: Claim) -> Answer:
    form = forms.OpinionForm()
    form.run(lambda: review_services.give_opinion(g.actor, claim, **form.entries()))
    return answer(claim, form, _("Your opinion was recorded."), opinion=form)


@blueprint.post("/claims/<uuid:id>/stand-down")
@needs(Can.CLAIM_REVIEW, load=queries.find_claim)
def stand_down(claim: Claim) -> Answer:
    form = forms.StandDownForm()
    form.run(lambda: review_services.stand_down(g.actor, claim, reason=form.conflict.data or ""))
    return answer(claim, form, _("Another reviewer was drawn in your place."), stand_down=form)


@blueprint.post("/claims/<uuid:id>/flags/<uuid:flag_id>/<any(clear, uphold):action>")
@needs(Can.CLAIM_CHECK, load=queries.find_claim)
def answer_flag(claim: Claim, flag_id: uuid.UUID, action: str) -> Answer:
    flag = review_queries.find_flag(claim, flag_id)
    if flag is None:
        raise NotFound()
    form, upheld = forms.FlagForm(), action == "uphold"
    form.run(
        lambda: review_services.answer_flag(g.actor, claim, flag=flag, upheld=upheld, answer=form.answer.data or "")
    )
    return answer(claim, form, _("Your answer was recorded."), flag=form)


@blueprint.post("/claims/<uuid:id>/conditions/<code>/<any(met, unmet):finding>")
@needs(Can.CLAIM_CHECK, load=queries.find_claim)
def answer_condition(claim: Claim, code: str, finding: str) -> Answer:
    form, met = forms.ConditionForm(), finding == "met"
    form.run(lambda: review_services.answer_condition(g.actor, claim, code=code, met=met, note=form.note.data or ""))
    return answer(claim, form, _("Your answer was recorded."), condition=form)


@blueprint.post("/claims/<uuid:id>/propose")
@needs(Can.CLAIM_CHECK, load=queries.find_claim)
def propose_sum(claim: Claim) -> Answer:
    form = forms.ProposalForm()
    form.run(
        lambda: review_services.propose_sum(g.actor, claim, fen=int(form.fen.data or 0), reason=form.reason.data or "")
    )
    return answer(claim, form, _("The sum was proposed and is reserved in the budget."), proposal=form)


@blueprint.post("/claims/<uuid:id>/publish")
@needs(Can.CLAIM_CHECK, load=queries.find_claim)
def publish_notice(claim: Claim) -> Answer:
    notice_services.publish_notice(g.actor, claim)
    done(_("The proposed sum is on public notice."))
    return redirect(url_for("subsidies.claim", id=claim.id))


@blueprint.post("/claims/<uuid:id>/objections/<uuid:objection_id>/<any(dismiss, uphold):action>")
@needs(Can.CLAIM_DECIDE, load=queries.find_claim)
def decide_objection(claim: Claim, objection_id: uuid.UUID, action: str) -> Answer:
    objection = notice_queries.find_objection(claim, objection_id)
    if objection is None:
        raise NotFound()
    form = forms.ObjectionDecisionForm()
    decide = notice_services.dismiss_objection if action == "dismiss" else notice_services.uphold_objection
    form.run(lambda: decide(g.actor, claim, objection=objection, decision=form.decision.data or ""))
    return answer(claim, form, _("The decision on the objection was recorded."), objection=form)


@blueprint.post("/claims/<uuid:id>/approve")
@needs(Can.CLAIM_DECIDE, load=queries.find_claim)
def approve_claim(claim: Claim) -> Answer:
    notice_services.approve_claim(g.actor, claim)
    done(_("The claim was approved."))
    return redirect(url_for("subsidies.claim", id=claim.id))


@blueprint.post("/claims/<uuid:id>/pay")
@needs(Can.CLAIM_PAY, load=queries.find_claim)
def pay_claim(claim: Claim) -> Answer:
    form = forms.PaymentForm()
    form.run(lambda: payout_services.pay_claim(g.actor, claim, paid_on=form.paid_on.data or clock.today()))
    return answer(claim, form, _("The payment was recorded."), payment=form)


@blueprint.post("/claims/<uuid:id>/claw-back")
@needs(Can.CLAIM_RECOVER, load=queries.find_claim)
def claw_back(claim: Claim) -> Answer:
    form = forms.ClawBackForm()
    form.run(lambda: payout_services.claw_back(g.actor, claim, **form.entries()))
    return answer(claim, form, _("The repayment was ordered."), claw_back=form)


@blueprint.post("/claims/<uuid:id>/record-return")
@needs(Can.CLAIM_RECOVER, load=queries.find_claim)
def record_return(claim: Claim) -> Answer:
    form = forms.ReturnForm()
    form.run(lambda: payout_services.record_return(g.actor, claim, returned_on=form.returned_on.data or clock.today()))
    return answer(claim, form, _("The repayment was recorded; the budget has the money again."), **{"return": form})
