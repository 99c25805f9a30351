"""Who enters the figures that the platform cannot count."""

from __future__ import annotations

from matchmaker.accounts.roles import Role
from matchmaker.core.access import Permission, define, holds


class Can(Permission):
    TARGET_ENTER = "target:enter"


define({Can.TARGET_ENTER: holds(Role.ADMINISTRATOR)})
