"""the life of deals"""

import sqlalchemy as sa
from alembic import op
from matchmaker.core import append_only, types

revision = "0004"
down_revision = "0001"
branch_labels = None
depends_on = None

APPEND_ONLY = ("deal_records", "reward_statements")

KINDS = (
    "kind IN ('pay_later_licence', 'licence')",
    "kind IN ('pay_later_licence', 'licence', 'assignment', 'commissioned_development', 'cooperative_development', "
    "'equity', 'invest_first', 'open_licence')",
)
STATES = (
    "state IN ('draft', 'offered', 'agreed', 'on_trial', 'paying', 'ended', 'completed')",
    "state IN ('draft', 'offered', 'agreed', 'on_trial', 'decision_due', 'paying', 'defaulted', 'disputed', 'ended', "
    "'completed')",
)
SIGNED = (
    "state NOT IN ('on_trial', 'paying', 'completed') OR signed_on IS NOT NULL",
    "state IN ('draft', 'offered', 'agreed', 'ended') OR (signed_on IS NOT NULL AND trial_ends_on IS NOT NULL)",
)
PAYMENT = (
    "state NOT IN ('paying', 'completed') OR payment_starts_on IS NOT NULL",
    "state NOT IN ('paying', 'defaulted', 'completed') OR payment_starts_on IS NOT NULL",
)
CHECKS = {
    "ck_deals_kind": KINDS,
    "ck_deals_state": STATES,
    "ck_deals_signed": SIGNED,
    "ck_deals_payment": PAYMENT,
}
CURE = "state <> 'defaulted' OR cure_until IS NOT NULL"
CHANNELS = "channel IN ('bank', 'bill', 'escrow', 'insurer', 'other')"
DUE_KINDS = "due_kind IN ('lump_sum', 'instalment', 'deferred', 'entry_fee', 'milestone', 'royalty', 'penalty')"
DUE = "(due_kind IS NULL) = (due_number IS NULL)"

# What each table gains on SQLite, column by column: it takes a constraint only together with its column.
ADDED = {
    "deals": {
        "cure_until": f"TEXT CONSTRAINT ck_deals_cure CHECK ({CURE})",
        "documents_returned_on": "TEXT",
        "transfer_to_id": "TEXT CONSTRAINT fk_deals_transfer_to_id REFERENCES organisations (id)",
        "checked_on": "TEXT",
    },
    "payments": {
        "channel": f"TEXT DEFAULT 'bank' NOT NULL CONSTRAINT ck_payments_channel CHECK ({CHANNELS})",
        "due_kind": f"TEXT CONSTRAINT ck_payments_due_kind CHECK ({DUE_KINDS})",
        "due_number": f"INTEGER CONSTRAINT ck_payments_due CHECK ({DUE})",
        "receipt_id": "TEXT CONSTRAINT fk_payments_receipt_id REFERENCES deal_files (id)",
    },
}


