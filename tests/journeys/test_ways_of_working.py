"""From posted to claimed: by keyboard alone, and with scripts switched off."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.chromium import sign_in, visitor
from tests.browser.keyboard import take_the_mouse_away
from tests.journeys import story

pytestmark = pytest.mark.browser

AUTHOR, LICENSOR = "researcher@beihu.example", "tto@beihu.example"
LICENSEE, BROKER = "signatory@chunqi.example", "manager@qiaoliang.example"


def tell(browser, server, *, scripts=True):
    """From posted to claimed, each visit a person's own."""

    def visit(email, act, *arguments):
        with visitor(browser, server, scripts=scripts) as page:
            sign_in(page, email)
            return act(page, *arguments)

    achievement = visit(AUTHOR, story.list_achievement)
    visit(LICENSOR, story.approve_achievement, achievement)
    need = visit(LICENSEE, story.post_need)

    def propose(page):
        story.see_matches(page, need)
        return story.propose_introduction(page)

    introduction = visit(BROKER, propose)
    for email in (LICENSOR, LICENSEE):
        visit(email, story.agree_to_introduction, introduction)
    deal = visit(BROKER, story.draft_and_offer_deal, introduction)
    for email in (LICENSOR, LICENSEE):
        visit(email, story.accept_deal, deal)
    for email in (LICENSOR, LICENSEE, BROKER):
        visit(email, story.sign_deal, deal)
    for email in (LICENSOR, LICENSEE):
        visit(email, story.confirm_broker, deal)
    visit(LICENSOR, story.register_contract, deal)
    return visit(BROKER, story.claim_subsidy, deal.rsplit("/", 1)[1])


def state_of(browser, server, claim):
    """What the reviewer's queue says of a claim."""
    with visitor(browser, server) as page:
        sign_in(page, "reviewer@bureau.example")
        page.goto(claim)
        return page.locator("main .state").first.inner_text()


def test_a_result_is_posted_licensed_and_claimed_by_keyboard_alone(browser, server, monkeypatch):
    take_the_mouse_away(monkeypatch)
    claim = tell(browser, server)
    assert state_of(browser, server, claim) == "已提交，形式审查中"


def test_a_result_is_posted_licensed_and_claimed_without_scripts(browser, server):
    claim = tell(browser, server, scripts=False)
    assert state_of(browser, server, claim) == "已提交，形式审查中"


def test_posting_finding_and_trying_work_without_scripts(browser, server):
    with visitor(browser, server, scripts=False) as page:
        sign_in(page, "researcher@beihu.example")
        page.goto("/achievements/new")
        page.fill("[name=title]", "无脚本也能发布的成果")
        page.fill("[name=summary]", "零下25℃、雪量5 mm/h工况下，积雪滑落时间小于40秒。")
        page.click("button[name=then][value=check]")
        expect(page.locator("#check .checklist li.done").first).to_be_visible()
        expect(page.locator("[name=title]")).to_have_value("无脚本也能发布的成果")
        page.click("button[formaction$='/preview-matches']")
        expect(page.locator("#preview-matches .entry").first).to_be_visible()
    with visitor(browser, server, scripts=False) as page:
        page.goto("/")
        page.fill("#try-text", "车载激光雷达在雪天的点云去噪")
        page.click(".try-box button")
        expect(page.locator("#tried .entry mark").first).to_be_visible()
        page.goto("/achievements")
        page.fill("#q", "激光雷达")
        page.select_option("#order", "newest")
        page.click("#search-form button.btn-primary")
        expect(page.locator("#results .entry").first).to_be_visible()
        page.locator("#results input[name=id]").nth(0).check()
        page.locator("#results input[name=id]").nth(1).check()
        page.click(".compare-bar button")
        expect(page.locator("table.compare thead th")).to_have_count(2)
        page.locator("details.drop.quiet summary").click()
        page.click("button[name=theme][value=dark]")
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        expect(page.locator(".js-only").first).to_be_hidden()


def test_scripts_make_it_quicker(browser, server):
    """Results follow the typing, what is typed is kept, advice and matches come by themselves, the palette leads on."""
    with visitor(browser, server) as page:
        sign_in(page, "researcher2@beihu.example")
        page.goto("/achievements")
        all_of_them = page.locator("#results .toolbar p").inner_text()
        page.fill("#q", "激光雷达")
        expect(page.locator("#results .toolbar p")).not_to_have_text(all_of_them)
        expect(page).to_have_url(re.compile(r"q=%E6%BF%80"))
        page.goto("/achievements/new")
        page.fill("[name=title]", "寒区车载毫米波雷达天线罩自除雪涂层")
        expect(page.locator("#preview-matches .entry").first).to_be_visible(timeout=15_000)
        expect(page.locator("#check .checklist li.done").first).to_be_visible()
        expect(page.locator("#kept")).not_to_be_empty(timeout=15_000)
        page.locator("[data-keyword]").first.click()
        assert page.input_value("[name=keywords]")
        page.goto("/achievements/new")
        expect(page.locator("[name=title]")).to_have_value("寒区车载毫米波雷达天线罩自除雪涂层")
        page.locator("main h1").click()
        page.keyboard.press("Control+k")
        page.keyboard.insert_text("天线罩")
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile(r"/achievements\?q="))
        page.go_back()
        page.locator("form[action$='/discard'] button").click()


def test_the_front_page_is_light(browser, server):
    """What a first visit loads, compressed, without charts; no script stands in the way of the first paint."""
    with visitor(browser, server) as page:
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        sizes: list[int] = []
        session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
        page.goto("/", wait_until="networkidle")
        assert 0 < sum(sizes) <= 150 * 1024
        blocking = "document.querySelectorAll('head script:not([defer]):not([async]):not([type=module])').length"
        assert page.evaluate(blocking) == 0
