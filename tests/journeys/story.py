"""The main job as people do it, page by page, in a real browser. Each function is one person's visit.

The functions know the pages by what is on them (headings, links, fields, buttons' addresses), not by their language.
"""

from __future__ import annotations

import re
import time
import uuid
from datetime import timedelta

from playwright.sync_api import Page, expect

from matchmaker.core import clock
from tests.browser.chromium import PASSWORD

TITLE = "寒区车载毫米波雷达天线罩自除雪涂层与加热膜一体化技术"
NEED = "毫米波雷达天线罩冬季积雪结冰的自除方案"
STATEMENT = "促成天线罩自除雪技术许可，组织双方两次会商并协助起草条款。"


def say_it_is_new(page: Page, side: str) -> None:
    """Where the platform knows nearly the same text already, from another story, it asks before going on."""
    page.wait_for_url(re.compile(rf"/{side}/[0-9a-f-]{{36}}"))
    if "/similar" in page.url:
        page.click("button[name=replaces][value='']")
        page.wait_for_url(f"**/{side}/*-*")


def open_form(page: Page, path: str) -> None:
    """The form to list something: one page, or, without scripts, one for each of its parts."""
    page.goto(path)
    if page.locator("noscript meta").count():  # read as part of the page only where scripts are off
        page.wait_for_url(re.compile(r"[?]step="))


def next_part(page: Page) -> None:
    """On to the next part of the form, where it comes in parts."""
    onward = page.locator("button.btn-primary[name=go]")
    if onward.count():
        onward.click()


def list_achievement(page: Page) -> str:
    """A researcher lists an achievement and hands it in. Returns its path."""
    open_form(page, "/achievements/new")
    page.fill("[name=title]", TITLE)
    page.fill(
        "[name=summary]",
        "在天线罩表面制备低表面能疏冰涂层，并在其下复合透波石墨烯加热膜。零下25℃、雪量5 mm/h工况下，"
        "积雪滑落时间小于40秒，77 GHz单程插入损耗增加不超过0.6 dB，连续300次冰冻循环后涂层接触角保持在110度以上。",
    )
    page.fill("[name=advantages]", "与金属丝加热方案相比，功耗由18 W降到6 W，不影响雷达旁瓣。")
    page.fill("[name=applications]", "乘用车与商用车毫米波雷达、激光雷达窗口、车外摄像头。")
    page.select_option("[name=trl]", "6")
    next_part(page)
    page.fill("[name=keywords]", "毫米波雷达, 天线罩, 除雪, 疏冰涂层")
    page.select_option("[name=field]", "nev")
    page.select_option("[name=district]", "newarea")
    next_part(page)
    page.check("[name=modes][value=pay_later_licence]")
    next_part(page)  # rights and people: none are named
    next_part(page)
    page.fill("[name=confidential]", "涂层固化温度窗口与加热膜方阻（示例）。")
    page.click("button[name=then][value=submit]")
    say_it_is_new(page, "achievements")
    return page.url.removeprefix(page.evaluate("location.origin")).split("?")[0]


def approve_achievement(page: Page, path: str) -> None:
    """The technology-transfer officer approves it."""
    page.goto("/listings/review")
    page.click(f"a[href='{path}']")
    page.click(f"form[action='{path}/approve'] button")
    expect(page.locator(".notice.good[role=status]")).to_be_visible()


def post_need(page: Page) -> str:
    """An enterprise's signatory posts a need and publishes it. Returns its path."""
    open_form(page, "/needs/new")
    page.fill("[name=title]", NEED)
    page.fill(
        "[name=problem]",
        "我们的车载毫米波雷达在东北冬季行驶时，天线罩表面积雪结冰，探测距离下降一半以上。希望找到低功耗、透波好的除雪除冰办法。",
    )
    page.fill("[name=targets]", "零下25℃积雪去除时间≤60秒；77 GHz插入损耗增加≤0.8 dB；功耗≤8 W。")
    page.select_option("[name=min_trl]", "5")
    next_part(page)
    page.select_option("[name=field]", "nev")
    page.select_option("[name=district]", "qikai")
    next_part(page)
    page.check("[name=modes][value=pay_later_licence]")
    page.fill("[name=budget_max_fen]", "800000")
    page.fill("[name=deadline_on]", (clock.today() + timedelta(days=300)).isoformat())
    next_part(page)
    page.click("button[name=then]:first-of-type")
    say_it_is_new(page, "needs")
    return page.url.removeprefix(page.evaluate("location.origin")).split("?")[0]


