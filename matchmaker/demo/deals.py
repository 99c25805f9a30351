"""Deals of the demonstration, in every state but in dispute: each lives its life through the services."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from fractions import Fraction
from typing import Any

from matchmaker.accounts.roles import Role
from matchmaker.core import clock
from matchmaker.core.access import Actor
from matchmaker.deals import services
from matchmaker.deals.models import ContractType, Deal
from matchmaker.deals.records import RecordKind, read_target
from matchmaker.deals.terms import DealKind, Terms, from_json, to_json
from matchmaker.demo.world import PASSWORD, PLATFORM, World, read

STAGES = ("draft", "offered", "agreed", "on_trial", "paying", "completed")


def load(world: World) -> None:
    for row in read("deals.yaml"):
        _deal(world, row)


def _deal(world: World, row: dict[str, Any]) -> None:
    introduction = world.introductions[row["introduction"]]
    parties = {
        "licensor": world.member_of(introduction.achievement_organisation, Role.TTO_OFFICER),
        "licensee": world.member_of(introduction.need_organisation, Role.ENTERPRISE_SIGNATORY),
    }
    if "broker" in row:
        parties["broker"] = world.someone(row["broker"], Role.TECHNOLOGY_MANAGER)
    drafting = parties[row["drafted_by"]]
    stage = "on_trial" if row["until"] == "ended" else row["until"]
    with world.days_ago(row["days_ago"]):
        deal = services.draft_deal(
            drafting,
            None,
            kind=DealKind(row["terms"].get("kind", "pay_later_licence")),
            achievements=[introduction.achievement],
            licensee=introduction.need_organisation,
            broker=world.organisations[row["broker"]] if "broker" in row else None,
            introduction=introduction,
            title=row["title"],
        )
        world.deals[row["key"]] = deal
        services.edit_terms(drafting, deal, terms=_terms(world, row))
        if stage != "draft":
            services.offer_terms(drafting, deal)
    if STAGES.index(stage) >= STAGES.index("agreed"):
        with world.days_ago(max(row["days_ago"] - 3, 0)):
            _agree(deal, parties, row["drafted_by"])
    if STAGES.index(stage) >= STAGES.index("on_trial"):
        with world.days_ago(max(row["days_ago"] - 6, 0)):
            for actor in parties.values():
                services.sign(actor, deal, sha256=deal.versions[-1].sha256, password=PASSWORD)
    _live(world, deal, row, parties)


def _terms(world: World, row: dict[str, Any]) -> Terms:
    effective = world.today - timedelta(days=row["days_ago"] - 10)
    own = dict(row["terms"])
    ends = effective.replace(year=effective.year + own.pop("years"), day=min(effective.day, 28)) - timedelta(days=1)
    days: dict[str, Any] = {"effective_on": effective.isoformat(), "ends_on": ends.isoformat()}
    if own["trigger"]["type"] == "on_date":
        days["trigger"] = {"type": "on_date", "on": effective.isoformat()}
    usual = {"schema": 1, "kind": "pay_later_licence", "licence": "ordinary", "sublicence": False, "grace_days": 30}
    return from_json(usual | {"pricing": "listing", "audit": True} | own | days)


def _agree(deal: Deal, parties: dict[str, Actor], drafted_by: str) -> None:
    for side in ("licensor", "licensee"):
        if side != drafted_by:
            services.accept_offer(parties[side], deal, sha256=deal.versions[-1].sha256)


def _live(world: World, deal: Deal, row: dict[str, Any], parties: dict[str, Actor]) -> None:
    """What happened after the signatures."""
    if "payment_days_ago" in row:
        with world.days_ago(row["payment_days_ago"]):
            services.report_event(
                parties["licensee"], deal, ref="trigger:0", evidence=row["evidence"], fen=row.get("revenue_fen")
            )
            services.confirm_event(parties["licensor"], deal)
    for number, payment in enumerate(row.get("payments", ())):
        with world.days_ago(payment["days_ago"]):
            services.record_payment(
                parties["licensor"],
                deal,
                fen=payment["fen"],
                paid_on=world.today - timedelta(days=payment["days_ago"]),
                note=payment["note"],
                idempotency_key=f"demo-{row['key']}-{number:04d}",
            )
    for step in row.get("life", ()):
        with world.days_ago(step["days_ago"]):
            _take(parties, deal, step)
    if row["until"] == "completed":
        with world.days_ago(row["payments"][-1]["days_ago"] - 5):
            services.complete_deal(parties["licensor"], deal)
    if row["until"] == "ended":
        with world.days_ago(row["days_ago"] - 340):
            services.end_trial(parties["licensee"], deal, documents_returned=True, reason=row["reason"])


def _take(parties: dict[str, Actor], deal: Deal, step: dict[str, Any]) -> None:
    """One step of a deal's life: `do` names the command, `by` the side, the rest are its facts."""
    facts = {name: value for name, value in step.items() if name not in ("days_ago", "do", "by")}
    command = getattr(services, step["do"])
    for name, meaning in _READ.get(step["do"], {}).items():
        facts[name] = meaning(deal, facts.get(name))
    command(parties[step["by"]] if "by" in step else PLATFORM, deal, **facts)


def _changed(deal: Deal, changes: Any) -> Terms:
    """The terms on offer, but for what is named."""
    offered = deal.versions[-1].terms
    return from_json(to_json(offered) | changes)


_ENTRY: dict[str, Callable[[Deal, Any], Any]] = {
    "share": lambda deal, value: Fraction(value),
    "on": lambda deal, value: clock.today(),
}
_READ: dict[str, dict[str, Callable[[Deal, Any], Any]]] = {
    "counter_offer": {"terms": _changed, "sha256": lambda deal, value: deal.versions[-1].sha256},
    "register_contract": {
        "type": lambda deal, value: ContractType(value),
        "registered_on": lambda deal, value: clock.today(),
    },
    "report_trial": {"kind": lambda deal, value: RecordKind(value)},
    "take_stake": _ENTRY,
    "change_stake": _ENTRY,
    "state_reward": {"payment": lambda deal, value: deal.payments[-1]},
    "charge_penalty": {"target": lambda deal, value: read_target(value)},
}
"""Facts that the file cannot say as they are."""
