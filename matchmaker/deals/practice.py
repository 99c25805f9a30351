"""The platform's own practice: what it advises and counts by. A file of the installation, read once."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

import yaml

from matchmaker.config import SEED_DATA
from matchmaker.deals.rewards import LEAST_RATE
from matchmaker.deals.terms import TrialOutcome
from matchmaker.deals.workdays import Workdays


@dataclass(frozen=True, slots=True)
class Practice:
    trial_usual: int
    trial_advised: tuple[int, int]
    undecided: TrialOutcome
    reward_rate: Fraction
    notice_days: int
    decision_days: int
    workdays: Workdays


@cache
def practice() -> Practice:
    """ValueError where the file asks for less than the law does, or for what a draft cannot say by itself."""
    data: dict[str, Any] = yaml.safe_load((SEED_DATA / "deals" / "practice.yaml").read_text(encoding="utf-8"))
    found = Practice(
        trial_usual=data["trial_months"]["usual"],
        trial_advised=(data["trial_months"]["least"], data["trial_months"]["most"]),
        undecided=TrialOutcome(data["undecided"]),
        reward_rate=Fraction(data["reward_rate"]),
        notice_days=data["notice_days"],
        decision_days=data["decision_days"],
        workdays=Workdays(data["workdays"]),
    )
    if found.reward_rate < LEAST_RATE or found.notice_days < 15:
        raise ValueError("practice.yaml: a reward is at least 1/2 of net income, a notice at least 15 days")
    if found.undecided is TrialOutcome.EXTEND:
        raise ValueError("practice.yaml: how often and by how long a trial is extended is for the parties to agree")
    return found
