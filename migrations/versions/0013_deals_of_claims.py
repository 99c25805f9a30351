"""Claims over several deals, and answers of reviewers to conditions that the facts leave open."""

import sqlalchemy as sa
from alembic import op
from matchmaker.core import types

revision = "0013"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "claim_deals",
        sa.Column("claim_id", types.Id(), nullable=False),
        sa.Column("deal_id", types.Id(), nullable=False),
        sa.Column("position", types.Number(), nullable=False),
        sa.Column("used_key", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["claim_id"], ["claims.id"], name=op.f("fk_claim_deals_claim_id")),
        sa.ForeignKeyConstraint(["deal_id"], ["deals.id"], name=op.f("fk_claim_deals_deal_id")),
        sa.PrimaryKeyConstraint("claim_id", "deal_id", name=op.f("pk_claim_deals")),
        sa.UniqueConstraint("claim_id", "position", name=op.f("uq_claim_deals_claim_id_position")),
        sa.UniqueConstraint("used_key", name=op.f("uq_claim_deals_used_key")),
        sqlite_strict=True,
    )
    op.create_index("ix_claim_deals_deal_id", "claim_deals", ["deal_id", "claim_id"])
    op.create_table(
        "claim_answers",
        sa.Column("claim_id", types.Id(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("met", types.Flag(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("answered_by_user_id", types.Id(), nullable=False),
        sa.Column("answered_at", types.UtcDateTime(), nullable=False),
        sa.CheckConstraint("note <> ''", name=op.f("ck_claim_answers_note")),
        sa.ForeignKeyConstraint(
            ["answered_by_user_id"], ["users.id"], name=op.f("fk_claim_answers_answered_by_user_id")
        ),
        sa.ForeignKeyConstraint(["claim_id"], ["claims.id"], name=op.f("fk_claim_answers_claim_id")),
        sa.PrimaryKeyConstraint("claim_id", "code", name=op.f("pk_claim_answers")),
        sqlite_strict=True,
    )
    # a claim for a deal is a claim for one deal; `live_key` already reads clause:deal
    op.execute(
        "INSERT INTO claim_deals (claim_id, deal_id, position, used_key) "
        "SELECT id, deal_id, 0, live_key FROM claims WHERE deal_id IS NOT NULL"
    )


def downgrade() -> None:
    op.drop_table("claim_answers")
    op.drop_table("claim_deals")
