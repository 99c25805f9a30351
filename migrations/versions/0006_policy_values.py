"""dated values of the policy by two persons, and the bad-credit list"""

import sqlalchemy as sa
from alembic import op
from matchmaker.core import append_only, types

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

APPEND_ONLY = ("policy_changes", "policy_decisions")


def upgrade() -> None:
    op.create_table(
        "policy_changes",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("clause_id", sa.Text(), nullable=False),
        sa.Column("from_on", types.Day(), nullable=False),
        sa.Column("body", types.Json(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("proposed_by_id", types.Id(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["proposed_by_id"], ["users.id"], name=op.f("fk_policy_changes_proposed_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_changes")),
        sa.UniqueConstraint("id", "proposed_by_id", name=op.f("uq_policy_changes_id_proposed_by_id")),
        sqlite_strict=True,
    )
    op.create_index("ix_policy_changes_clause_id", "policy_changes", ["clause_id", "from_on", "id"])
    op.create_index("ix_policy_changes_created_at", "policy_changes", ["created_at", "id"])
    op.create_table(
        "policy_decisions",
        sa.Column("change_id", types.Id(), nullable=False),
        sa.Column("proposed_by_id", types.Id(), nullable=False),
        sa.Column("decided_by_id", types.Id(), nullable=False),
        sa.Column("confirmed", types.Flag(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_at", types.UtcDateTime(), nullable=False),
        sa.CheckConstraint("decided_by_id <> proposed_by_id", name=op.f("ck_policy_decisions_two_persons")),
        sa.ForeignKeyConstraint(
            ["change_id", "proposed_by_id"],
            ["policy_changes.id", "policy_changes.proposed_by_id"],
            name="fk_policy_decisions_change",
        ),
        sa.ForeignKeyConstraint(["decided_by_id"], ["users.id"], name=op.f("fk_policy_decisions_decided_by_id")),
        sa.PrimaryKeyConstraint("change_id", name=op.f("pk_policy_decisions")),
        sqlite_strict=True,
    )
    op.create_index("ix_policy_decisions_decided_at", "policy_decisions", ["decided_at", "change_id"])
    op.create_table(
        "discredited_parties",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("credit_code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("listed_on", types.Day(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("entered_by_id", types.Id(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("lifted_on", types.Day(), nullable=True),
        sa.Column("lifted_by_id", types.Id(), nullable=True),
        sa.CheckConstraint("lifted_on >= listed_on", name=op.f("ck_discredited_parties_lifted_on")),
        sa.CheckConstraint("(lifted_on IS NULL) = (lifted_by_id IS NULL)", name=op.f("ck_discredited_parties_lifted")),
        sa.ForeignKeyConstraint(["entered_by_id"], ["users.id"], name=op.f("fk_discredited_parties_entered_by_id")),
        sa.ForeignKeyConstraint(["lifted_by_id"], ["users.id"], name=op.f("fk_discredited_parties_lifted_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_discredited_parties")),
        sqlite_strict=True,
    )
    op.create_index("ix_discredited_parties_credit_code", "discredited_parties", ["credit_code", "listed_on", "id"])
    for table in APPEND_ONLY:
        for statement in append_only.create(table, op.get_bind().dialect.name):
            op.execute(statement)


def downgrade() -> None:
    for table in APPEND_ONLY:
        for statement in append_only.drop(table, op.get_bind().dialect.name):
            op.execute(statement)
    op.drop_table("discredited_parties")
    op.drop_table("policy_decisions")
    op.drop_table("policy_changes")
