"""Kinds, roles and the separation of duties."""

from itertools import chain, combinations

import pytest

from matchmaker.accounts.roles import (
    LABELS,
    MANAGING_ROLE,
    ROLES_OF,
    OrganisationKind,
    RecognitionKind,
    Role,
    conflicting_roles,
)

DUTIES = {Role.ADMINISTRATOR, Role.AUDITOR, Role.REVIEWER}


def test_codes_are_those_of_the_seed_data():
    assert set(OrganisationKind) == {"university", "enterprise", "intermediary", "authority"}
    assert set(RecognitionKind) == {
        "high_tech", "srdi_national", "srdi_provincial", "srdi_municipal", "tech_sme", "young_eagle", "gazelle",
        "unicorn",
    }  # fmt: skip
    assert {kind.value: set(roles) for kind, roles in ROLES_OF.items()} == {
        "university": {"researcher", "tto_officer"},
        "enterprise": {"enterprise_member", "enterprise_signatory"},
        "intermediary": {"technology_manager"},
        "authority": {"reviewer", "auditor", "administrator"},
    }


def test_each_role_belongs_to_one_kind_of_organisation():
    assert sorted(chain.from_iterable(ROLES_OF.values())) == sorted(Role)


def test_each_kind_has_a_managing_role_of_its_own():
    assert {kind.value: role.value for kind, role in MANAGING_ROLE.items()} == {
        "university": "tto_officer",
        "enterprise": "enterprise_signatory",
        "intermediary": "technology_manager",
        "authority": "administrator",
    }
    assert all(role in ROLES_OF[kind] for kind, role in MANAGING_ROLE.items())


@pytest.mark.parametrize("pair", list(combinations(sorted(DUTIES), 2)))
def test_two_of_administrator_auditor_and_reviewer_conflict(pair):
    assert conflicting_roles(pair) == set(pair)
    assert conflicting_roles([*pair, Role.RESEARCHER]) == set(pair)


def test_all_three_duties_conflict():
    assert conflicting_roles(Role) == DUTIES


def test_any_set_of_roles_with_at_most_one_duty_is_free_of_conflict():
    others = [role for role in Role if role not in DUTIES]
    assert conflicting_roles([]) == frozenset()
    assert conflicting_roles(others) == frozenset()
    for duty in DUTIES:
        assert conflicting_roles([duty, *others]) == frozenset()
        assert conflicting_roles([duty, duty]) == frozenset()


def test_every_member_has_a_label_of_its_own():
    assert list(LABELS) == [*OrganisationKind, *Role, *RecognitionKind]
    assert len(set(LABELS.values())) == len(LABELS)
