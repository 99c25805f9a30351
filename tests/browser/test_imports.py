"""A file of many entries, from the disk to drafts: with scripts the page follows by itself, without them by a link."""

import re
import uuid

import pytest
from playwright.sync_api import expect

from tests.browser import checks
from tests.browser.chromium import sign_in, visitor

pytestmark = pytest.mark.browser

MINUTE = 60_000


def entries(count):
    """So many different entries, as a reference manager writes them in Chinese Windows; new ones in every run."""
    run = uuid.uuid4().hex[:6]
    texts = (f"@article{{a{n},\n  title = {{导入示例{run}第{n}项}}\n}}" for n in range(count))
    return "\n".join([*texts, "@article{x, author = {无名}}"]).encode("gbk")


def upload(page, count):
    sign_in(page, "researcher2@beihu.example")
    page.goto("/listings/imports")
    page.set_input_files("[name=file]", [{"name": "导入.bib", "mimeType": "text/plain", "buffer": entries(count)}])
    page.locator("main form button.btn-primary").click()
    page.wait_for_url(re.compile(r"/listings/imports/[0-9a-f-]{36}"))


def test_the_page_follows_the_worker_by_itself(browser, server):
    with visitor(browser, server, language="en") as page:
        upload(page, 120)
        expect(page.locator("#entries")).to_be_visible(timeout=MINUTE)
        expect(page.get_by_role("heading", name="121 entries were found")).to_be_visible()
        page.get_by_label("Also the entries that look like others").check()  # they differ by a number alone
        page.get_by_role("button", name="Make drafts of them").click()
        expect(page.locator("main .state").first).to_have_text(re.compile("Being brought in|Brought in"))
        if page.locator("main .meter").count():
            assert checks.axe(page) == []
        expect(page.locator(".notice.good")).to_contain_text("120 drafts were made", timeout=MINUTE)
        page.get_by_role("link", name="Has a fault").click()
        expect(page.locator("#entries ~ tbody tr, table tbody tr")).to_have_count(1)


def test_without_scripts_a_link_looks_again(browser, server):
    with visitor(browser, server, language="en", scripts=False) as page:
        upload(page, 3)
        for _ in range(240):
            if page.locator("#entries").count():
                break
            page.get_by_role("link", name="Look again").click()
            page.wait_for_timeout(250)
        page.get_by_label("Also the entries that look like others").check()
        page.get_by_role("button", name="Make drafts of them").click()
        for _ in range(240):
            if page.locator(".notice.good").count():
                break
            page.get_by_role("link", name="Look again").click()
            page.wait_for_timeout(250)
        expect(page.locator(".notice.good")).to_contain_text("3 drafts were made")