def see_matches(page: Page, need: str, *, within_seconds: float = 30) -> float:
    """The need's ranked pairings show up by themselves; the best one opens with its reasons. Returns the wait."""
    began = time.monotonic()
    while time.monotonic() - began < within_seconds:
        page.goto(f"{need}/matches")
        if page.locator(f"text={TITLE}").count():
            break
        time.sleep(0.25)
    waited = time.monotonic() - began
    expect(page.locator("main .entry").first).to_contain_text(TITLE)
    page.locator("main a[href*='/pairings/']").first.click()
    expect(page.locator("main mark").first).to_be_visible()
    return waited


def propose_introduction(page: Page) -> str:
    """From the pairing, a technology manager proposes that the two be introduced. Returns the introduction's path."""
    page.locator("main a[href*='/introductions/new']").first.click()
    page.fill("[name=message]", "双方都在长春，建议本周会面。")
    page.locator("main form[method=post] button").last.click()
    page.wait_for_url("**/introductions/*-*")
    return page.url.removeprefix(page.evaluate("location.origin")).split("?")[0]


def agree_to_introduction(page: Page, path: str) -> None:
    """A side agrees under confidentiality."""
    page.goto(path)
    page.check("[name=undertakes]")
    page.click(f"form[action='{path}/agree'] button")
    expect(page.locator(".notice.good[role=status]")).to_be_visible()


def unfold(page: Page, name: str) -> None:
    """Open the group of entries that this one stands in, where no script has done so."""
    group = page.locator(f"details:has([name={name}])")
    if group.get_attribute("open") is None:
        group.locator("summary").click()


def draft_and_offer_deal(page: Page, introduction: str) -> str:
    """The technology manager logs the brokered deal with pay-later terms and offers it. Returns the deal's path."""
    page.goto(introduction)
    page.locator("main a[href*='/deals/new']").first.click()
    page.locator("main form[method=post] button").last.click()
    page.wait_for_url("**/deals/*/terms")
    path = "/deals/" + page.url.split("/deals/")[1].split("/")[0]
    page.fill("[name=territory]", "吉林省")
    page.fill("[name=field_of_use]", "车载毫米波雷达天线罩")
    page.fill("[name=effective_on]", clock.today().isoformat())
    page.fill("[name=trial_months]", "12")
    page.fill("[name=ends_on]", clock.today().replace(year=clock.today().year + 5, day=1).isoformat())
    page.select_option("[name=pricing]", "listing")  # a price agreed in private would take a notice of 15 days first
    page.select_option("[name=trigger]", "first_revenue")
    page.select_option("[name=fee]", "entry_fee_royalty")
    unfold(page, "entry_fen")
    page.fill("[name=entry_fen]", "100000")
    page.fill("[name=rate]", "3")
    page.select_option("[name=base]", "sales")
    page.fill("[name=period_months]", "12")
    page.locator("main form[method=post] button.btn-primary").last.click()
    page.wait_for_url(f"**{path}")
    page.click(f"form[action='{path}/offer'] button")
    expect(page.locator(".notice.good[role=status]")).to_be_visible()
    return path


def accept_deal(page: Page, path: str) -> None:
    page.goto(path)
    page.click(f"form[action='{path}/accept'] button")
    expect(page.locator(".notice.good[role=status]")).to_be_visible()


def sign_deal(page: Page, path: str) -> None:
    page.goto(path)
    page.fill(f"form[action='{path}/sign'] [name=password]", PASSWORD)
    page.click(f"form[action='{path}/sign'] button")
    expect(page.locator(".notice.good[role=status]")).to_be_visible()


def confirm_broker(page: Page, path: str) -> None:
    """A side confirms that the intermediary brought the deal about."""
    page.goto(path)
    page.locator(f"details:has(form[action='{path}/broker']) > summary").click()
    page.click(f"form[action='{path}/broker'] button")
    expect(page.locator(".notice.good[role=status]")).to_be_visible()