def upgrade() -> None:
    op.create_table(
        "deal_files",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("deal_id", types.Id(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("file_id", types.Id(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("organisation_id", types.Id(), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('evidence', 'trial_report', 'receipt', 'certificate', 'broker_agreement', 'signed_scan', 'other')",
            name=op.f("ck_deal_files_kind"),
        ),
        sa.ForeignKeyConstraint(["deal_id"], ["deals.id"], name=op.f("fk_deal_files_deal_id")),
        sa.ForeignKeyConstraint(["file_id"], ["stored_files.id"], name=op.f("fk_deal_files_file_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_deal_files_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deal_files")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("deal_files", schema=None) as batch_op:
        batch_op.create_index("ix_deal_files_deal_id", ["deal_id", "created_at", "id"], unique=False)

    op.create_table(
        "deal_reminders",
        sa.Column("deal_id", types.Id(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("on", types.Day(), nullable=False),
        sa.ForeignKeyConstraint(["deal_id"], ["deals.id"], name=op.f("fk_deal_reminders_deal_id")),
        sa.PrimaryKeyConstraint("deal_id", "kind", "ref", name=op.f("pk_deal_reminders")),
        sqlite_strict=True,
    )
    op.create_table(
        "contract_registrations",
        sa.Column("deal_id", types.Id(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("number_key", sa.Text(), nullable=False),
        sa.Column("total_fen", types.Fen(), nullable=False),
        sa.Column("approved_fen", types.Fen(), nullable=False),
        sa.Column("registered_on", types.Day(), nullable=False),
        sa.Column("certificate_id", types.Id(), nullable=True),
        sa.Column("recorded_by_id", types.Id(), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "type IN ('development', 'transfer', 'licence', 'consulting', 'service')",
            name=op.f("ck_contract_registrations_type"),
        ),
        sa.CheckConstraint(
            "approved_fen >= 0 AND approved_fen <= total_fen", name=op.f("ck_contract_registrations_approved_fen")
        ),
        sa.ForeignKeyConstraint(
            ["certificate_id"], ["deal_files.id"], name=op.f("fk_contract_registrations_certificate_id")
        ),
        sa.ForeignKeyConstraint(["deal_id"], ["deals.id"], name=op.f("fk_contract_registrations_deal_id")),
        sa.ForeignKeyConstraint(
            ["recorded_by_id"], ["users.id"], name=op.f("fk_contract_registrations_recorded_by_id")
        ),
        sa.PrimaryKeyConstraint("deal_id", name=op.f("pk_contract_registrations")),
        sa.UniqueConstraint("number_key", name=op.f("uq_contract_registrations_number_key")),
        sqlite_strict=True,
    )
    op.create_table(
        "deal_records",
        sa.Column("deal_id", types.Id(), nullable=False),
        sa.Column("number", types.Number(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("party", sa.Text(), nullable=True),
        sa.Column("organisation_id", types.Id(), nullable=True),
        sa.Column("user_id", types.Id(), nullable=True),
        sa.Column("at", types.UtcDateTime(), nullable=False),
        sa.Column("about", types.Number(), nullable=True),
        sa.Column("ref", sa.Text(), nullable=True),
        sa.Column("on", types.Day(), nullable=True),
        sa.Column("fen", types.Fen(), nullable=True),
        sa.Column("months", types.Number(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("file_id", types.Id(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('event_reported', 'event_confirmed', 'event_disputed', 'trial_midterm', 'trial_final', 'extension_asked', 'extension_granted', 'extension_refused', 'royalty_confirmed', 'royalty_disputed', 'royalty_audited', 'royalty_corrected', 'penalty_charged', 'default_declared', 'dispute_raised', 'dispute_settled', 'transfer_asked', 'transfer_accepted', 'transfer_answered', 'documents_returned', 'broker_confirmed')",
            name=op.f("ck_deal_records_kind"),
        ),
        sa.CheckConstraint("party IN ('licensor', 'licensee', 'broker')", name=op.f("ck_deal_records_party")),
        sa.CheckConstraint("fen >= 0", name=op.f("ck_deal_records_fen")),
        sa.CheckConstraint("number > 0", name=op.f("ck_deal_records_number")),
        sa.ForeignKeyConstraint(["deal_id"], ["deals.id"], name=op.f("fk_deal_records_deal_id")),
        sa.ForeignKeyConstraint(["file_id"], ["deal_files.id"], name=op.f("fk_deal_records_file_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_deal_records_organisation_id")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_deal_records_user_id")),
        sa.PrimaryKeyConstraint("deal_id", "number", name=op.f("pk_deal_records")),
        sqlite_strict=True,
    )
    op.create_table(
        "notices",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("deal_id", types.Id(), nullable=False),
        sa.Column("number", types.Number(), nullable=False),
        sa.Column("licensor_id", types.Id(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("starts_on", types.Day(), nullable=False),
        sa.Column("ends_on", types.Day(), nullable=False),
        sa.Column("suspended_on", types.Day(), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("version", types.Number(), nullable=False),
        sa.CheckConstraint("(state = 'suspended') = (suspended_on IS NOT NULL)", name=op.f("ck_notices_suspended")),
        sa.CheckConstraint("state IN ('open', 'suspended', 'upheld')", name=op.f("ck_notices_state")),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_notices_days")),
        sa.ForeignKeyConstraint(
            ["deal_id", "number"], ["terms_versions.deal_id", "terms_versions.number"], name="fk_notices_version"
        ),
        sa.ForeignKeyConstraint(["deal_id"], ["deals.id"], name=op.f("fk_notices_deal_id")),
        sa.ForeignKeyConstraint(["licensor_id"], ["organisations.id"], name=op.f("fk_notices_licensor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("deal_id", "number", name=op.f("uq_notices_deal_id_number")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.create_index("ix_notices_ends_on", ["ends_on", "id"], unique=False)

    op.create_table(
        "notice_objections",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("notice_id", types.Id(), nullable=False),
        sa.Column("objector", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("user_id", types.Id(), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("upheld", types.Flag(), nullable=True),
        sa.Column("decided_on", types.Day(), nullable=True),
        sa.CheckConstraint("(decision IS NULL) = (upheld IS NULL)", name=op.f("ck_notice_objections_decision")),
        sa.ForeignKeyConstraint(["notice_id"], ["notices.id"], name=op.f("fk_notice_objections_notice_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_notice_objections_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_objections")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("notice_objections", schema=None) as batch_op:
        batch_op.create_index("ix_notice_objections_notice_id", ["notice_id", "created_at"], unique=False)

    op.create_table(
        "reward_statements",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("deal_id", types.Id(), nullable=False),
        sa.Column("payment_id", types.Id(), nullable=False),
        sa.Column("received_fen", types.Fen(), nullable=False),
        sa.Column("cost_fen", types.Fen(), nullable=False),
        sa.Column("tax_fen", types.Fen(), nullable=False),
        sa.Column("rate", sa.Text(), nullable=False),
        sa.Column("net_fen", types.Fen(), nullable=False),
        sa.Column("pool_fen", types.Fen(), nullable=False),
        sa.Column("parts", types.Json(), nullable=False),
        sa.Column("user_id", types.Id(), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.CheckConstraint("net_fen = received_fen - cost_fen - tax_fen", name=op.f("ck_reward_statements_net_fen")),
        sa.CheckConstraint("pool_fen >= 0 AND pool_fen <= net_fen", name=op.f("ck_reward_statements_pool_fen")),
        sa.ForeignKeyConstraint(["deal_id"], ["deals.id"], name=op.f("fk_reward_statements_deal_id")),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_reward_statements_payment_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_reward_statements_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reward_statements")),
        sa.UniqueConstraint("payment_id", name=op.f("uq_reward_statements_payment_id")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("reward_statements", schema=None) as batch_op:
        batch_op.create_index("ix_reward_statements_deal_id", ["deal_id", "created_at", "id"], unique=False)

    if op.get_bind().dialect.name == "postgresql":
        _add_on_postgresql()
    else:
        for table, columns in ADDED.items():
            for name, definition in columns.items():
                op.execute(f"ALTER TABLE {table} ADD COLUMN {name} {definition}")
    _change_checks(0, 1)
    op.create_index("ix_deals_checked_on", "deals", ["state", "checked_on", "id"])
    for table in APPEND_ONLY:
        for statement in append_only.create(table, op.get_bind().dialect.name):
            op.execute(statement)


def _add_on_postgresql() -> None:
    op.add_column("deals", sa.Column("cure_until", types.Day(), nullable=True))
    op.add_column("deals", sa.Column("documents_returned_on", types.Day(), nullable=True))
    op.add_column("deals", sa.Column("transfer_to_id", types.Id(), nullable=True))
    op.add_column("deals", sa.Column("checked_on", types.Day(), nullable=True))
    op.create_foreign_key("fk_deals_transfer_to_id", "deals", "organisations", ["transfer_to_id"], ["id"])
    op.create_check_constraint(op.f("ck_deals_cure"), "deals", CURE)
    op.add_column("payments", sa.Column("channel", sa.Text(), nullable=False, server_default="bank"))
    op.add_column("payments", sa.Column("due_kind", sa.Text(), nullable=True))
    op.add_column("payments", sa.Column("due_number", types.Number(), nullable=True))
    op.add_column("payments", sa.Column("receipt_id", types.Id(), nullable=True))
    op.alter_column("payments", "channel", server_default=None)
    op.create_foreign_key("fk_payments_receipt_id", "payments", "deal_files", ["receipt_id"], ["id"])
    op.create_check_constraint(op.f("ck_payments_channel"), "payments", CHANNELS)
    op.create_check_constraint(op.f("ck_payments_due_kind"), "payments", DUE_KINDS)
    op.create_check_constraint(op.f("ck_payments_due"), "payments", DUE)


def _change_checks(old: int, new: int) -> None:
    """Put the new wording of the constraints of `deals` in place of the old.

    SQLite cannot alter a CHECK, and copying the table would mean dropping one that many others point to. Its manual
    names the way for constraints that say more or less of the rows there are: change the text of the schema.
    """
    if op.get_bind().dialect.name == "postgresql":
        for name, wordings in CHECKS.items():
            op.drop_constraint(op.f(name), "deals")
            op.create_check_constraint(op.f(name), "deals", wordings[new])
        return
    connection = op.get_bind()
    text = connection.scalar(sa.text("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = 'deals'"))
    for wordings in CHECKS.values():
        assert text.count(wordings[old]) == 1, wordings[old]
        text = text.replace(wordings[old], wordings[new])
    cookie = connection.scalar(sa.text("PRAGMA schema_version"))
    connection.exec_driver_sql("PRAGMA writable_schema=ON")
    connection.execute(
        sa.text("UPDATE sqlite_schema SET sql = :text WHERE type = 'table' AND name = 'deals'"), {"text": text}
    )
    connection.exec_driver_sql(f"PRAGMA schema_version={cookie + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema=OFF")
    assert connection.scalar(sa.text("PRAGMA integrity_check")) == "ok"


def downgrade() -> None:
    for table in APPEND_ONLY:
        for statement in append_only.drop(table, op.get_bind().dialect.name):
            op.execute(statement)
    op.drop_index("ix_deals_checked_on", table_name="deals")
    # States and kinds that were not known become the nearest ones that were.
    op.execute(
        "UPDATE deals SET state = CASE WHEN payment_starts_on IS NULL THEN 'on_trial' ELSE 'paying' END "
        "WHERE state IN ('decision_due', 'defaulted', 'disputed')"
    )
    op.execute("UPDATE deals SET kind = 'licence' WHERE kind NOT IN ('pay_later_licence', 'licence')")
    _change_checks(1, 0)
    op.execute("UPDATE payments SET receipt_id = NULL")
    for table, columns in ADDED.items():
        for name in reversed(columns):
            op.execute(f"ALTER TABLE {table} DROP COLUMN {name}")
    for table in (
        "reward_statements",
        "notice_objections",
        "notices",
        "deal_records",
        "contract_registrations",
        "deal_reminders",
        "deal_files",
    ):
        op.drop_table(table)
