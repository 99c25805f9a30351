"""Claims from formal check to recovery: reviews, flags, notices, objections, papers, snapshots, reserved budgets."""

import sqlalchemy as sa
from alembic import op

from matchmaker.core import append_only, types

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

CHECKS = {
    "claims": {
        "approved": "(approved_fen IS NOT NULL) = (state IN ('approved', 'paid', 'recovering', 'recovered'))",
        "approved_fen": "approved_fen = proposed_fen",
        "checker_is_not_payer": "checked_by_user_id <> payer_user_id",
        "claimant_is_not_checker": "claimed_by_user_id <> checked_by_user_id",
        "claimant_is_not_payer": "claimed_by_user_id <> payer_user_id",
        "claimant_is_not_proposer": "claimed_by_user_id <> proposed_by_user_id",
        "claimant_is_not_reviewer": "claimed_by_user_id <> reviewer_user_id",
        "decided": "(decided_at IS NOT NULL AND situation IS NOT NULL AND decision_reason IS NOT NULL) OR NOT "
        "state IN ('approved', 'paid', 'recovering', 'recovered', 'rejected')",
        "live": "(live_key IS NOT NULL) = (state IN ('draft', 'submitted', 'returned', 'in_review', 'proposed', "
        "'on_notice', 'objected', 'approved', 'paid', 'recovering'))",
        "paid": "(payer_user_id IS NOT NULL AND paid_on IS NOT NULL) = (state IN ('paid', 'recovering', 'recovered'))",
        "proposed": "(proposed_fen IS NOT NULL AND proposed_by_user_id IS NOT NULL) OR NOT state IN ('proposed', "
        "'on_notice', 'objected')",
        "proposed_fen": "proposed_fen BETWEEN 1 AND requested_fen",
        "proposer_is_not_approver": "proposed_by_user_id <> reviewer_user_id OR NOT state IN ('approved', "
        "'paid', 'recovering', 'recovered')",
        "proposer_is_not_payer": "proposed_by_user_id <> payer_user_id",
        "requested_fen": "requested_fen > 0",
        "reviewed": "(reviewer_user_id IS NOT NULL) = (state IN ('approved', 'paid', 'recovering', 'recovered', "
        "'rejected'))",
        "reviewer_is_not_payer": "reviewer_user_id <> payer_user_id",
        "state": "state IN ('draft', 'submitted', 'returned', 'in_review', 'proposed', 'on_notice', 'objected', "
        "'approved', 'paid', 'recovering', 'recovered', 'rejected', 'withdrawn')",
    },
    "budgets": {
        "not_negative": "used_fen >= 0 AND reserved_fen >= 0",
        "used_fen": "used_fen + reserved_fen <= total_fen",
    },
    "claim_allowances": {"used_fen": "used_fen >= 0 AND used_fen <= cap_fen"},
    "journal_entries": {
        "kind": "kind IN ('deal_due', 'deal_payment', 'budget_appropriation', 'budget_reservation', "
        "'budget_commitment', 'budget_release', 'subsidy_payout', 'subsidy_interest', "
        "'reversal')",
        "memo_code": "memo_code IN ('deal_due', 'deal_payment', 'budget_appropriation', "
        "'budget_reservation', 'budget_commitment', 'budget_release', 'subsidy_payout', "
        "'subsidy_interest', 'reservation_released', 'subsidy_recovered', 'correction', "
        "'entered_twice', 'returned_by_bank')",
        "reverses": "(kind = 'reversal') = (reverses_id IS NOT NULL)",
    },
}

