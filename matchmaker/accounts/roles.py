"""Kinds of organisation, the roles their members hold, and the recognitions enterprises earn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from matchmaker.core.errors import N_


class OrganisationKind(StrEnum):
    UNIVERSITY = "university"
    ENTERPRISE = "enterprise"
    INTERMEDIARY = "intermediary"
    AUTHORITY = "authority"


class Role(StrEnum):
    RESEARCHER = "researcher"
    TTO_OFFICER = "tto_officer"
    ENTERPRISE_MEMBER = "enterprise_member"
    ENTERPRISE_SIGNATORY = "enterprise_signatory"
    TECHNOLOGY_MANAGER = "technology_manager"
    REVIEWER = "reviewer"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


class RecognitionKind(StrEnum):
    HIGH_TECH = "high_tech"
    SRDI_NATIONAL = "srdi_national"
    SRDI_PROVINCIAL = "srdi_provincial"
    SRDI_MUNICIPAL = "srdi_municipal"
    TECH_SME = "tech_sme"
    YOUNG_EAGLE = "young_eagle"
    GAZELLE = "gazelle"
    UNICORN = "unicorn"


LABELS: Mapping[StrEnum, str] = {
    OrganisationKind.UNIVERSITY: N_("University or institute"),
    OrganisationKind.ENTERPRISE: N_("Enterprise"),
    OrganisationKind.INTERMEDIARY: N_("Technology intermediary"),
    OrganisationKind.AUTHORITY: N_("Science bureau"),
    Role.RESEARCHER: N_("Researcher"),
    Role.TTO_OFFICER: N_("Technology-transfer officer"),
    Role.ENTERPRISE_MEMBER: N_("Enterprise member"),
    Role.ENTERPRISE_SIGNATORY: N_("Enterprise signatory"),
    Role.TECHNOLOGY_MANAGER: N_("Technology manager"),
    Role.REVIEWER: N_("Reviewer"),
    Role.AUDITOR: N_("Auditor"),
    Role.ADMINISTRATOR: N_("Administrator"),
    RecognitionKind.HIGH_TECH: N_("High-tech enterprise"),
    RecognitionKind.SRDI_NATIONAL: N_("Specialised and innovative SME, national level"),
    RecognitionKind.SRDI_PROVINCIAL: N_("Specialised and innovative SME, provincial level"),
    RecognitionKind.SRDI_MUNICIPAL: N_("Specialised and innovative SME, municipal level"),
    RecognitionKind.TECH_SME: N_("Technology-based SME"),
    RecognitionKind.YOUNG_EAGLE: N_("Young eagle enterprise"),
    RecognitionKind.GAZELLE: N_("Gazelle enterprise"),
    RecognitionKind.UNICORN: N_("Unicorn enterprise"),
}

ROLES_OF: Mapping[OrganisationKind, tuple[Role, ...]] = {
    OrganisationKind.UNIVERSITY: (Role.RESEARCHER, Role.TTO_OFFICER),
    OrganisationKind.ENTERPRISE: (Role.ENTERPRISE_MEMBER, Role.ENTERPRISE_SIGNATORY),
    OrganisationKind.INTERMEDIARY: (Role.TECHNOLOGY_MANAGER,),
    OrganisationKind.AUTHORITY: (Role.REVIEWER, Role.AUDITOR, Role.ADMINISTRATOR),
}
"""Roles a member of each kind of organisation may hold."""

MANAGING_ROLE: Mapping[OrganisationKind, Role] = {
    OrganisationKind.UNIVERSITY: Role.TTO_OFFICER,
    OrganisationKind.ENTERPRISE: Role.ENTERPRISE_SIGNATORY,
    OrganisationKind.INTERMEDIARY: Role.TECHNOLOGY_MANAGER,
    OrganisationKind.AUTHORITY: Role.ADMINISTRATOR,
}
"""The role that looks after the organisation's profile and members; whoever registers it gets this role."""

_SEPARATE = frozenset({Role.ADMINISTRATOR, Role.AUDITOR, Role.REVIEWER})


def conflicting_roles(roles: Iterable[Role]) -> frozenset[Role]:
    """The roles among these that no one may hold together; empty where there is no conflict.

    Separation of duties (GB/T 22239-2019 level 3, 三权分立): who runs the platform, who judges claims
    and who audits both are different people.
    """
    held = _SEPARATE.intersection(roles)
    return held if len(held) > 1 else frozenset()
