"""foundation"""

import sqlalchemy as sa
from alembic import op
from matchmaker.core import append_only, types

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

APPEND_ONLY = (
    "audit_events",
    "journal_entries",
    "journal_legs",
    "revisions",
    "terms_versions",
    "acceptances",
    "signatures",
    "royalty_reports",
)
REVISED = ("achievements", "needs")


def upgrade() -> None:
    op.create_table(
        "audit_events",
        sa.Column("number", types.Number(), autoincrement=True, nullable=False),
        sa.Column("at", types.UtcDateTime(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", types.Id(), nullable=True),
        sa.Column("organisation_id", types.Id(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("subject_id", types.Id(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("facts", types.Json(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_events")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("audit_events", schema=None) as batch_op:
        batch_op.create_index("ix_audit_events_subject_id", ["subject_id", "number"], unique=False)

    op.create_table(
        "budgets",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("year", types.Number(), nullable=False),
        sa.Column("total_fen", types.Fen(), nullable=False),
        sa.Column("used_fen", types.Fen(), nullable=False),
        sa.Column("revision", types.Number(), nullable=False),
        sa.CheckConstraint("used_fen >= 0 AND used_fen <= total_fen", name=op.f("ck_budgets_used_fen")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_budgets")),
        sa.UniqueConstraint("programme", "year", name=op.f("uq_budgets_programme_year")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("budgets", schema=None) as batch_op:
        batch_op.create_index("ix_budgets_year", ["year", "programme"], unique=False)

    op.create_table(
        "indexed_listings",
        sa.Column("listing_id", types.Id(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("revision_id", types.Id(), nullable=False),
        sa.Column("indexed_at", types.UtcDateTime(), nullable=False),
        sa.CheckConstraint("kind IN ('achievement', 'need')", name=op.f("ck_indexed_listings_kind")),
        sa.PrimaryKeyConstraint("listing_id", name=op.f("pk_indexed_listings")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("indexed_listings", schema=None) as batch_op:
        batch_op.create_index("ix_indexed_listings_indexed_at", ["indexed_at", "listing_id"], unique=False)

    op.create_table(
        "journal_entries",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("occurred_on", types.Day(), nullable=False),
        sa.Column("memo_code", sa.Text(), nullable=False),
        sa.Column("body_hash", sa.Text(), nullable=False),
        sa.Column("reverses_id", types.Id(), nullable=True),
        sa.Column("posted_at", types.UtcDateTime(), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", types.Id(), nullable=True),
        sa.Column("organisation_id", types.Id(), nullable=True),
        sa.CheckConstraint("(kind = 'reversal') = (reverses_id IS NOT NULL)", name=op.f("ck_journal_entries_reverses")),
        sa.CheckConstraint(
            "kind IN ('deal_due', 'deal_payment', 'budget_appropriation', 'budget_commitment', 'budget_release', 'subsidy_payout', 'reversal')",
            name=op.f("ck_journal_entries_kind"),
        ),
        sa.CheckConstraint(
            "memo_code IN ('deal_due', 'deal_payment', 'budget_appropriation', 'budget_commitment', 'budget_release', 'subsidy_payout', 'correction', 'entered_twice', 'returned_by_bank')",
            name=op.f("ck_journal_entries_memo_code"),
        ),
        sa.ForeignKeyConstraint(["reverses_id"], ["journal_entries.id"], name=op.f("fk_journal_entries_reverses_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal_entries")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_journal_entries_idempotency_key")),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_journal_entries_reverses_id")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("journal_entries", schema=None) as batch_op:
        batch_op.create_index("ix_journal_entries_posted_at", ["posted_at", "id"], unique=False)

    op.create_table(
        "match_index",
        sa.Column("id", types.Number(), autoincrement=False, nullable=False),
        sa.Column("achievements", sa.Text(), nullable=False),
        sa.Column("needs", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("documents", types.Number(), nullable=False),
        sa.Column("changed", types.Number(), nullable=False),
        sa.Column("built_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_match_index_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_match_index")),
        sqlite_strict=True,
    )
    op.create_table(
        "match_lists",
        sa.Column("listing_id", types.Id(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("hits", types.Json(), nullable=False),
        sa.Column("level", types.Number(), nullable=False),
        sa.Column("least", types.Number(), nullable=False),
        sa.Column("computed_at", types.UtcDateTime(), nullable=False),
        sa.CheckConstraint("kind IN ('achievement', 'need')", name=op.f("ck_match_lists_kind")),
        sa.PrimaryKeyConstraint("listing_id", name=op.f("pk_match_lists")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("match_lists", schema=None) as batch_op:
        batch_op.create_index("ix_match_lists_kind", ["kind", "level"], unique=False)

    op.create_table(
        "organisations",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=True),
        sa.Column("credit_code", sa.Text(), nullable=False),
        sa.Column("district", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("summary_en", sa.Text(), nullable=True),
        sa.Column("industry", sa.Text(), nullable=True),
        sa.Column("employees", types.Number(), nullable=True),
        sa.Column("revenue_fen", types.Fen(), nullable=True),
        sa.Column("assets_fen", types.Fen(), nullable=True),
        sa.Column("figures_year", types.Number(), nullable=True),
        sa.Column("decision_reason", sa.Text(), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("version", types.Number(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('university', 'enterprise', 'intermediary', 'authority')", name=op.f("ck_organisations_kind")
        ),
        sa.CheckConstraint(
            "state IN ('pending', 'verified', 'rejected', 'suspended')", name=op.f("ck_organisations_state")
        ),
        sa.CheckConstraint("assets_fen >= 0", name=op.f("ck_organisations_assets_fen")),
        sa.CheckConstraint("employees >= 0", name=op.f("ck_organisations_employees")),
        sa.CheckConstraint("revenue_fen >= 0", name=op.f("ck_organisations_revenue_fen")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisations")),
        sa.UniqueConstraint("credit_code", name=op.f("uq_organisations_credit_code")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("organisations", schema=None) as batch_op:
        batch_op.create_index("ix_organisations_kind", ["kind", "state", "name", "id"], unique=False)

    op.create_table(
        "outbox_messages",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("payload", types.Json(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("due_at", types.UtcDateTime(), nullable=False),
        sa.Column("tries", types.Number(), nullable=False),
        sa.Column("sent_at", types.UtcDateTime(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_messages")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("outbox_messages", schema=None) as batch_op:
        batch_op.create_index("ix_outbox_messages_due_at", ["sent_at", "due_at"], unique=False)

    op.create_table(
        "sign_in_attempts",
        sa.Column("number", types.Number(), autoincrement=True, nullable=False),
        sa.Column("at", types.UtcDateTime(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_sign_in_attempts")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("sign_in_attempts", schema=None) as batch_op:
        batch_op.create_index("ix_sign_in_attempts_account", ["account", "at"], unique=False)
        batch_op.create_index("ix_sign_in_attempts_source", ["source", "at"], unique=False)

    op.create_table(
        "stored_files",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size", types.Number(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stored_files")),
        sa.UniqueConstraint("sha256", name=op.f("uq_stored_files_sha256")),
        sqlite_strict=True,
    )
    op.create_table(
        "users",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=True),
        sa.Column("active", types.Flag(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
        sqlite_strict=True,
    )
    op.create_table(
        "achievements",
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("advantages", sa.Text(), nullable=False),
        sa.Column("applications", sa.Text(), nullable=False),
        sa.Column("trl", types.Number(), nullable=True),
        sa.Column("rights", types.Json(), nullable=False),
        sa.Column("completers", types.Json(), nullable=False),
        sa.Column("price_min_fen", types.Fen(), nullable=True),
        sa.Column("price_max_fen", types.Fen(), nullable=True),
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("keywords", types.Json(), nullable=False),
        sa.Column("field", sa.Text(), nullable=True),
        sa.Column("industries", types.Json(), nullable=False),
        sa.Column("modes", types.Json(), nullable=False),
        sa.Column("district", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("confidential", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("return_reason", sa.Text(), nullable=True),
        sa.Column("proposal", types.Json(), nullable=True),
        sa.Column("submitted_at", types.UtcDateTime(), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("published_at", types.UtcDateTime(), nullable=True),
        sa.Column("organisation_id", types.Id(), nullable=False),
        sa.Column("author_id", types.Id(), nullable=True),
        sa.Column("revision_id", types.Id(), nullable=True),
        sa.Column("version", types.Number(), nullable=False),
        sa.CheckConstraint("language IN ('zh', 'en')", name=op.f("ck_achievements_language")),
        sa.CheckConstraint(
            "state IN ('draft', 'in_review', 'published', 'withdrawn')", name=op.f("ck_achievements_state")
        ),
        sa.CheckConstraint("price_min_fen >= 0 AND price_max_fen >= price_min_fen", name=op.f("ck_achievements_price")),
        sa.CheckConstraint("trl BETWEEN 1 AND 9", name=op.f("ck_achievements_trl")),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_achievements_author_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_achievements_organisation_id")
        ),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["revisions.id"], name=op.f("fk_achievements_revision_id"), use_alter=True
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_achievements")),
        sa.UniqueConstraint("organisation_id", "external_id", name=op.f("uq_achievements_organisation_id_external_id")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("achievements", schema=None) as batch_op:
        batch_op.create_index(
            "ix_achievements_organisation_id", ["organisation_id", "state", "created_at"], unique=False
        )
        batch_op.create_index("ix_achievements_state", ["state", "published_at", "id"], unique=False)

    op.create_table(
        "claim_allowances",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("claimant_organisation_id", types.Id(), nullable=False),
        sa.Column("clause_id", sa.Text(), nullable=False),
        sa.Column("year", types.Number(), nullable=False),
        sa.Column("cap_fen", types.Fen(), nullable=False),
        sa.Column("used_fen", types.Fen(), nullable=False),
        sa.CheckConstraint("used_fen >= 0 AND used_fen <= cap_fen", name=op.f("ck_claim_allowances_used_fen")),
        sa.ForeignKeyConstraint(
            ["claimant_organisation_id"],
            ["organisations.id"],
            name=op.f("fk_claim_allowances_claimant_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim_allowances")),
        sa.UniqueConstraint(
            "claimant_organisation_id",
            "clause_id",
            "year",
            name=op.f("uq_claim_allowances_claimant_organisation_id_clause_id_year"),
        ),
        sqlite_strict=True,
    )
    op.create_table(
        "invitations",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("organisation_id", types.Id(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("roles", types.Json(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("invited_by_id", types.Id(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("expires_at", types.UtcDateTime(), nullable=False),
        sa.Column("accepted_at", types.UtcDateTime(), nullable=True),
        sa.Column("revoked_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["invited_by_id"], ["users.id"], name=op.f("fk_invitations_invited_by_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_invitations_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitations")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_invitations_token_hash")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("invitations", schema=None) as batch_op:
        batch_op.create_index("ix_invitations_organisation_id", ["organisation_id"], unique=False)

    op.create_table(
        "journal_legs",
        sa.Column("entry_id", types.Id(), nullable=False),
        sa.Column("position", types.Number(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("fen", types.Fen(), nullable=False),
        sa.CheckConstraint(
            "fen <> 0 AND fen BETWEEN -9000000000000000 AND 9000000000000000", name=op.f("ck_journal_legs_fen")
        ),
        sa.ForeignKeyConstraint(["entry_id"], ["journal_entries.id"], name=op.f("fk_journal_legs_entry_id")),
        sa.PrimaryKeyConstraint("entry_id", "position", name=op.f("pk_journal_legs")),
        sa.UniqueConstraint("entry_id", "account", name=op.f("uq_journal_legs_entry_id_account")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("journal_legs", schema=None) as batch_op:
        batch_op.create_index("ix_journal_legs_account", ["account", "entry_id"], unique=False)

    op.create_table(
        "memberships",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("user_id", types.Id(), nullable=False),
        sa.Column("organisation_id", types.Id(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_memberships_organisation_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_memberships_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_memberships")),
        sa.UniqueConstraint("user_id", "organisation_id", name=op.f("uq_memberships_user_id_organisation_id")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("memberships", schema=None) as batch_op:
        batch_op.create_index("ix_memberships_organisation_id", ["organisation_id"], unique=False)

    op.create_table(
        "needs",
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("targets", sa.Text(), nullable=False),
        sa.Column("background", sa.Text(), nullable=False),
        sa.Column("min_trl", types.Number(), nullable=True),
        sa.Column("budget_min_fen", types.Fen(), nullable=True),
        sa.Column("budget_max_fen", types.Fen(), nullable=True),
        sa.Column("deadline_on", types.Day(), nullable=True),
        sa.Column("anonymous", types.Flag(), nullable=False),
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("keywords", types.Json(), nullable=False),
        sa.Column("field", sa.Text(), nullable=True),
        sa.Column("industries", types.Json(), nullable=False),
        sa.Column("modes", types.Json(), nullable=False),
        sa.Column("district", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("confidential", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("return_reason", sa.Text(), nullable=True),
        sa.Column("proposal", types.Json(), nullable=True),
        sa.Column("submitted_at", types.UtcDateTime(), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("published_at", types.UtcDateTime(), nullable=True),
        sa.Column("organisation_id", types.Id(), nullable=False),
        sa.Column("author_id", types.Id(), nullable=True),
        sa.Column("revision_id", types.Id(), nullable=True),
        sa.Column("version", types.Number(), nullable=False),
        sa.CheckConstraint("language IN ('zh', 'en')", name=op.f("ck_needs_language")),
        sa.CheckConstraint("state IN ('draft', 'in_review', 'published', 'withdrawn')", name=op.f("ck_needs_state")),
        sa.CheckConstraint("budget_min_fen >= 0 AND budget_max_fen >= budget_min_fen", name=op.f("ck_needs_budget")),
        sa.CheckConstraint("min_trl BETWEEN 1 AND 9", name=op.f("ck_needs_min_trl")),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_needs_author_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_needs_organisation_id")),
        sa.ForeignKeyConstraint(["revision_id"], ["revisions.id"], name=op.f("fk_needs_revision_id"), use_alter=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_needs")),
        sa.UniqueConstraint("organisation_id", "external_id", name=op.f("uq_needs_organisation_id_external_id")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("needs", schema=None) as batch_op:
        batch_op.create_index("ix_needs_organisation_id", ["organisation_id", "state", "created_at"], unique=False)
        batch_op.create_index("ix_needs_state", ["state", "published_at", "id"], unique=False)

    op.create_table(
        "recognitions",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("organisation_id", types.Id(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("valid_from", types.Day(), nullable=False),
        sa.Column("valid_until", types.Day(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('high_tech', 'srdi_national', 'srdi_provincial', 'srdi_municipal', 'tech_sme', 'young_eagle', 'gazelle', 'unicorn')",
            name=op.f("ck_recognitions_kind"),
        ),
        sa.CheckConstraint("valid_until >= valid_from", name=op.f("ck_recognitions_validity")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_recognitions_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recognitions")),
        sa.UniqueConstraint(
            "organisation_id", "kind", "number", name=op.f("uq_recognitions_organisation_id_kind_number")
        ),
        sqlite_strict=True,
    )
    op.create_table(
        "attachments",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("achievement_id", types.Id(), nullable=True),
        sa.Column("need_id", types.Id(), nullable=True),
        sa.Column("file_id", types.Id(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("confidential", types.Flag(), nullable=False),
        sa.Column("released", types.Flag(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.CheckConstraint("(achievement_id IS NULL) <> (need_id IS NULL)", name=op.f("ck_attachments_one_listing")),
        sa.ForeignKeyConstraint(["achievement_id"], ["achievements.id"], name=op.f("fk_attachments_achievement_id")),
        sa.ForeignKeyConstraint(["file_id"], ["stored_files.id"], name=op.f("fk_attachments_file_id")),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_attachments_need_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachments")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("attachments", schema=None) as batch_op:
        batch_op.create_index("ix_attachments_achievement_id", ["achievement_id"], unique=False)
        batch_op.create_index("ix_attachments_need_id", ["need_id"], unique=False)

    op.create_table(
        "disclosures",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("achievement_id", types.Id(), nullable=True),
        sa.Column("need_id", types.Id(), nullable=True),
        sa.Column("organisation_id", types.Id(), nullable=False),
        sa.Column("granted_at", types.UtcDateTime(), nullable=False),
        sa.Column("revoked_at", types.UtcDateTime(), nullable=True),
        sa.CheckConstraint("(achievement_id IS NULL) <> (need_id IS NULL)", name=op.f("ck_disclosures_one_listing")),
        sa.ForeignKeyConstraint(["achievement_id"], ["achievements.id"], name=op.f("fk_disclosures_achievement_id")),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_disclosures_need_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_disclosures_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disclosures")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("disclosures", schema=None) as batch_op:
        batch_op.create_index("ix_disclosures_achievement_id", ["achievement_id", "organisation_id"], unique=False)
        batch_op.create_index("ix_disclosures_need_id", ["need_id", "organisation_id"], unique=False)

    op.create_table(
        "membership_roles",
        sa.Column("membership_id", types.Id(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "role IN ('researcher', 'tto_officer', 'enterprise_member', 'enterprise_signatory', 'technology_manager', 'reviewer', 'auditor', 'administrator')",
            name=op.f("ck_membership_roles_role"),
        ),
        sa.ForeignKeyConstraint(["membership_id"], ["memberships.id"], name=op.f("fk_membership_roles_membership_id")),
        sa.PrimaryKeyConstraint("membership_id", "role", name=op.f("pk_membership_roles")),
        sqlite_strict=True,
    )
    op.create_table(
        "revisions",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("achievement_id", types.Id(), nullable=True),
        sa.Column("need_id", types.Id(), nullable=True),
        sa.Column("number", types.Number(), nullable=False),
        sa.Column("body", types.Json(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.CheckConstraint("(achievement_id IS NULL) <> (need_id IS NULL)", name=op.f("ck_revisions_one_listing")),
        sa.ForeignKeyConstraint(["achievement_id"], ["achievements.id"], name=op.f("fk_revisions_achievement_id")),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_revisions_need_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revisions")),
        sa.UniqueConstraint("achievement_id", "number", name=op.f("uq_revisions_achievement_id_number")),
        sa.UniqueConstraint("need_id", "number", name=op.f("uq_revisions_need_id_number")),
        sqlite_strict=True,
    )
    op.create_table(
        "sign_ins",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("user_id", types.Id(), nullable=False),
        sa.Column("membership_id", types.Id(), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("ended_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["membership_id"], ["memberships.id"], name=op.f("fk_sign_ins_membership_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_sign_ins_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_ins")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_sign_ins_token_hash")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("sign_ins", schema=None) as batch_op:
        batch_op.create_index("ix_sign_ins_user_id", ["user_id"], unique=False)

    op.create_table(
        "introductions",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("open_key", sa.Text(), nullable=True),
        sa.Column("achievement_id", types.Id(), nullable=False),
        sa.Column("achievement_revision_id", types.Id(), nullable=False),
        sa.Column("achievement_organisation_id", types.Id(), nullable=False),
        sa.Column("achievement_author_id", types.Id(), nullable=True),
        sa.Column("need_id", types.Id(), nullable=True),
        sa.Column("need_revision_id", types.Id(), nullable=True),
        sa.Column("need_organisation_id", types.Id(), nullable=False),
        sa.Column("anonymous", types.Flag(), nullable=False),
        sa.Column("requested_by_organisation_id", types.Id(), nullable=False),
        sa.Column("requested_by_user_id", types.Id(), nullable=False),
        sa.Column("broker_id", types.Id(), nullable=True),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("confidentiality_version", sa.Text(), nullable=False),
        sa.Column("confidentiality_sha256", sa.Text(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("achievement_agreed_at", types.UtcDateTime(), nullable=True),
        sa.Column("achievement_agreed_by_id", types.Id(), nullable=True),
        sa.Column("need_agreed_at", types.UtcDateTime(), nullable=True),
        sa.Column("need_agreed_by_id", types.Id(), nullable=True),
        sa.Column("introduced_at", types.UtcDateTime(), nullable=True),
        sa.Column("met_on", types.Day(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("reason_note", sa.Text(), nullable=True),
        sa.Column("version", types.Number(), nullable=False),
        sa.CheckConstraint(
            "(introduced_at IS NOT NULL) = (state IN ('introduced', 'concluded'))",
            name=op.f("ck_introductions_introduced"),
        ),
        sa.CheckConstraint(
            "(open_key IS NOT NULL) = (state IN ('requested', 'introduced'))", name=op.f("ck_introductions_open")
        ),
        sa.CheckConstraint("(outcome IS NOT NULL) = (state = 'concluded')", name=op.f("ck_introductions_concluded")),
        sa.CheckConstraint(
            "(reason IS NOT NULL) = (state = 'declined' OR (outcome IS NOT NULL AND outcome = 'no_deal'))",
            name=op.f("ck_introductions_reasoned"),
        ),
        sa.CheckConstraint("outcome IN ('deal', 'no_deal')", name=op.f("ck_introductions_outcome")),
        sa.CheckConstraint(
            "reason IN ('too_early', 'too_dear', 'off_topic', 'already_have', 'unclear', 'no_capacity', 'other')",
            name=op.f("ck_introductions_reason"),
        ),
        sa.CheckConstraint(
            "state IN ('requested', 'introduced', 'declined', 'withdrawn', 'concluded')",
            name=op.f("ck_introductions_state"),
        ),
        sa.CheckConstraint(
            "(achievement_agreed_at IS NULL) = (achievement_agreed_by_id IS NULL)",
            name=op.f("ck_introductions_achievement_agreed"),
        ),
        sa.CheckConstraint(
            "(need_agreed_at IS NULL) = (need_agreed_by_id IS NULL)", name=op.f("ck_introductions_need_agreed")
        ),
        sa.CheckConstraint("(need_id IS NULL) = (need_revision_id IS NULL)", name=op.f("ck_introductions_need")),
        sa.CheckConstraint(
            "achievement_organisation_id <> need_organisation_id", name=op.f("ck_introductions_two_sides")
        ),
        sa.CheckConstraint(
            "broker_id <> achievement_organisation_id AND broker_id <> need_organisation_id",
            name=op.f("ck_introductions_third_party"),
        ),
        sa.CheckConstraint(
            "introduced_at IS NULL OR (achievement_agreed_at IS NOT NULL AND need_agreed_at IS NOT NULL)",
            name=op.f("ck_introductions_both_agreed"),
        ),
        sa.ForeignKeyConstraint(
            ["achievement_agreed_by_id"], ["users.id"], name=op.f("fk_introductions_achievement_agreed_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["achievement_author_id"], ["users.id"], name=op.f("fk_introductions_achievement_author_id")
        ),
        sa.ForeignKeyConstraint(["achievement_id"], ["achievements.id"], name=op.f("fk_introductions_achievement_id")),
        sa.ForeignKeyConstraint(
            ["achievement_organisation_id"],
            ["organisations.id"],
            name=op.f("fk_introductions_achievement_organisation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["achievement_revision_id"], ["revisions.id"], name=op.f("fk_introductions_achievement_revision_id")
        ),
        sa.ForeignKeyConstraint(["broker_id"], ["organisations.id"], name=op.f("fk_introductions_broker_id")),
        sa.ForeignKeyConstraint(["need_agreed_by_id"], ["users.id"], name=op.f("fk_introductions_need_agreed_by_id")),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_introductions_need_id")),
        sa.ForeignKeyConstraint(
            ["need_organisation_id"], ["organisations.id"], name=op.f("fk_introductions_need_organisation_id")
        ),
        sa.ForeignKeyConstraint(["need_revision_id"], ["revisions.id"], name=op.f("fk_introductions_need_revision_id")),
        sa.ForeignKeyConstraint(
            ["requested_by_organisation_id"],
            ["organisations.id"],
            name=op.f("fk_introductions_requested_by_organisation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["requested_by_user_id"], ["users.id"], name=op.f("fk_introductions_requested_by_user_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_introductions")),
        sa.UniqueConstraint("open_key", name=op.f("uq_introductions_open_key")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("introductions", schema=None) as batch_op:
        batch_op.create_index(
            "ix_introductions_achievement_id", ["achievement_id", "need_organisation_id"], unique=False
        )
        batch_op.create_index(
            "ix_introductions_achievement_organisation_id",
            ["achievement_organisation_id", "created_at", "id"],
            unique=False,
        )
        batch_op.create_index("ix_introductions_broker_id", ["broker_id", "created_at", "id"], unique=False)
        batch_op.create_index("ix_introductions_created_at", ["created_at", "id"], unique=False)
        batch_op.create_index("ix_introductions_introduced_at", ["introduced_at"], unique=False)
        batch_op.create_index("ix_introductions_need_id", ["need_id", "achievement_organisation_id"], unique=False)
        batch_op.create_index(
            "ix_introductions_need_organisation_id", ["need_organisation_id", "created_at", "id"], unique=False
        )

    op.create_table(
        "deals",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("licensor_id", types.Id(), nullable=False),
        sa.Column("licensee_id", types.Id(), nullable=False),
        sa.Column("broker_id", types.Id(), nullable=True),
        sa.Column("drafted_by_id", types.Id(), nullable=False),
        sa.Column("introduction_id", types.Id(), nullable=True),
        sa.Column("terms", types.Json(), nullable=True),
        sa.Column("number", types.Number(), nullable=False),
        sa.Column("offered_by", sa.Text(), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("signed_on", types.Day(), nullable=True),
        sa.Column("trial_ends_on", types.Day(), nullable=True),
        sa.Column("payment_starts_on", types.Day(), nullable=True),
        sa.Column("payment_evidence", sa.Text(), nullable=True),
        sa.Column("ended_on", types.Day(), nullable=True),
        sa.Column("ended_reason", sa.Text(), nullable=True),
        sa.Column("version", types.Number(), nullable=False),
        sa.CheckConstraint("(state IN ('ended', 'completed')) = (ended_on IS NOT NULL)", name=op.f("ck_deals_ended")),
        sa.CheckConstraint("kind IN ('pay_later_licence', 'licence')", name=op.f("ck_deals_kind")),
        sa.CheckConstraint("offered_by IN ('licensor', 'licensee', 'broker')", name=op.f("ck_deals_offered_by")),
        sa.CheckConstraint(
            "state IN ('draft', 'offered', 'agreed', 'on_trial', 'paying', 'ended', 'completed')",
            name=op.f("ck_deals_state"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('on_trial', 'paying', 'completed') OR signed_on IS NOT NULL", name=op.f("ck_deals_signed")
        ),
        sa.CheckConstraint(
            "state NOT IN ('paying', 'completed') OR payment_starts_on IS NOT NULL", name=op.f("ck_deals_payment")
        ),
        sa.CheckConstraint("broker_id <> licensor_id AND broker_id <> licensee_id", name=op.f("ck_deals_broker")),
        sa.CheckConstraint("drafted_by_id IN (licensor_id, licensee_id, broker_id)", name=op.f("ck_deals_drafted_by")),
        sa.CheckConstraint("licensor_id <> licensee_id", name=op.f("ck_deals_parties")),
        sa.CheckConstraint("number >= 0", name=op.f("ck_deals_number")),
        sa.ForeignKeyConstraint(["broker_id"], ["organisations.id"], name=op.f("fk_deals_broker_id")),
        sa.ForeignKeyConstraint(["drafted_by_id"], ["organisations.id"], name=op.f("fk_deals_drafted_by_id")),
        sa.ForeignKeyConstraint(["introduction_id"], ["introductions.id"], name=op.f("fk_deals_introduction_id")),
        sa.ForeignKeyConstraint(["licensee_id"], ["organisations.id"], name=op.f("fk_deals_licensee_id")),
        sa.ForeignKeyConstraint(["licensor_id"], ["organisations.id"], name=op.f("fk_deals_licensor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deals")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("deals", schema=None) as batch_op:
        batch_op.create_index("ix_deals_broker_id", ["broker_id", "created_at", "id"], unique=False)
        batch_op.create_index("ix_deals_licensee_id", ["licensee_id", "created_at", "id"], unique=False)
        batch_op.create_index("ix_deals_licensor_id", ["licensor_id", "created_at", "id"], unique=False)
        batch_op.create_index("ix_deals_signed_on", ["signed_on", "id"], unique=False)
        batch_op.create_index("ix_deals_state", ["state", "created_at", "id"], unique=False)

    op.create_table(
        "claims",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("live_key", sa.Text(), nullable=True),
        sa.Column("clause_id", sa.Text(), nullable=False),
        sa.Column("clause_frozen", types.Json(), nullable=False),
        sa.Column("policy_id", sa.Text(), nullable=False),
        sa.Column("policy_sha256", sa.Text(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("year", types.Number(), nullable=False),
        sa.Column("claimant_organisation_id", types.Id(), nullable=False),
        sa.Column("claimed_by_user_id", types.Id(), nullable=False),
        sa.Column("deal_id", types.Id(), nullable=False),
        sa.Column("requested_fen", types.Fen(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("situation", types.Json(), nullable=True),
        sa.Column("approved_fen", types.Fen(), nullable=True),
        sa.Column("decision_reason", sa.Text(), nullable=True),
        sa.Column("reviewer_user_id", types.Id(), nullable=True),
        sa.Column("payer_user_id", types.Id(), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("submitted_at", types.UtcDateTime(), nullable=True),
        sa.Column("decided_at", types.UtcDateTime(), nullable=True),
        sa.Column("paid_on", types.Day(), nullable=True),
        sa.Column("version", types.Number(), nullable=False),
        sa.CheckConstraint(
            "(approved_fen IS NOT NULL) = (state IN ('approved', 'paid'))", name=op.f("ck_claims_approved")
        ),
        sa.CheckConstraint(
            "(decided_at IS NOT NULL AND situation IS NOT NULL AND decision_reason IS NOT NULL) OR NOT state IN ('approved', 'paid', 'rejected')",
            name=op.f("ck_claims_decided"),
        ),
        sa.CheckConstraint(
            "(live_key IS NOT NULL) = (state IN ('draft', 'submitted', 'approved', 'paid'))",
            name=op.f("ck_claims_live"),
        ),
        sa.CheckConstraint(
            "(payer_user_id IS NOT NULL AND paid_on IS NOT NULL) = (state = 'paid')", name=op.f("ck_claims_paid")
        ),
        sa.CheckConstraint(
            "(reviewer_user_id IS NOT NULL) = (state IN ('approved', 'paid', 'rejected'))",
            name=op.f("ck_claims_reviewed"),
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'submitted', 'approved', 'paid', 'rejected', 'withdrawn')", name=op.f("ck_claims_state")
        ),
        sa.CheckConstraint("approved_fen BETWEEN 1 AND requested_fen", name=op.f("ck_claims_approved_fen")),
        sa.CheckConstraint("claimed_by_user_id <> payer_user_id", name=op.f("ck_claims_claimant_is_not_payer")),
        sa.CheckConstraint("claimed_by_user_id <> reviewer_user_id", name=op.f("ck_claims_claimant_is_not_reviewer")),
        sa.CheckConstraint("requested_fen > 0", name=op.f("ck_claims_requested_fen")),
        sa.CheckConstraint("reviewer_user_id <> payer_user_id", name=op.f("ck_claims_reviewer_is_not_payer")),
        sa.ForeignKeyConstraint(
            ["claimant_organisation_id"], ["organisations.id"], name=op.f("fk_claims_claimant_organisation_id")
        ),
        sa.ForeignKeyConstraint(["claimed_by_user_id"], ["users.id"], name=op.f("fk_claims_claimed_by_user_id")),
        sa.ForeignKeyConstraint(["deal_id"], ["deals.id"], name=op.f("fk_claims_deal_id")),
        sa.ForeignKeyConstraint(["payer_user_id"], ["users.id"], name=op.f("fk_claims_payer_user_id")),
        sa.ForeignKeyConstraint(["reviewer_user_id"], ["users.id"], name=op.f("fk_claims_reviewer_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claims")),
        sa.UniqueConstraint("live_key", name=op.f("uq_claims_live_key")),
        sa.UniqueConstraint("number", name=op.f("uq_claims_number")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("claims", schema=None) as batch_op:
        batch_op.create_index(
            "ix_claims_claimant_organisation_id", ["claimant_organisation_id", "created_at", "id"], unique=False
        )
        batch_op.create_index("ix_claims_created_at", ["created_at", "id"], unique=False)
        batch_op.create_index("ix_claims_deal_id", ["deal_id"], unique=False)
        batch_op.create_index("ix_claims_programme", ["programme", "year", "state"], unique=False)
        batch_op.create_index("ix_claims_state", ["state", "submitted_at", "id"], unique=False)

    op.create_table(
        "deal_achievements",
        sa.Column("deal_id", types.Id(), nullable=False),
        sa.Column("achievement_id", types.Id(), nullable=False),
        sa.Column("revision_id", types.Id(), nullable=False),
        sa.Column("position", types.Number(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["achievement_id"], ["achievements.id"], name=op.f("fk_deal_achievements_achievement_id")
        ),
        sa.ForeignKeyConstraint(["deal_id"], ["deals.id"], name=op.f("fk_deal_achievements_deal_id")),
        sa.ForeignKeyConstraint(["revision_id"], ["revisions.id"], name=op.f("fk_deal_achievements_revision_id")),
        sa.PrimaryKeyConstraint("deal_id", "achievement_id", name=op.f("pk_deal_achievements")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("deal_achievements", schema=None) as batch_op:
        batch_op.create_index("ix_deal_achievements_achievement_id", ["achievement_id", "deal_id"], unique=False)

    op.create_table(
        "payments",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("deal_id", types.Id(), nullable=False),
        sa.Column("fen", types.Fen(), nullable=False),
        sa.Column("paid_on", types.Day(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("entry_id", types.Id(), nullable=False),
        sa.Column("reversal_id", types.Id(), nullable=True),
        sa.Column("recorded_by_id", types.Id(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.CheckConstraint("fen > 0", name=op.f("ck_payments_fen")),
        sa.ForeignKeyConstraint(["deal_id"], ["deals.id"], name=op.f("fk_payments_deal_id")),
        sa.ForeignKeyConstraint(["entry_id"], ["journal_entries.id"], name=op.f("fk_payments_entry_id")),
        sa.ForeignKeyConstraint(["recorded_by_id"], ["users.id"], name=op.f("fk_payments_recorded_by_id")),
        sa.ForeignKeyConstraint(["reversal_id"], ["journal_entries.id"], name=op.f("fk_payments_reversal_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payments")),
        sa.UniqueConstraint("deal_id", "idempotency_key", name=op.f("uq_payments_deal_id_idempotency_key")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_payments_entry_id")),
        sa.UniqueConstraint("reversal_id", name=op.f("uq_payments_reversal_id")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("payments", schema=None) as batch_op:
        batch_op.create_index("ix_payments_deal_id", ["deal_id", "paid_on"], unique=False)

    op.create_table(
        "royalty_reports",
        sa.Column("deal_id", types.Id(), nullable=False),
        sa.Column("number", types.Number(), nullable=False),
        sa.Column("base_fen", types.Fen(), nullable=False),
        sa.Column("fen", types.Fen(), nullable=False),
        sa.Column("reported_by_id", types.Id(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.CheckConstraint("fen >= 0", name=op.f("ck_royalty_reports_fen")),
        sa.ForeignKeyConstraint(["deal_id"], ["deals.id"], name=op.f("fk_royalty_reports_deal_id")),
        sa.ForeignKeyConstraint(["reported_by_id"], ["users.id"], name=op.f("fk_royalty_reports_reported_by_id")),
        sa.PrimaryKeyConstraint("deal_id", "number", name=op.f("pk_royalty_reports")),
        sqlite_strict=True,
    )
    op.create_table(
        "terms_versions",
        sa.Column("deal_id", types.Id(), nullable=False),
        sa.Column("number", types.Number(), nullable=False),
        sa.Column("body", types.Json(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("offered_by_id", types.Id(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["deal_id"], ["deals.id"], name=op.f("fk_terms_versions_deal_id")),
        sa.ForeignKeyConstraint(["offered_by_id"], ["organisations.id"], name=op.f("fk_terms_versions_offered_by_id")),
        sa.PrimaryKeyConstraint("deal_id", "number", name=op.f("pk_terms_versions")),
        sqlite_strict=True,
    )
    op.create_table(
        "acceptances",
        sa.Column("deal_id", types.Id(), nullable=False),
        sa.Column("number", types.Number(), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("organisation_id", types.Id(), nullable=False),
        sa.Column("user_id", types.Id(), nullable=False),
        sa.Column("at", types.UtcDateTime(), nullable=False),
        sa.CheckConstraint("party IN ('licensor', 'licensee', 'broker')", name=op.f("ck_acceptances_party")),
        sa.ForeignKeyConstraint(
            ["deal_id", "number"], ["terms_versions.deal_id", "terms_versions.number"], name="fk_acceptances_version"
        ),
        sa.ForeignKeyConstraint(["deal_id"], ["deals.id"], name=op.f("fk_acceptances_deal_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_acceptances_organisation_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_acceptances_user_id")),
        sa.PrimaryKeyConstraint("deal_id", "number", "party", name=op.f("pk_acceptances")),
        sqlite_strict=True,
    )
    op.create_table(
        "claim_evidence",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("claim_id", types.Id(), nullable=False),
        sa.Column("file_id", types.Id(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("added_by_user_id", types.Id(), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["added_by_user_id"], ["users.id"], name=op.f("fk_claim_evidence_added_by_user_id")),
        sa.ForeignKeyConstraint(["claim_id"], ["claims.id"], name=op.f("fk_claim_evidence_claim_id")),
        sa.ForeignKeyConstraint(["file_id"], ["stored_files.id"], name=op.f("fk_claim_evidence_file_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim_evidence")),
        sa.UniqueConstraint("claim_id", "file_id", name=op.f("uq_claim_evidence_claim_id_file_id")),
        sqlite_strict=True,
    )
    op.create_table(
        "signatures",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("deal_id", types.Id(), nullable=False),
        sa.Column("number", types.Number(), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("organisation_id", types.Id(), nullable=False),
        sa.Column("user_id", types.Id(), nullable=False),
        sa.Column("at", types.UtcDateTime(), nullable=False),
        sa.CheckConstraint("party IN ('licensor', 'licensee', 'broker')", name=op.f("ck_signatures_party")),
        sa.ForeignKeyConstraint(
            ["deal_id", "number"], ["terms_versions.deal_id", "terms_versions.number"], name="fk_signatures_version"
        ),
        sa.ForeignKeyConstraint(["deal_id"], ["deals.id"], name=op.f("fk_signatures_deal_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_signatures_organisation_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_signatures_user_id")),
        sa.PrimaryKeyConstraint("deal_id", "number", "party", name=op.f("pk_signatures")),
        sqlite_strict=True,
    )

    if op.get_bind().dialect.name == "postgresql":  # SQLite has them in its CREATE TABLE
        for table in REVISED:
            op.create_foreign_key(f"fk_{table}_revision_id", table, "revisions", ["revision_id"], ["id"])
    for table in APPEND_ONLY:
        for statement in append_only.create(table, op.get_bind().dialect.name):
            op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table in REVISED:
            op.drop_constraint(f"fk_{table}_revision_id", table)
    for table in APPEND_ONLY:
        for statement in append_only.drop(table, op.get_bind().dialect.name):
            op.execute(statement)

    op.drop_table("signatures")
    op.drop_table("claim_evidence")
    op.drop_table("acceptances")
    op.drop_table("terms_versions")
    op.drop_table("royalty_reports")
    with op.batch_alter_table("payments", schema=None) as batch_op:
        batch_op.drop_index("ix_payments_deal_id")

    op.drop_table("payments")
    with op.batch_alter_table("deal_achievements", schema=None) as batch_op:
        batch_op.drop_index("ix_deal_achievements_achievement_id")

    op.drop_table("deal_achievements")
    with op.batch_alter_table("claims", schema=None) as batch_op:
        batch_op.drop_index("ix_claims_state")
        batch_op.drop_index("ix_claims_programme")
        batch_op.drop_index("ix_claims_deal_id")
        batch_op.drop_index("ix_claims_created_at")
        batch_op.drop_index("ix_claims_claimant_organisation_id")

    op.drop_table("claims")
    with op.batch_alter_table("deals", schema=None) as batch_op:
        batch_op.drop_index("ix_deals_state")
        batch_op.drop_index("ix_deals_signed_on")
        batch_op.drop_index("ix_deals_licensor_id")
        batch_op.drop_index("ix_deals_licensee_id")
        batch_op.drop_index("ix_deals_broker_id")

    op.drop_table("deals")
    with op.batch_alter_table("introductions", schema=None) as batch_op:
        batch_op.drop_index("ix_introductions_need_organisation_id")
        batch_op.drop_index("ix_introductions_need_id")
        batch_op.drop_index("ix_introductions_introduced_at")
        batch_op.drop_index("ix_introductions_created_at")
        batch_op.drop_index("ix_introductions_broker_id")
        batch_op.drop_index("ix_introductions_achievement_organisation_id")
        batch_op.drop_index("ix_introductions_achievement_id")

    op.drop_table("introductions")
    with op.batch_alter_table("sign_ins", schema=None) as batch_op:
        batch_op.drop_index("ix_sign_ins_user_id")

    op.drop_table("sign_ins")
    op.drop_table("revisions")
    op.drop_table("membership_roles")
    with op.batch_alter_table("disclosures", schema=None) as batch_op:
        batch_op.drop_index("ix_disclosures_need_id")
        batch_op.drop_index("ix_disclosures_achievement_id")

    op.drop_table("disclosures")
    with op.batch_alter_table("attachments", schema=None) as batch_op:
        batch_op.drop_index("ix_attachments_need_id")
        batch_op.drop_index("ix_attachments_achievement_id")

    op.drop_table("attachments")
    op.drop_table("recognitions")
    with op.batch_alter_table("needs", schema=None) as batch_op:
        batch_op.drop_index("ix_needs_state")
        batch_op.drop_index("ix_needs_organisation_id")

    op.drop_table("needs")
    with op.batch_alter_table("memberships", schema=None) as batch_op:
        batch_op.drop_index("ix_memberships_organisation_id")

    op.drop_table("memberships")
    with op.batch_alter_table("journal_legs", schema=None) as batch_op:
        batch_op.drop_index("ix_journal_legs_account")

    op.drop_table("journal_legs")
    with op.batch_alter_table("invitations", schema=None) as batch_op:
        batch_op.drop_index("ix_invitations_organisation_id")

    op.drop_table("invitations")
    op.drop_table("claim_allowances")
    with op.batch_alter_table("achievements", schema=None) as batch_op:
        batch_op.drop_index("ix_achievements_state")
        batch_op.drop_index("ix_achievements_organisation_id")

    op.drop_table("achievements")
    op.drop_table("users")
    op.drop_table("stored_files")
    with op.batch_alter_table("sign_in_attempts", schema=None) as batch_op:
        batch_op.drop_index("ix_sign_in_attempts_source")
        batch_op.drop_index("ix_sign_in_attempts_account")

    op.drop_table("sign_in_attempts")
    with op.batch_alter_table("outbox_messages", schema=None) as batch_op:
        batch_op.drop_index("ix_outbox_messages_due_at")

    op.drop_table("outbox_messages")
    with op.batch_alter_table("organisations", schema=None) as batch_op:
        batch_op.drop_index("ix_organisations_kind")

    op.drop_table("organisations")
    with op.batch_alter_table("match_lists", schema=None) as batch_op:
        batch_op.drop_index("ix_match_lists_kind")

    op.drop_table("match_lists")
    op.drop_table("match_index")
    with op.batch_alter_table("journal_entries", schema=None) as batch_op:
        batch_op.drop_index("ix_journal_entries_posted_at")

    op.drop_table("journal_entries")
    with op.batch_alter_table("indexed_listings", schema=None) as batch_op:
        batch_op.drop_index("ix_indexed_listings_indexed_at")

    op.drop_table("indexed_listings")
    with op.batch_alter_table("budgets", schema=None) as batch_op:
        batch_op.drop_index("ix_budgets_year")

    op.drop_table("budgets")
    with op.batch_alter_table("audit_events", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_events_subject_id")

    op.drop_table("audit_events")
