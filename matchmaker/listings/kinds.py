"""The words of a listing: its states, ways of transfer, rights and their standing. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from matchmaker.core.errors import N_


class ListingState(StrEnum):
    DRAFT = "draft"
    IN_REVIEW = "in_review"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class Mode(StrEnum):
    """Ways in which a result may change hands."""

    PAY_LATER_LICENCE = "pay_later_licence"
    ORDINARY_LICENCE = "ordinary_licence"
    EXCLUSIVE_LICENCE = "exclusive_licence"
    ASSIGNMENT = "assignment"
    EQUITY = "equity"
    CO_DEVELOPMENT = "co_development"


class RightKind(StrEnum):
    INVENTION_PATENT = "invention_patent"
    UTILITY_MODEL = "utility_model"
    DESIGN_PATENT = "design_patent"
    SOFTWARE_COPYRIGHT = "software_copyright"
    PLANT_VARIETY = "plant_variety"
    IC_LAYOUT = "ic_layout"
    KNOW_HOW = "know_how"


class RightStatus(StrEnum):
    PENDING = "pending"
    GRANTED = "granted"
    LAPSED = "lapsed"


class Language(StrEnum):
    """Of the listing's own text; the pages around it are in the reader's."""

    CHINESE = "zh"
    ENGLISH = "en"


LABELS: Mapping[StrEnum, str] = {
    ListingState.DRAFT: N_("Draft"),
    ListingState.IN_REVIEW: N_("In review"),
    ListingState.PUBLISHED: N_("Published"),
    ListingState.WITHDRAWN: N_("Withdrawn"),
    Mode.PAY_LATER_LICENCE: N_("Licence: use first, pay later"),
    Mode.ORDINARY_LICENCE: N_("Ordinary licence"),
    Mode.EXCLUSIVE_LICENCE: N_("Exclusive or sole licence"),
    Mode.ASSIGNMENT: N_("Assignment"),
    Mode.EQUITY: N_("Equity"),
    Mode.CO_DEVELOPMENT: N_("Joint development"),
    RightKind.INVENTION_PATENT: N_("Invention patent"),
    RightKind.UTILITY_MODEL: N_("Utility model"),
    RightKind.DESIGN_PATENT: N_("Design patent"),
    RightKind.SOFTWARE_COPYRIGHT: N_("Software copyright"),
    RightKind.PLANT_VARIETY: N_("Plant variety right"),
    RightKind.IC_LAYOUT: N_("Integrated-circuit layout"),
    RightKind.KNOW_HOW: N_("Know-how"),
    RightStatus.PENDING: N_("Application pending"),
    RightStatus.GRANTED: N_("In force"),
    RightStatus.LAPSED: N_("Lapsed"),
    Language.CHINESE: N_("Chinese"),
    Language.ENGLISH: N_("English"),
}
