"""Which step is open when, and to whom: every cell of the deal's table."""

from __future__ import annotations

from itertools import chain, combinations, product

import pytest

from matchmaker.core.errors import WrongState
from matchmaker.deals.states import (
    ACTION_LABELS,
    ACTION_SIDES,
    DEAL,
    ROLE_LABELS,
    STATE_LABELS,
    AlreadyAccepted,
    AlreadyReturned,
    AlreadySigned,
    DealAction,
    DealState,
    DocumentsNotReturned,
    ExtensionsUsedUp,
    NoEvidence,
    NothingOverdue,
    NotThisSide,
    OverPayment,
    PartyRole,
    PeriodsUnreported,
    StillOwed,
    accepting_step,
    sides_for,
    signing_step,
)

EVENTS = ("report_event", "confirm_event", "dispute_event")
IN_TRIAL = {
    **dict.fromkeys(EVENTS, "same"),
    "confirm_and_start": "paying",
    "start_payment": "paying",
    "report_trial": "same",
    "ask_extension": "same",
    "grant_extension": "on_trial",
    "refuse_extension": "same",
    "convert": "paying",
    "end": "ended",
    "convert_by_default": "paying",
    "extend_by_default": "on_trial",
    "end_by_default": "ended",
    "raise_dispute": "disputed",
    **dict.fromkeys(("pay_project_money", "confirm_stake", "dispute_stake"), "same"),
}
HOLDING = dict.fromkeys(("take_stake", "change_stake", "exit_stake", "confirm_stake", "dispute_stake"), "same")
MONEY = {
    "report_royalty": "same",
    "confirm_royalty": "same",
    "dispute_royalty": "same",
    "correct_royalty": "same",
    "record_payment": "same",
    "reverse_payment": "same",
    "charge_penalty": "same",
    "terminate": "ended",
}
LEGAL = {
    "draft": {"edit": "draft", "discard": "ended", "offer": "offered"},
    "offered": {
        "withdraw": "draft",
        "accept_first": "offered",
        "accept": "agreed",
        "counter": "offered",
        "decline": "ended",
    },
    "agreed": {
        "withdraw": "draft",
        "counter": "offered",
        "decline": "ended",
        "sign": "agreed",
        "activate": "on_trial",
        "activate_untried": "paying",
    },
    "on_trial": {**IN_TRIAL, "call_decision": "decision_due"},
    "decision_due": IN_TRIAL,
    "paying": {
        **dict.fromkeys(EVENTS, "same"),
        **MONEY,
        "declare_default": "defaulted",
        "raise_dispute": "disputed",
        "ask_transfer": "same",
        "transfer": "same",
        "refuse_transfer": "same",
        "pay_project_money": "same",
        **HOLDING,
        "complete": "completed",
    },
    "defaulted": {**MONEY, "cure": "paying", "raise_dispute": "disputed"},
    "disputed": {**MONEY, **HOLDING, "settle_to_trial": "on_trial", "settle_to_paying": "paying"},
    "ended": {
        "record_payment": "same",
        "reverse_payment": "same",
        "charge_penalty": "same",
        "return_documents": "same",
        **HOLDING,
    },
    "completed": {},
}

LICENSOR, LICENSEE, BROKER = PartyRole.LICENSOR, PartyRole.LICENSEE, PartyRole.BROKER
BOTH, ALL = {LICENSOR, LICENSEE}, {LICENSOR, LICENSEE, BROKER}


def test_the_table_has_these_states_and_no_others() -> None:
    assert set(DEAL.states) == set(LEGAL) == set(DealState)
    assert set(DEAL.actions) == set(DealAction)
    assert DEAL.initial == "draft"
    assert set(DEAL.final) == {"completed"}


@pytest.mark.parametrize(("state", "action"), list(product(DealState, DealAction)))
def test_each_cell_either_leads_on_or_refuses(state: DealState, action: DealAction) -> None:
    if action in LEGAL[state]:
        following = LEGAL[state][action]
        assert DEAL.step(state, action).next == (state if following == "same" else following)
    else:
        with pytest.raises(WrongState) as refusal:
            DEAL.step(state, action)
        assert (refusal.value.facts["state"], refusal.value.facts["action"]) == (state, action)
        assert set(refusal.value.facts["open"]) == set(LEGAL[state])


def test_a_state_read_back_as_plain_text_finds_its_cell() -> None:
    assert DEAL.step("draft", "offer").next is DealState.OFFERED
    with pytest.raises(WrongState) as refusal:
        DEAL.step("draft", "sign")
    assert refusal.value.facts["state"] is DealState.DRAFT


