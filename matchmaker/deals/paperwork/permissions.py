"""What may be done with the papers of a deal beyond reading them, which goes by the deal's own rule."""

from __future__ import annotations

from matchmaker.core.access import Permission, define, holds


class Can(Permission):
    CONTRACT_KEEP = "contract:keep"


define({Can.CONTRACT_KEEP: holds()})  # nobody but the platform, after the last signature
