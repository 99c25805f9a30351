"""The list of page types is that of the platform: a page that is added is checked from then on."""

import pytest
from werkzeug.exceptions import HTTPException

from tests.browser.pages import KINDS

FILES = {
    "listings.attachment", "exports.claims_table", "exports.deals_table", "intake.export_listings",
    "intake.import_template", "dashboard.figure_csv", "dashboard.targets_csv", "subsidies.evidence",
    "subsidies.round_table", "deals.file", "paperwork.contract", "paperwork.contract_draft", "paperwork.letter",
    "paperwork.final_statement", "paperwork.notice_sheet", "paperwork.reward_statement", "paperwork.royalty_statement",
    "static",
}  # fmt: skip
"""Not pages: what is downloaded."""

ELSEWHERE = {"accounts.invitation"}
"""Opened by an address from a mail alone: `tests/accounts/test_views.py`."""


@pytest.fixture
def shown(app):
    """Endpoints that the list leads to."""
    adapter = app.url_map.bind("localhost")

    def endpoint(kind):
        try:
            return kind.shows or adapter.match(kind.path.split("?")[0])[0]
        except HTTPException:
            return None  # the page of an error

    return {endpoint(kind) for kind in KINDS}


def test_every_page_of_the_platform_is_in_the_list(app, shown):
    pages = {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    assert pages - FILES - ELSEWHERE - shown == set()


def test_names_are_unique():
    names = [kind.name for kind in KINDS]
    assert len(names) == len(set(names))
