"""Contracts as they were when the last party signed."""

import sqlalchemy as sa
from alembic import op

from matchmaker.core import append_only, types

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "frozen_contracts",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("deal_id", types.Id(), nullable=False),
        sa.Column("number", types.Number(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("suffix", sa.Text(), nullable=False),
        sa.Column("file_id", types.Id(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.CheckConstraint("form IN ('zh', 'zh-en')", name=op.f("ck_frozen_contracts_form")),
        sa.CheckConstraint("suffix IN ('pdf', 'docx')", name=op.f("ck_frozen_contracts_suffix")),
        sa.ForeignKeyConstraint(["deal_id"], ["deals.id"], name=op.f("fk_frozen_contracts_deal_id")),
        sa.ForeignKeyConstraint(
            ["deal_id", "number"],
            ["terms_versions.deal_id", "terms_versions.number"],
            name="fk_frozen_contracts_version",
        ),
        sa.ForeignKeyConstraint(["file_id"], ["stored_files.id"], name=op.f("fk_frozen_contracts_file_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_frozen_contracts")),
        sa.UniqueConstraint(
            "deal_id", "number", "form", "suffix", name=op.f("uq_frozen_contracts_deal_id_number_form_suffix")
        ),
        sqlite_strict=True,
    )
    for statement in append_only.create("frozen_contracts", op.get_bind().dialect.name):
        op.execute(statement)


def downgrade() -> None:
    for statement in append_only.drop("frozen_contracts", op.get_bind().dialect.name):
        op.execute(statement)
    op.drop_table("frozen_contracts")