OLD_CHECKS = {
    "claims": {
        "approved": "(approved_fen IS NOT NULL) = (state IN ('approved', 'paid'))",
        "approved_fen": "approved_fen BETWEEN 1 AND requested_fen",
        "claimant_is_not_payer": "claimed_by_user_id <> payer_user_id",
        "claimant_is_not_reviewer": "claimed_by_user_id <> reviewer_user_id",
        "decided": "(decided_at IS NOT NULL AND situation IS NOT NULL AND decision_reason IS NOT NULL) OR NOT state IN ('approved', 'paid', 'rejected')",
        "live": "(live_key IS NOT NULL) = (state IN ('draft', 'submitted', 'approved', 'paid'))",
        "paid": "(payer_user_id IS NOT NULL AND paid_on IS NOT NULL) = (state = 'paid')",
        "requested_fen": "requested_fen > 0",
        "reviewed": "(reviewer_user_id IS NOT NULL) = (state IN ('approved', 'paid', 'rejected'))",
        "reviewer_is_not_payer": "reviewer_user_id <> payer_user_id",
        "state": "state IN ('draft', 'submitted', 'approved', 'paid', 'rejected', 'withdrawn')",
    },
    "budgets": {"used_fen": "used_fen >= 0 AND used_fen <= total_fen"},
    "claim_allowances": {"used_fen": "used_fen >= 0 AND used_fen <= cap_fen"},
    "claim_evidence": {},
}
NEW_TABLES = (
    "claim_objections", "claim_snapshots", "claim_reviews", "claim_recoveries", "claim_papers", "claim_notices",
    "claim_flags", "party_particulars", "workday_overrides",
)  # fmt: skip


def _sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _alter(table, old, new, change=lambda batch: None):
    """Change a table and exchange its CHECKs. SQLite makes the table anew."""
    with op.batch_alter_table(table, recreate="always" if _sqlite() else "never") as batch:
        for name in old:
            batch.drop_constraint(op.f(f"ck_{table}_{name}"), type_="check")
        change(batch)
        for name, text in new.items():
            batch.create_check_constraint(op.f(f"ck_{table}_{name}"), text)


def _append_only(table, *, on):
    for statement in (append_only.create if on else append_only.drop)(table, op.get_bind().dialect.name):
        op.execute(statement)


def upgrade() -> None:
    for name, kind in (
        ("period", sa.Text()),
        ("subject", sa.Text()),
        ("stated", types.Json()),
        ("review_score", types.Number()),
        ("recommended_fen", types.Fen()),
        ("proposed_fen", types.Fen()),
        ("checked_by_user_id", types.Id()),
        ("proposed_by_user_id", types.Id()),
        ("due_on", types.Day()),
    ):
        op.add_column("claims", sa.Column(name, kind, nullable=True))
    op.add_column("claim_allowances", sa.Column("period", sa.Text(), nullable=True))
    op.add_column("claim_evidence", sa.Column("kind", sa.Text(), nullable=True))
    op.add_column("budgets", sa.Column("reserved_fen", types.Fen(), nullable=True))
    op.execute(
        "UPDATE claims SET period = CAST(year AS TEXT), stated = '{}', proposed_fen = approved_fen, "
        "subject = (SELECT title FROM deals WHERE deals.id = claims.deal_id)"
    )
    op.execute("UPDATE claim_allowances SET period = CAST(year AS TEXT)")
    op.execute("UPDATE claim_evidence SET kind = 'other'")
    op.execute("UPDATE budgets SET reserved_fen = 0")
    op.drop_index("ix_claims_programme", "claims")
    _alter("claims", OLD_CHECKS["claims"], CHECKS["claims"], _claims)
    _alter("budgets", OLD_CHECKS["budgets"], CHECKS["budgets"], _not_null("reserved_fen", types.Fen()))
    _alter("claim_evidence", (), {}, _not_null("kind", sa.Text()))
    _alter("claim_allowances", OLD_CHECKS["claim_allowances"], CHECKS["claim_allowances"], _by_period)
    op.create_index("ix_claims_programme", "claims", ["programme", "year", "state", "submitted_at", "id"])
    op.create_index("ix_claims_ranking", "claims", ["programme", "year", "review_score", "id"])
    op.create_index("ix_claims_sums", "claims", ["programme", "year", "state", "requested_fen", "proposed_fen"])
    op.create_index("ix_claims_due_on", "claims", ["due_on", "state"])
    _journal()
    _new_tables()
    _append_only("claim_snapshots", on=True)


