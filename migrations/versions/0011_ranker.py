"""second stage of the ranking"""

import sqlalchemy as sa
from alembic import op
from matchmaker.core import types

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "match_ranker",
        sa.Column("id", types.Number(), autoincrement=False, nullable=False),
        sa.Column("directory", sa.Text(), nullable=False),
        sa.Column("index_built_at", types.UtcDateTime(), nullable=False),
        sa.Column("judged", sa.Text(), nullable=False),
        sa.Column("judgements", types.Number(), nullable=False),
        sa.Column("figures", types.Json(), nullable=False),
        sa.Column("fitted_at", types.UtcDateTime(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_match_ranker_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_match_ranker")),
        sqlite_strict=True,
    )


def downgrade() -> None:
    op.drop_table("match_ranker")