@pytest.mark.parametrize(
    ("action", "permission", "event"),
    [
        ("edit", "deal:edit", "deal.terms_edited"),
        ("discard", "deal:discard", "deal.draft_discarded"),
        ("offer", "deal:offer", "deal.terms_offered"),
        ("withdraw", "deal:withdraw", "deal.offer_withdrawn"),
        ("accept_first", "deal:accept", "deal.offer_accepted"),
        ("accept", "deal:accept", "deal.offer_accepted"),
        ("counter", "deal:counter", "deal.terms_countered"),
        ("decline", "deal:decline", "deal.offer_declined"),
        ("sign", "deal:sign", "deal.signed"),
        ("activate", "deal:sign", "deal.activated"),
        ("activate_untried", "deal:sign", "deal.activated"),
        ("report_event", "deal:report_event", "deal.event_reported"),
        ("confirm_event", "deal:confirm_event", "deal.event_confirmed"),
        ("confirm_and_start", "deal:confirm_event", "deal.payment_started"),
        ("dispute_event", "deal:confirm_event", "deal.event_disputed"),
        ("start_payment", "deal:start_payment", "deal.payment_started"),
        ("report_trial", "deal:report_trial", "deal.trial_reported"),
        ("ask_extension", "deal:ask_extension", "deal.extension_asked"),
        ("grant_extension", "deal:answer_extension", "deal.extension_granted"),
        ("refuse_extension", "deal:answer_extension", "deal.extension_refused"),
        ("convert", "deal:convert", "deal.converted"),
        ("end", "deal:end", "deal.trial_ended"),
        ("call_decision", "deal:keep_time", "deal.decision_called"),
        ("convert_by_default", "deal:keep_time", "deal.converted"),
        ("extend_by_default", "deal:keep_time", "deal.extension_granted"),
        ("end_by_default", "deal:keep_time", "deal.trial_ran_out"),
        ("report_royalty", "deal:report_royalty", "deal.royalty_reported"),
        ("confirm_royalty", "deal:answer_royalty", "deal.royalty_confirmed"),
        ("dispute_royalty", "deal:answer_royalty", "deal.royalty_disputed"),
        ("correct_royalty", "deal:report_royalty", "deal.royalty_corrected"),
        ("record_payment", "deal:record_payment", "deal.payment_recorded"),
        ("reverse_payment", "deal:reverse_payment", "deal.payment_reversed"),
        ("charge_penalty", "deal:charge_penalty", "deal.penalty_charged"),
        ("declare_default", "deal:declare_default", "deal.default_declared"),
        ("cure", "deal:declare_default", "deal.default_cured"),
        ("raise_dispute", "deal:raise_dispute", "deal.dispute_raised"),
        ("settle_to_trial", "deal:settle_dispute", "deal.dispute_settled"),
        ("settle_to_paying", "deal:settle_dispute", "deal.dispute_settled"),
        ("ask_transfer", "deal:ask_transfer", "deal.transfer_asked"),
        ("transfer", "deal:answer_transfer", "deal.transferred"),
        ("refuse_transfer", "deal:answer_transfer", "deal.transfer_refused"),
        ("pay_project_money", "deal:declare_stake", "deal.project_money_paid"),
        ("take_stake", "deal:declare_stake", "deal.stake_taken"),
        ("change_stake", "deal:declare_stake", "deal.stake_changed"),
        ("exit_stake", "deal:declare_stake", "deal.stake_exited"),
        ("confirm_stake", "deal:answer_stake", "deal.stake_confirmed"),
        ("dispute_stake", "deal:answer_stake", "deal.stake_disputed"),
        ("complete", "deal:complete", "deal.completed"),
        ("terminate", "deal:terminate", "deal.terminated"),
        ("return_documents", "deal:return_documents", "deal.documents_returned"),
    ],
)
def test_each_action_names_its_permission_and_its_event(action: str, permission: str, event: str) -> None:
    rows = [row for row in DEAL.transitions if row.action == action]
    assert {(row.permission, row.event) for row in rows} == {(permission, event)}