def _journal() -> None:
    """More kinds of posting and memos. The way back leaves them: a journal never loses an entry."""
    _append_only("journal_entries", on=False)
    _alter("journal_entries", CHECKS["journal_entries"], CHECKS["journal_entries"])
    _append_only("journal_entries", on=True)


def _not_null(name, kind):
    return lambda batch: batch.alter_column(name, existing_type=kind, nullable=False)


def _claims(batch) -> None:
    for name, kind in (("period", sa.Text()), ("subject", sa.Text()), ("stated", types.Json())):
        batch.alter_column(name, existing_type=kind, nullable=False)
    batch.alter_column("deal_id", existing_type=types.Id(), nullable=True)
    batch.create_unique_constraint(op.f("uq_claims_id_claimed_by_user_id"), ["id", "claimed_by_user_id"])
    batch.create_unique_constraint(op.f("uq_claims_id_payer_user_id"), ["id", "payer_user_id"])
    for name in ("checked_by_user_id", "proposed_by_user_id"):
        batch.create_foreign_key(op.f(f"fk_claims_{name}"), "users", [name], ["id"])


_BY_YEAR = "uq_claim_allowances_claimant_organisation_id_clause_id_year"
_BY_PERIOD = "uq_claim_allowances_claimant_organisation_id_clause_id_period"


def _by_period(batch) -> None:
    batch.alter_column("period", existing_type=sa.Text(), nullable=False)
    batch.drop_constraint(op.f(_BY_YEAR), type_="unique")
    batch.drop_column("year")
    batch.create_unique_constraint(op.f(_BY_PERIOD), ["claimant_organisation_id", "clause_id", "period"])


def downgrade() -> None:
    """Claims without a deal and caps that do not count by the year have no place before; the rest falls back a step."""
    _append_only("claim_snapshots", on=False)
    for table in NEW_TABLES:
        op.drop_table(table)
    no_deal = "SELECT id FROM claims WHERE deal_id IS NULL"
    op.execute(f"DELETE FROM claim_evidence WHERE claim_id IN ({no_deal})")  # noqa: S608
    op.execute("DELETE FROM claims WHERE deal_id IS NULL")
    for name in ("ix_claims_programme", "ix_claims_ranking", "ix_claims_sums", "ix_claims_due_on"):
        op.drop_index(name, "claims")
    _alter("claims", CHECKS["claims"], {})
    op.execute("UPDATE claims SET state = 'draft' WHERE state = 'returned'")
    op.execute(
        "UPDATE claims SET state = 'submitted' WHERE state IN ('in_review', 'proposed', 'on_notice', 'objected')"
    )
    op.execute("UPDATE claims SET state = 'paid' WHERE state = 'recovering'")
    op.execute(
        "UPDATE claims SET state = 'rejected', approved_fen = NULL, payer_user_id = NULL, paid_on = NULL "
        "WHERE state = 'recovered'"
    )
    _alter("claims", (), OLD_CHECKS["claims"], _old_claims)
    op.create_index("ix_claims_programme", "claims", ["programme", "year", "state"])
    _alter("budgets", CHECKS["budgets"], OLD_CHECKS["budgets"], lambda batch: batch.drop_column("reserved_fen"))
    _alter("claim_evidence", (), {}, lambda batch: batch.drop_column("kind"))
    op.execute("DELETE FROM claim_allowances WHERE length(period) <> 4 OR period NOT BETWEEN '2000' AND '2999'")
    op.add_column("claim_allowances", sa.Column("year", types.Number(), nullable=True))
    op.execute("UPDATE claim_allowances SET year = CAST(period AS INTEGER)")
    _alter("claim_allowances", CHECKS["claim_allowances"], OLD_CHECKS["claim_allowances"], _by_year)


