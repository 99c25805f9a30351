"""The whole job once: listed, matched, introduced, licensed, claimed, reviewed, published, and the funnel has moved."""

import pytest

from tests.browser.chromium import sign_in, visitor
from tests.journeys import story

pytestmark = pytest.mark.browser


def test_from_posted_to_granted_in_a_browser(browser, server):
    def visit(email, act, *arguments, **options):
        with visitor(browser, server, **options) as page:
            if email:
                sign_in(page, email)
            return act(page, *arguments)

    before = visit(None, story.funnel)
    achievement = visit("researcher@beihu.example", story.list_achievement)
    visit("tto@beihu.example", story.approve_achievement, achievement)
    need = visit("signatory@chunqi.example", story.post_need)

    def propose(page):
        story.see_matches(page, need)
        return story.propose_introduction(page)

    introduction = visit("manager@qiaoliang.example", propose)
    visit("tto@beihu.example", story.agree_to_introduction, introduction)
    visit("signatory@chunqi.example", story.agree_to_introduction, introduction)

    deal = visit("manager@qiaoliang.example", story.draft_and_offer_deal, introduction)
    for email in ("tto@beihu.example", "signatory@chunqi.example"):
        visit(email, story.accept_deal, deal)
    for email in ("tto@beihu.example", "signatory@chunqi.example", "manager@qiaoliang.example"):
        visit(email, story.sign_deal, deal)

    for email in ("tto@beihu.example", "signatory@chunqi.example"):
        visit(email, story.confirm_broker, deal)
    visit("tto@beihu.example", story.register_contract, deal)

    claim = visit("manager@qiaoliang.example", story.claim_subsidy, deal.rsplit("/", 1)[1])
    visit("reviewer@bureau.example", story.pass_formal_check, claim)
    reviewers = visit("admin@bureau.example", story.awaited_reviewers, claim)
    assert len(reviewers) == 2
    for email in reviewers:
        visit(email, story.give_opinion, claim)
    visit("reviewer@bureau.example", story.propose_and_publish, claim)
    assert "25,000" in visit(None, story.public_notices)

    after = visit(None, story.funnel)
    posted, matched, introduced, signed, paid = (now - then for now, then in zip(after, before, strict=True))
    assert (posted, introduced, signed, paid) == (2, 1, 1, 0)
    assert matched >= 0
