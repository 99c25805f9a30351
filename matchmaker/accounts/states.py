"""The life of an organisation on the platform. Pure."""

from __future__ import annotations

from matchmaker.core.workflow_table import Transition, Workflow

_BY = "organisation:verify"

ORGANISATION = Workflow(
    "organisation",
    initial="pending",
    transitions=[
        Transition("pending", "verify", "verified", "organisation.verified", _BY),
        Transition("pending", "reject", "rejected", "organisation.rejected", _BY),
        Transition("rejected", "verify", "verified", "organisation.verified", _BY),
        # The bureau checked the name with the credit code: a new one waits for it again.
        Transition("verified", "rename", "pending", "organisation.renamed", "organisation:edit"),
        Transition("verified", "suspend", "suspended", "organisation.suspended", _BY),
        Transition("suspended", "reinstate", "verified", "organisation.reinstated", _BY),
    ],
)