@pytest.mark.parametrize(
    ("action", "sides"),
    [
        ("edit", ALL),
        ("discard", ALL),
        ("offer", ALL),
        ("withdraw", ALL),
        ("accept_first", BOTH),
        ("accept", BOTH),
        ("counter", BOTH),
        ("decline", BOTH),
        ("sign", ALL),
        ("activate", ALL),
        ("activate_untried", ALL),
        ("report_event", BOTH),
        ("confirm_event", BOTH),
        ("confirm_and_start", BOTH),
        ("dispute_event", BOTH),
        ("start_payment", BOTH),
        ("report_trial", {LICENSEE}),
        ("ask_extension", {LICENSEE}),
        ("grant_extension", {LICENSOR}),
        ("refuse_extension", {LICENSOR}),
        ("convert", {LICENSEE}),
        ("end", {LICENSEE}),
        ("call_decision", set()),
        ("convert_by_default", set()),
        ("extend_by_default", set()),
        ("end_by_default", set()),
        ("report_royalty", {LICENSEE}),
        ("confirm_royalty", {LICENSOR}),
        ("dispute_royalty", {LICENSOR}),
        ("correct_royalty", {LICENSEE}),
        ("record_payment", {LICENSOR}),
        ("reverse_payment", {LICENSOR}),
        ("charge_penalty", {LICENSOR}),
        ("declare_default", {LICENSOR}),
        ("cure", {LICENSOR}),
        ("raise_dispute", BOTH),
        ("settle_to_trial", BOTH),
        ("settle_to_paying", BOTH),
        ("ask_transfer", {LICENSEE}),
        ("transfer", {LICENSOR}),
        ("refuse_transfer", {LICENSOR}),
        ("pay_project_money", BOTH),
        ("take_stake", BOTH),
        ("change_stake", BOTH),
        ("exit_stake", BOTH),
        ("confirm_stake", BOTH),
        ("dispute_stake", BOTH),
        ("complete", {LICENSOR}),
        ("terminate", BOTH),
        ("return_documents", {LICENSOR}),
    ],
)
def test_each_action_belongs_to_its_sides(action: str, sides: set[PartyRole]) -> None:
    assert ACTION_SIDES[DealAction(action)] == sides
    assert sides_for(DealAction(action), offered_by=None) == sides


@pytest.mark.parametrize(
    ("offered_by", "may_answer"),
    [(LICENSOR, {LICENSEE}), (LICENSEE, {LICENSOR}), (BROKER, BOTH)],
)
def test_an_offer_is_answered_by_another_principal_and_taken_back_by_its_maker(
    offered_by: PartyRole, may_answer: set[PartyRole]
) -> None:
    assert sides_for(DealAction.ACCEPT, offered_by=offered_by) == may_answer
    assert sides_for(DealAction.ACCEPT_FIRST, offered_by=offered_by) == may_answer
    assert sides_for(DealAction.COUNTER, offered_by=offered_by) == may_answer
    assert sides_for(DealAction.DECLINE, offered_by=offered_by) == may_answer
    assert sides_for(DealAction.WITHDRAW, offered_by=offered_by) == {offered_by}


@pytest.mark.parametrize("offered_by", list(PartyRole))
def test_who_made_the_offer_does_not_matter_for_the_other_steps(offered_by: PartyRole) -> None:
    answers = {
        DealAction.ACCEPT_FIRST,
        DealAction.ACCEPT,
        DealAction.COUNTER,
        DealAction.DECLINE,
        DealAction.WITHDRAW,
    }
    for action in set(DealAction) - answers:
        assert sides_for(action, offered_by=offered_by) == ACTION_SIDES[action]


@pytest.mark.parametrize(("offered_by", "other"), [(LICENSOR, LICENSEE), (LICENSEE, LICENSOR)])
def test_one_acceptance_is_enough_where_a_principal_made_the_offer(offered_by: PartyRole, other: PartyRole) -> None:
    assert accepting_step(other, offered_by=offered_by, accepted=set()) == "accept"


@pytest.mark.parametrize(("first", "last"), [(LICENSOR, LICENSEE), (LICENSEE, LICENSOR)])
def test_an_intermediarys_offer_takes_both_principals_in_any_order(first: PartyRole, last: PartyRole) -> None:
    assert accepting_step(first, offered_by=BROKER, accepted=set()) == "accept_first"
    assert accepting_step(last, offered_by=BROKER, accepted={first}) == "accept"


@pytest.mark.parametrize("offered_by", list(PartyRole))
def test_only_a_principal_who_did_not_make_the_offer_is_asked(offered_by: PartyRole) -> None:
    for side in {offered_by, BROKER}:
        with pytest.raises(NotThisSide):
            accepting_step(side, offered_by=offered_by, accepted=set())


def test_nobody_accepts_twice() -> None:
    with pytest.raises(AlreadyAccepted) as refusal:
        accepting_step(LICENSOR, offered_by=BROKER, accepted={LICENSOR})
    assert refusal.value.status == 409


