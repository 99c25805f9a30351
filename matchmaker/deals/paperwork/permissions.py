"""What may be done with the papers of a deal beyond reading them, which goes by the deal's own rule."""

from __future__ import annotations

from matchmaker.accounts.roles import Role
from matchmaker.core.access import Member, Permission, define, holds
from matchmaker.deals.models import Deal


class Can(Permission):
    CONTRACT_KEEP = "contract:keep"
    REWARD_READ = "reward:read"


define(
    {
        Can.CONTRACT_KEEP: holds(),  # nobody but the platform, after the last signature
        # Costs, net income and who gets what are the licensor's own business and its completers'.
        Can.REWARD_READ: Member(Deal.licensor_id) | holds(Role.AUDITOR),
    }
)
