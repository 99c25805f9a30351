"""How often a person is written to about new matches, and what was told."""

import sqlalchemy as sa
from alembic import op

from matchmaker.core import types

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "new_match_mails",
        sa.Column("user_id", types.Id(), nullable=False),
        sa.Column("rhythm", sa.Text(), nullable=False),
        sa.Column("looked_at", types.UtcDateTime(), nullable=True),
        sa.Column("told", types.Json(), nullable=False),
        sa.CheckConstraint("rhythm IN ('daily', 'weekly', 'never')", name=op.f("ck_new_match_mails_rhythm")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_new_match_mails_user_id")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_new_match_mails")),
        sqlite_strict=True,
    )


def downgrade() -> None:
    op.drop_table("new_match_mails")