PARTIES = [BOTH, ALL]


@pytest.mark.parametrize("parties", PARTIES)
@pytest.mark.parametrize("awaits_payment", [True, False])
def test_the_last_signature_in_any_order_brings_the_deal_into_force(
    parties: set[PartyRole], awaits_payment: bool
) -> None:
    subsets = chain.from_iterable(combinations(sorted(parties), size) for size in range(len(parties)))
    in_force = DealAction.ACTIVATE if awaits_payment else DealAction.ACTIVATE_UNTRIED
    for signed in subsets:
        for side in parties - set(signed):
            step = signing_step(side, parties=parties, signed=signed, awaits_payment=awaits_payment)
            assert step == (in_force if len(signed) == len(parties) - 1 else DealAction.SIGN)


def test_nobody_signs_twice() -> None:
    with pytest.raises(AlreadySigned) as refusal:
        signing_step(LICENSOR, parties=BOTH, signed={LICENSOR}, awaits_payment=True)
    assert refusal.value.status == 409


def test_only_a_party_signs() -> None:
    with pytest.raises(NotThisSide) as refusal:
        signing_step(BROKER, parties=BOTH, signed=set(), awaits_payment=True)
    assert refusal.value.status == 403


def test_an_event_is_reported_only_with_evidence() -> None:
    guard = DEAL.step("on_trial", "report_event").guard
    assert guard is not None
    guard(None, has_evidence=True, other_fact=0)
    with pytest.raises(NoEvidence) as refusal:
        guard(None, has_evidence=False)
    assert refusal.value.field == "evidence"


def test_a_trial_ends_only_when_the_documents_are_back() -> None:
    guard = DEAL.step("on_trial", "end").guard
    assert guard is not None
    guard(None, documents_returned=True)
    with pytest.raises(DocumentsNotReturned) as refusal:
        guard(None, documents_returned=False)
    assert refusal.value.field == "documents_returned"


def test_a_deal_is_completed_only_when_nothing_is_owed() -> None:
    guard = DEAL.step("paying", "complete").guard
    assert guard is not None
    guard(None, outstanding_fen=0, unreported=0, stake_settled=True)
    with pytest.raises(StillOwed) as refusal:
        guard(None, outstanding_fen=1, unreported=0, stake_settled=True)
    assert refusal.value.phrase % refusal.value.facts


def test_a_deal_is_not_completed_while_royalty_periods_are_open() -> None:
    guard = DEAL.step("paying", "complete").guard
    assert guard is not None
    with pytest.raises(PeriodsUnreported) as refusal:
        guard(None, outstanding_fen=0, unreported=1, stake_settled=True)
    assert refusal.value.phrase % refusal.value.facts


def test_no_more_is_recorded_as_paid_than_is_owed() -> None:
    guard = DEAL.step("paying", "record_payment").guard
    assert guard is not None
    guard(None, amount_fen=100, outstanding_fen=100)
    with pytest.raises(OverPayment) as refusal:
        guard(None, amount_fen=101, outstanding_fen=100)
    assert refusal.value.field == "fen"
    assert refusal.value.phrase % refusal.value.facts


def test_only_these_steps_are_guarded() -> None:
    guarded = {row.action for row in DEAL.transitions if row.guard}
    assert guarded == {
        "report_event", "ask_extension", "grant_extension", "end", "record_payment", "declare_default", "complete",
        "return_documents",
    }  # fmt: skip


def test_a_default_is_declared_only_where_something_is_late() -> None:
    guard = DEAL.step("paying", "declare_default").guard
    assert guard is not None
    guard(None, overdue_fen=1, late_reports=0)
    guard(None, overdue_fen=0, late_reports=1)
    with pytest.raises(NothingOverdue):
        guard(None, overdue_fen=0, late_reports=0)


def test_a_trial_is_extended_no_more_often_than_agreed() -> None:
    guard = DEAL.step("decision_due", "grant_extension").guard
    assert guard is not None
    guard(None, granted=1, most=2)
    with pytest.raises(ExtensionsUsedUp):
        guard(None, granted=2, most=2)


def test_the_return_of_the_documents_is_confirmed_once() -> None:
    guard = DEAL.step("ended", "return_documents").guard
    assert guard is not None
    guard(None, returned=False)
    with pytest.raises(AlreadyReturned):
        guard(None, returned=True)


def test_every_state_action_and_role_has_a_label() -> None:
    assert set(STATE_LABELS) == set(DealState)
    assert set(ACTION_LABELS) == set(DealAction)
    assert set(ROLE_LABELS) == set(PartyRole)
