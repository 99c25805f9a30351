"""Who enters the figures that the platform cannot count, and who has which page on their desk."""

from __future__ import annotations

from matchmaker.accounts.roles import Role
from matchmaker.core.access import Permission, define, holds


class Can(Permission):
    TARGET_ENTER = "target:enter"
    MONEY_VIEW = "money:view"
    PIPELINE_VIEW = "pipeline:view"
    NEW_MATCHES_VIEW = "new-matches:view"
    NEW_MATCHES_MAIL = "new-matches:mail"


PARTIES = (Role.RESEARCHER, Role.TTO_OFFICER, Role.ENTERPRISE_MEMBER, Role.ENTERPRISE_SIGNATORY)
"""Members of organisations that pay or are paid."""

define(
    {
        Can.TARGET_ENTER: holds(Role.ADMINISTRATOR),
        # Which deals these pages read is settled by deal:view and introduction:view.
        Can.MONEY_VIEW: holds(*PARTIES),
        Can.PIPELINE_VIEW: holds(Role.TECHNOLOGY_MANAGER),
        # Of the own organisation's listings, a broker of all. What may be seen of them the listings' rules settle.
        Can.NEW_MATCHES_VIEW: holds(*PARTIES, Role.TECHNOLOGY_MANAGER),
        Can.NEW_MATCHES_MAIL: holds(*PARTIES, Role.TECHNOLOGY_MANAGER),
    }
)
