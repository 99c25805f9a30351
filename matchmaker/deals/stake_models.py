"""The register of shares of a deal, and how the completers share in them (`deals.stakes`). Never changed."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from matchmaker.core.db import db, one_of
from matchmaker.core.messages import register_labels
from matchmaker.core.types import Choice, Fen, Flag, Json, Number
from matchmaker.deals.models import Deal, DealFile
from matchmaker.deals.rewards import Part
from matchmaker.deals.stakes import STAKE_LABELS, WAY_LABELS, ExitWay, StakeKind
from matchmaker.deals.states import PartyRole

register_labels(STAKE_LABELS)
register_labels(WAY_LABELS)


def _to_entry(table: str, number: str) -> ForeignKeyConstraint:
    # named in full: the convention looks at the first column alone, which has a foreign key of its own
    return ForeignKeyConstraint(
        ["deal_id", number], ["stake_entries.deal_id", "stake_entries.number"], f"fk_{table}_entry"
    )


class StakeEntry(db.Model):
    """An entry that a principal made in the register, or the other's answer to one (`about`). One answer to each."""

    __tablename__ = "stake_entries"
    __table_args__ = (
        one_of("kind", StakeKind),
        one_of("party", PartyRole),
        one_of("way", ExitWay),
        CheckConstraint("number > 0", name="number"),
        CheckConstraint("(kind IN ('confirmed', 'disputed')) = (about IS NOT NULL)", name="about"),
        CheckConstraint("about < number", name="order"),
        CheckConstraint("fen >= 0", name="fen"),
        CheckConstraint("ppm >= 0 AND ppm <= 1000000", name="ppm"),
        CheckConstraint("kind NOT IN ('taken', 'diluted', 'sold', 'exited') OR ppm IS NOT NULL", name="share"),
        CheckConstraint("(kind = 'exited') = (way IS NOT NULL)", name="exit"),
        UniqueConstraint("deal_id", "about"),
        _to_entry("stake_entries", "about"),
    )

    deal_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("deals.id"), primary_key=True)
    number: Mapped[int] = mapped_column(Number, primary_key=True)
    kind: Mapped[StakeKind] = mapped_column(Choice(StakeKind))
    party: Mapped[PartyRole] = mapped_column(Choice(PartyRole))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime]
    about: Mapped[int | None]
    on: Mapped[date | None]
    fen: Mapped[int | None] = mapped_column(Fen)  # paid, valued at, or brought in
    ppm: Mapped[int | None]  # share held from here on
    way: Mapped[ExitWay | None] = mapped_column(Choice(ExitWay))
    text: Mapped[str] = mapped_column(default="")  # evidence, reference of the registration, or reason
    file_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("deal_files.id"))

    deal: Mapped[Deal] = relationship(back_populates="stakes")
    file: Mapped[DealFile | None] = relationship()
    # Also what orders the two in one flush: a composite key alone does not.
    reward: Mapped[StakeReward | None] = relationship(back_populates="entry", lazy="joined")


class StakeReward(db.Model):
    """How the completers share in a stake: in the shares themselves when it was taken, or in what a sale of it brought.

    Amounts are fen, or millionths of the company where `in_shares`.
    """

    __tablename__ = "stake_rewards"
    __table_args__ = (
        CheckConstraint("net = received - cost - tax", name="net"),
        CheckConstraint("pool >= 0 AND pool <= net", name="pool"),
        _to_entry("stake_rewards", "number"),
    )

    deal_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(Number, primary_key=True)
    in_shares: Mapped[bool] = mapped_column(Flag)
    received: Mapped[int] = mapped_column(Fen)
    cost: Mapped[int] = mapped_column(Fen)
    tax: Mapped[int] = mapped_column(Fen)
    rate: Mapped[str]  # "p/q"
    net: Mapped[int] = mapped_column(Fen)
    pool: Mapped[int] = mapped_column(Fen)
    parts: Mapped[Any] = mapped_column(Json)  # [{name, share: "p/q", amount}]
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]

    entry: Mapped[StakeEntry] = relationship(back_populates="reward")

    @property
    def shares(self) -> list[Part]:
        return [Part(one["name"], Fraction(one["share"]), one["amount"]) for one in self.parts]
