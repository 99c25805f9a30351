"""Changes beside the saved index; a mark on lists being computed anew.

Revision ID: 0003
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

from matchmaker.core import types

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "index_changes",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("listing_id", types.Id(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("settled", types.Flag(), nullable=False),
        sa.CheckConstraint("kind IN ('achievement', 'need')", name=op.f("ck_index_changes_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_index_changes")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("index_changes", schema=None) as batch_op:
        batch_op.create_index("ix_index_changes_settled", ["settled", "id"], unique=False)
    op.add_column("match_index", sa.Column("recomputing_since", types.UtcDateTime(), nullable=True))


def downgrade():
    op.drop_column("match_index", "recomputing_since")
    with op.batch_alter_table("index_changes", schema=None) as batch_op:
        batch_op.drop_index("ix_index_changes_settled")
    op.drop_table("index_changes")