def register_contract(page: Page, path: str) -> None:
    """The licensor enters the registration of the technical contract."""
    page.goto(path)
    form = f"form[action='{path}/registration']"
    page.locator(f"details:has({form}) > summary").click()
    page.select_option(f"{form} [name=type]", "licence")
    page.fill(f"{form} [name=number]", f"20262201{uuid.UUID(path.rsplit('/', 1)[1]).int % 10**8:08d}")  # the deal's own
    page.fill(f"{form} [name=total_fen]", "100000")
    page.fill(f"{form} [name=approved_fen]", "100000")
    page.fill(f"{form} [name=registered_on]", clock.today().isoformat())
    page.click(f"{form} button")
    expect(page.locator(".notice.good[role=status]")).to_be_visible()


def claim_subsidy(page: Page, deal_id: str) -> str:
    """The intermediary claims clause P3-4 for the deal and submits. Returns the claim's path."""
    page.goto("/claims/new?clause=P3-4")
    page.check(f"[name=deal][value='{deal_id}']")
    page.fill("[name=requested_fen]", "30000")
    page.fill("[name=statement]", STATEMENT)
    page.locator("main form[method=post] button.btn-primary").first.click()
    page.wait_for_url("**/claims/*-*")
    path = page.url.removeprefix(page.evaluate("location.origin")).split("?")[0]
    attach_what_is_missing(page, path)
    page.click(f"form[action='{path}/submit'] button")
    expect(page.locator(".notice.good[role=status]")).to_be_visible()
    return path


def attach_what_is_missing(page: Page, path: str) -> None:
    """A file for each document that the page of the claim lists as missing."""
    form = f"form[action='{path}/evidence']"
    for name in page.locator("main .notice.warn li").all_inner_texts():
        page.select_option(f"{form} [name=kind]", label=name)
        file = {"name": f"{name}.pdf", "mimeType": "application/pdf", "buffer": f"%PDF-1.7\n% {name}\n".encode()}
        page.set_input_files(f"{form} [name=file]", [file])  # type: ignore[list-item]
        page.click(f"{form} button")
        expect(page.locator(".notice.good[role=status]")).to_be_visible()


def pass_formal_check(page: Page, path: str) -> None:
    """A reviewer finds the claim complete; two experts are drawn."""
    page.goto(path)
    page.click(f"form[action='{path}/accept'] button")
    expect(page.locator(".notice.good[role=status]")).to_be_visible()


def awaited_reviewers(page: Page, path: str) -> list[str]:
    """Mail addresses of the experts drawn, as the administrator sees them."""
    page.goto(path)
    links = page.locator("main a[href^='mailto:']").all()
    return [str(link.get_attribute("href")).removeprefix("mailto:") for link in links]


def give_opinion(page: Page, path: str) -> None:
    """An expert supports the claim with a score and part of the sum."""
    page.goto(path)
    form = f"form[action='{path}/opinion']"
    page.select_option(f"{form} [name=opinion]", "support")
    page.fill(f"{form} [name=score]", "82")
    page.fill(f"{form} [name=fen]", "25000")
    page.fill(f"{form} [name=comment]", "对接记录清楚，服务真实。")
    page.check(f"{form} [name=no_conflict]")
    page.click(f"{form} button")
    expect(page.locator(".notice.good[role=status]")).to_be_visible()


def propose_and_publish(page: Page, path: str) -> None:
    """A reviewer answers the open flags, proposes the sum and puts it on public notice."""
    page.goto(path)
    while page.locator("#flags form").count():
        page.locator("#flags summary").first.click()
        page.locator("#flags [name=answer]").first.fill("已核实，不影响。")
        page.locator("#flags form button").first.click()
    for _ in range(page.locator("#conditions details").count()):
        page.locator("#conditions li:has(.state.warn) summary").first.click()
        page.locator("#conditions li:has(.state.warn) [name=note]").first.fill("已查阅对接记录，符合。")
        page.locator("#conditions li:has(.state.warn) form button").first.click()
    page.fill(f"form[action='{path}/propose'] [name=reason]", "材料齐全，按撮合工作量核定。")
    page.click(f"form[action='{path}/propose'] button")
    page.click(f"form[action='{path}/publish'] button")
    expect(page.locator(".notice.good[role=status]")).to_be_visible()


def public_notices(page: Page) -> str:
    """What everyone reads of the notices that run."""
    page.goto("/claim-notices")
    return page.locator("main").inner_text()


def funnel(page: Page) -> list[int]:
    """The funnel's figures as the public sees them."""
    page.goto("/dashboard")
    cells = page.locator("table").first.locator("tbody td:nth-child(2)").all_inner_texts()
    return [int(cell.replace(",", "")) for cell in cells]
