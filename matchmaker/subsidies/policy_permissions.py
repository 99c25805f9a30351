"""Who may enter values of the policy, confirm them, keep the bad-credit list, and look at an organisation's prospects.

A proposal and its confirmation are by two persons (the database checks it once more). Reviewers and administrators may
do either: whoever judges claims knows the rules, whoever runs the platform enters them. The whole bureau may read.
"""

from __future__ import annotations

import sqlalchemy as sa

from matchmaker.accounts.models import Organisation
from matchmaker.accounts.roles import Role
from matchmaker.core.access import Member, Permission, Where, define, holds, signed_in
from matchmaker.subsidies.policy_models import PolicyChange, PolicyDecision


class Can(Permission):
    POLICY_VIEW = "policy:view"
    POLICY_PROPOSE = "policy:propose"
    POLICY_DECIDE = "policy:decide"
    CREDIT_VIEW = "credit:view"
    CREDIT_KEEP = "credit:keep"
    NAVIGATOR_OWN = "navigator:own"
    NAVIGATOR_VIEW = "navigator:view"


_bureau = holds(Role.REVIEWER, Role.ADMINISTRATOR, Role.AUDITOR)
_entering = holds(Role.REVIEWER, Role.ADMINISTRATOR)
_of_another = Where(
    one=lambda actor, change: change is None or change.proposed_by_id != actor.user_id,
    many=lambda actor: PolicyChange.proposed_by_id.is_distinct_from(actor.user_id),
)
_waiting = Where(
    one=lambda actor, change: change is None or change.decision is None,
    many=lambda actor: ~sa.exists().where(PolicyDecision.change_id == PolicyChange.id),
)

define(
    {
        Can.POLICY_VIEW: _bureau,
        Can.POLICY_PROPOSE: _entering,
        Can.POLICY_DECIDE: _entering & _of_another & _waiting,
        Can.CREDIT_VIEW: _bureau,
        Can.CREDIT_KEEP: holds(Role.ADMINISTRATOR),
        Can.NAVIGATOR_OWN: signed_in,
        Can.NAVIGATOR_VIEW: Member(Organisation.id) | _bureau,
    }
)