def _old_claims(batch) -> None:
    batch.drop_constraint(op.f("uq_claims_id_claimed_by_user_id"), type_="unique")
    batch.drop_constraint(op.f("uq_claims_id_payer_user_id"), type_="unique")
    for name in ("checked_by_user_id", "proposed_by_user_id"):
        batch.drop_constraint(op.f(f"fk_claims_{name}"), type_="foreignkey")
    for name in ("period", "subject", "stated", "review_score", "recommended_fen", "proposed_fen", "checked_by_user_id",
                 "proposed_by_user_id", "due_on"):  # fmt: skip
        batch.drop_column(name)
    batch.alter_column("deal_id", existing_type=types.Id(), nullable=False)


def _by_year(batch) -> None:
    batch.alter_column("year", existing_type=types.Number(), nullable=False)
    batch.drop_constraint(op.f(_BY_PERIOD), type_="unique")
    batch.drop_column("period")
    batch.create_unique_constraint(op.f(_BY_YEAR), ["claimant_organisation_id", "clause_id", "year"])


def _new_tables() -> None:
    op.create_table(
        "workday_overrides",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("day", types.Day(), nullable=False),
        sa.Column("works", types.Flag(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workday_overrides")),
        sa.UniqueConstraint("day", name=op.f("uq_workday_overrides_day")),
        sqlite_strict=True,
    )

    op.create_table(
        "party_particulars",
        sa.Column("organisation_id", types.Id(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("legal_representative", sa.Text(), nullable=False),
        sa.Column("owners", types.Json(), nullable=False),
        sa.Column("updated_by_user_id", types.Id(), nullable=False),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_party_particulars_organisation_id")
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_user_id"], ["users.id"], name=op.f("fk_party_particulars_updated_by_user_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", name=op.f("pk_party_particulars")),
        sqlite_strict=True,
    )

    op.create_table(
        "claim_flags",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("claim_id", types.Id(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("facts", types.Json(), nullable=False),
        sa.Column("rests_on", types.Json(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answered_by_user_id", types.Id(), nullable=True),
        sa.Column("answered_at", types.UtcDateTime(), nullable=True),
        sa.Column("raised_at", types.UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "(state = 'open') = (answered_by_user_id IS NULL) AND (state = 'open') = (answer IS NULL)",
            name=op.f("ck_claim_flags_answered"),
        ),
        sa.CheckConstraint(
            "code IN ('same_paper', 'near_paper', 'excluding_clause', 'split', 'repeat', 'related_parties', 'circular', 'late_broker', 'unconfirmed_broker', 'inventor_inside', 'sum_pattern')",
            name=op.f("ck_claim_flags_code"),
        ),
        sa.CheckConstraint("state IN ('open', 'cleared', 'upheld')", name=op.f("ck_claim_flags_state")),
        sa.ForeignKeyConstraint(["answered_by_user_id"], ["users.id"], name=op.f("fk_claim_flags_answered_by_user_id")),
        sa.ForeignKeyConstraint(["claim_id"], ["claims.id"], name=op.f("fk_claim_flags_claim_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim_flags")),
        sa.UniqueConstraint("claim_id", "code", "key", name=op.f("uq_claim_flags_claim_id_code_key")),
        sqlite_strict=True,
    )

    op.create_table(
        "claim_notices",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("claim_id", types.Id(), nullable=False),
        sa.Column("fen", types.Fen(), nullable=False),
        sa.Column("starts_on", types.Day(), nullable=False),
        sa.Column("ends_on", types.Day(), nullable=False),
        sa.CheckConstraint("ends_on > starts_on", name=op.f("ck_claim_notices_ends_on")),
        sa.CheckConstraint("fen > 0", name=op.f("ck_claim_notices_fen")),
        sa.ForeignKeyConstraint(["claim_id"], ["claims.id"], name=op.f("fk_claim_notices_claim_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim_notices")),
        sa.UniqueConstraint("claim_id", name=op.f("uq_claim_notices_claim_id")),
        sqlite_strict=True,
    )

    op.create_table(
        "claim_papers",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("claim_id", types.Id(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column("used_key", sa.Text(), nullable=True),
        sa.Column("fen", types.Fen(), nullable=True),
        sa.Column("dated_on", types.Day(), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.CheckConstraint("folded <> ''", name=op.f("ck_claim_papers_folded")),
        sa.CheckConstraint(
            "kind IN ('registration', 'invoice', 'receipt', 'contract')", name=op.f("ck_claim_papers_kind")
        ),
        sa.CheckConstraint(
            "used_key IS NULL OR used_key = kind || ':' || folded", name=op.f("ck_claim_papers_used_key")
        ),
        sa.CheckConstraint("fen > 0", name=op.f("ck_claim_papers_fen")),
        sa.ForeignKeyConstraint(["claim_id"], ["claims.id"], name=op.f("fk_claim_papers_claim_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim_papers")),
        sa.UniqueConstraint("claim_id", "kind", "folded", name=op.f("uq_claim_papers_claim_id_kind_folded")),
        sa.UniqueConstraint("used_key", name=op.f("uq_claim_papers_used_key")),
        sqlite_strict=True,
    )

    op.create_table(
        "claim_recoveries",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("claim_id", types.Id(), nullable=False),
        sa.Column("organisation_id", types.Id(), nullable=False),
        sa.Column("fen", types.Fen(), nullable=False),
        sa.Column("rate", sa.Text(), nullable=False),
        sa.Column("interest_fen", types.Fen(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ordered_on", types.Day(), nullable=False),
        sa.Column("barred_until", types.Day(), nullable=True),
        sa.Column("returned_on", types.Day(), nullable=True),
        sa.CheckConstraint("barred_until > ordered_on", name=op.f("ck_claim_recoveries_barred_until")),
        sa.CheckConstraint("fen > 0", name=op.f("ck_claim_recoveries_fen")),
        sa.CheckConstraint("interest_fen >= 0", name=op.f("ck_claim_recoveries_interest_fen")),
        sa.CheckConstraint("returned_on >= ordered_on", name=op.f("ck_claim_recoveries_returned_on")),
        sa.ForeignKeyConstraint(["claim_id"], ["claims.id"], name=op.f("fk_claim_recoveries_claim_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_claim_recoveries_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim_recoveries")),
        sa.UniqueConstraint("claim_id", name=op.f("uq_claim_recoveries_claim_id")),
        sqlite_strict=True,
    )

    op.create_table(
        "claim_reviews",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("claim_id", types.Id(), nullable=False),
        sa.Column("seat", types.Number(), nullable=True),
        sa.Column("reviewer_user_id", types.Id(), nullable=False),
        sa.Column("claimed_by_user_id", types.Id(), nullable=False),
        sa.Column("payer_user_id", types.Id(), nullable=True),
        sa.Column("drawn_at", types.UtcDateTime(), nullable=False),
        sa.Column("conflict", sa.Text(), nullable=True),
        sa.Column("opinion", sa.Text(), nullable=True),
        sa.Column("score", types.Number(), nullable=True),
        sa.Column("fen", types.Fen(), nullable=True),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("given_at", types.UtcDateTime(), nullable=True),
        sa.CheckConstraint("opinion IN ('support', 'refuse')", name=op.f("ck_claim_reviews_opinion")),
        sa.CheckConstraint("(conflict IS NOT NULL) = (seat IS NULL)", name=op.f("ck_claim_reviews_conflict")),
        sa.CheckConstraint(
            "(opinion IS NULL AND score IS NULL AND given_at IS NULL) OR (opinion IS NOT NULL AND score IS NOT NULL AND given_at IS NOT NULL AND seat IS NOT NULL)",
            name=op.f("ck_claim_reviews_given"),
        ),
        sa.CheckConstraint("fen >= 0", name=op.f("ck_claim_reviews_fen")),
        sa.CheckConstraint(
            "reviewer_user_id <> claimed_by_user_id", name=op.f("ck_claim_reviews_reviewer_is_not_claimant")
        ),
        sa.CheckConstraint("reviewer_user_id <> payer_user_id", name=op.f("ck_claim_reviews_reviewer_is_not_payer")),
        sa.CheckConstraint("score BETWEEN 0 AND 100", name=op.f("ck_claim_reviews_score")),
        sa.CheckConstraint("seat BETWEEN 1 AND 3", name=op.f("ck_claim_reviews_seat")),
        sa.ForeignKeyConstraint(
            ["claim_id", "claimed_by_user_id"],
            ["claims.id", "claims.claimed_by_user_id"],
            name="fk_claim_reviews_claimed_by_user_id",
        ),
        sa.ForeignKeyConstraint(
            ["claim_id", "payer_user_id"], ["claims.id", "claims.payer_user_id"], name="fk_claim_reviews_payer_user_id"
        ),
        sa.ForeignKeyConstraint(["claim_id"], ["claims.id"], name=op.f("fk_claim_reviews_claim_id")),
        sa.ForeignKeyConstraint(["reviewer_user_id"], ["users.id"], name=op.f("fk_claim_reviews_reviewer_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim_reviews")),
        sa.UniqueConstraint("claim_id", "reviewer_user_id", name=op.f("uq_claim_reviews_claim_id_reviewer_user_id")),
        sa.UniqueConstraint("claim_id", "seat", name=op.f("uq_claim_reviews_claim_id_seat")),
        sqlite_strict=True,
    )

    op.create_table(
        "claim_snapshots",
        sa.Column("claim_id", types.Id(), nullable=False),
        sa.Column("number", types.Number(), nullable=False),
        sa.Column("moment", sa.Text(), nullable=False),
        sa.Column("body", types.Json(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "moment IN ('submitted', 'proposed', 'approved', 'rejected')", name=op.f("ck_claim_snapshots_moment")
        ),
        sa.ForeignKeyConstraint(["claim_id"], ["claims.id"], name=op.f("fk_claim_snapshots_claim_id")),
        sa.PrimaryKeyConstraint("claim_id", "number", name=op.f("pk_claim_snapshots")),
        sqlite_strict=True,
    )

    op.create_table(
        "claim_objections",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("notice_id", types.Id(), nullable=False),
        sa.Column("filed_by_user_id", types.Id(), nullable=False),
        sa.Column("organisation_id", types.Id(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("filed_at", types.UtcDateTime(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("decided_by_user_id", types.Id(), nullable=True),
        sa.Column("decided_at", types.UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "(state = 'open') = (decided_by_user_id IS NULL) AND (state = 'open') = (decision IS NULL)",
            name=op.f("ck_claim_objections_decided"),
        ),
        sa.CheckConstraint("state IN ('open', 'dismissed', 'upheld')", name=op.f("ck_claim_objections_state")),
        sa.CheckConstraint(
            "filed_by_user_id <> decided_by_user_id", name=op.f("ck_claim_objections_objector_does_not_decide")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_user_id"], ["users.id"], name=op.f("fk_claim_objections_decided_by_user_id")
        ),
        sa.ForeignKeyConstraint(["filed_by_user_id"], ["users.id"], name=op.f("fk_claim_objections_filed_by_user_id")),
        sa.ForeignKeyConstraint(["notice_id"], ["claim_notices.id"], name=op.f("fk_claim_objections_notice_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_claim_objections_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim_objections")),
        sqlite_strict=True,
    )
    op.create_index("ix_claim_flags_state", "claim_flags", ["state", "claim_id"])
    op.create_index("ix_claim_notices_starts_on", "claim_notices", ["starts_on", "id"])
    op.create_index("ix_claim_objections_notice_id", "claim_objections", ["notice_id", "filed_at"])
    op.create_index("ix_claim_papers_folded", "claim_papers", ["folded", "kind"])
    op.create_index("ix_claim_papers_fen", "claim_papers", ["fen", "dated_on"])
    op.create_index("ix_claim_recoveries_organisation_id", "claim_recoveries", ["organisation_id", "barred_until"])
    op.create_index("ix_claim_reviews_reviewer_user_id", "claim_reviews", ["reviewer_user_id", "given_at"])
