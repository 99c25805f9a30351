"""Who may judge pairings, and who sees which listings resemble each other."""

from __future__ import annotations

from matchmaker.accounts.roles import Role
from matchmaker.core.access import Permission, define, holds, verified


class Can(Permission):
    PAIRING_JUDGE = "pairing:judge"
    DUPLICATES_LIST = "duplicates:list"


JUDGES = (
    Role.RESEARCHER,
    Role.TTO_OFFICER,
    Role.ENTERPRISE_MEMBER,
    Role.ENTERPRISE_SIGNATORY,
    Role.TECHNOLOGY_MANAGER,
)

define(
    {
        # For which pairing is settled by `services.may_judge`: it takes both listings to say.
        Can.PAIRING_JUDGE: verified & holds(*JUDGES),
        Can.DUPLICATES_LIST: holds(Role.ADMINISTRATOR),
    }
)
