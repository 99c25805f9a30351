"""What is open in the deals that are being paid, written down. The worker fills it (deals/jobs.py)."""

import sqlalchemy as sa
from alembic import op

from matchmaker.core import types

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

BEGUN = sa.text("payment_starts_on IS NOT NULL")


def upgrade() -> None:
    op.add_column("deals", sa.Column("amounts_basis", sa.Text(), nullable=False, server_default=""))
    op.create_index(
        "ix_deals_amounts_basis", "deals", ["amounts_basis", "id"], sqlite_where=BEGUN, postgresql_where=BEGUN
    )
    op.create_table(
        "open_amounts",
        sa.Column("deal_id", types.Id(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", types.Number(), nullable=False, autoincrement=False),
        sa.Column("licensor_id", types.Id(), nullable=False),
        sa.Column("licensee_id", types.Id(), nullable=False),
        sa.Column("due_on", types.Day(), nullable=False),
        sa.Column("late_after_on", types.Day(), nullable=False),
        sa.Column("open_fen", types.Fen(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('lump_sum', 'instalment', 'deferred', 'entry_fee', 'milestone', 'royalty', 'penalty')",
            name=op.f("ck_open_amounts_kind"),
        ),
        sa.CheckConstraint("open_fen > 0", name=op.f("ck_open_amounts_open_fen")),
        sa.CheckConstraint("late_after_on >= due_on", name=op.f("ck_open_amounts_late_after_on")),
        sa.ForeignKeyConstraint(["deal_id"], ["deals.id"], name=op.f("fk_open_amounts_deal_id")),
        sa.ForeignKeyConstraint(["licensor_id"], ["organisations.id"], name=op.f("fk_open_amounts_licensor_id")),
        sa.ForeignKeyConstraint(["licensee_id"], ["organisations.id"], name=op.f("fk_open_amounts_licensee_id")),
        sa.PrimaryKeyConstraint("deal_id", "kind", "number", name=op.f("pk_open_amounts")),
        sqlite_strict=True,
    )
    for side in ("licensor_id", "licensee_id"):
        op.create_index(
            f"ix_open_amounts_{side}", "open_amounts", [side, "due_on", "late_after_on", "open_fen", "deal_id"]
        )


def downgrade() -> None:
    for side in ("licensor_id", "licensee_id"):
        op.drop_index(f"ix_open_amounts_{side}", "open_amounts")
    op.drop_table("open_amounts")
    op.drop_index("ix_deals_amounts_basis", "deals")
    op.drop_column("deals", "amounts_basis")
