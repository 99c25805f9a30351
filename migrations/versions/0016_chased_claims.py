"""Earlier periods, reminders of claims, and one rule for the keys of flags."""

import sqlalchemy as sa
from alembic import op
from matchmaker.core import types

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

OF_THE_DEAL = (
    "excluding_clause",
    "split",
    "repeat",
    "circular",
    "late_broker",
    "unconfirmed_broker",
    "inventor_inside",
)

claims = sa.table("claims", sa.column("due_on", types.Day()), sa.column("chase_on", types.Day()))
flags = sa.table("claim_flags", sa.column("id", types.Id()), *map(sa.column, ("claim_id", "code", "key")))
deals = sa.table("claim_deals", *map(sa.column, ("claim_id", "deal_id", "position")))


def upgrade() -> None:
    op.add_column("claims", sa.Column("period_on", types.Day(), nullable=True))
    op.add_column("claims", sa.Column("chase_on", types.Day(), nullable=True))
    op.create_index("ix_claims_chase_on", "claims", ["chase_on", "id"])
    op.drop_index("ix_claims_due_on", "claims")
    op.create_index("ix_claims_due_on", "claims", ["due_on", "id"])
    op.get_bind().execute(sa.update(claims).where(claims.c.due_on.is_not(None)).values(chase_on=claims.c.due_on))
    op.create_table(
        "claim_reminders",
        sa.Column("claim_id", types.Id(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_on", types.Day(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("on", types.Day(), nullable=False),
        sa.ForeignKeyConstraint(["claim_id"], ["claims.id"], name=op.f("fk_claim_reminders_claim_id")),
        sa.PrimaryKeyConstraint("claim_id", "state", "due_on", "ref", name=op.f("pk_claim_reminders")),
        sqlite_strict=True,
    )
    _name_the_deal()


def _name_the_deal() -> None:
    """A finding about a deal that was kept without it was found at the first deal of its claim."""
    connection = op.get_bind()
    found = connection.execute(
        sa.select(flags.c.id, flags.c.key, flags.c.claim_id, deals.c.deal_id)
        .join(deals, deals.c.claim_id == flags.c.claim_id)
        .where(flags.c.code.in_(OF_THE_DEAL))
        .order_by(flags.c.id, deals.c.position)
    ).all()
    rows = {}
    for row in found:
        rows.setdefault(row.id, (row.key, []))[1].append(str(row.deal_id))
    for flag_id, (key, of_claim) in rows.items():
        if not any(key.endswith(f":{deal}") for deal in of_claim):
            connection.execute(sa.update(flags).where(flags.c.id == flag_id).values(key=f"{key}:{of_claim[0]}"))


def downgrade() -> None:
    """Keys of flags keep their deal: a finding may be asked once more, none is lost."""
    op.drop_table("claim_reminders")
    op.drop_index("ix_claims_chase_on", "claims")
    op.drop_index("ix_claims_due_on", "claims")
    op.create_index("ix_claims_due_on", "claims", ["due_on", "state"])
    op.drop_column("claims", "chase_on")
    op.drop_column("claims", "period_on")
