"""What a text says, found by its words: terms, measured figures, and what reads like something not for the public.

Pure; a few milliseconds for a page of text. The only module of this feature that knows Chinese words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import rjieba

MOST = 12

# --- what reads like something else ---------------------------------------------------------------------------------

CONFIDENTIAL = re.compile(
    "保密|机密|绝密|秘密|内部资料|不对外|不公开|未公开|勿外传|技术诀窍"
    r"|\b(?:confidential|trade secret|internal use|do not distribute|unpublished)\b",
    re.IGNORECASE,
)
TELEPHONE = re.compile(r"(?<!\d)(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)|(?<!\d)0\d{2,3}-\d{7,8}(?!\d)")
EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}\.[\w.]+", re.ASCII)
IDENTITY_NUMBER = re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)")

# --- figures --------------------------------------------------------------------------------------------------------

LONGEST_CLAUSE = 80
"""Characters; a longer one is no figure that somebody would put in a list."""

_FIGURE = re.compile(
    r"(?:[≤≥<>±~～约不低高超大小于过达到]{0,4}\s*)[-−－零下]{0,2}\d+(?:[.,]\d+)*(?:\s*[-–—~～至到]\s*\d+(?:\.\d+)?)?\s*"
    r"(?:%|％|‰|℃|°C|°|[kMGTmμµn]?(?:Hz|W|Wh|V|A|Ah|Pa|m|g|s|L|N|J|F|Ω|bar|bit|B)\b(?:[/·][A-Za-z²³0-9]+)?|[kcmμ]?m[²³23]?\b"
    r"|dB\w?|rpm|ppm|ppb|kg\b|t/[adh]|mm/h|nm\b|h\b|min\b|年|个月|天|小时|分钟|秒|毫秒|微米|纳米|毫米|厘米|公里|千米|米|吨|公斤|千克|克"
    r"|升|毫升|万元|亿元|元|倍|次|台|套|亩|公顷|循环|个百分点)",
)
_CLAUSE = re.compile(r"[。；;\n！!]|，|,(?!\d)|(?<=[a-z])\.\s")
_BRACKETS = {"（": 1, "(": 1, "）": -1, ")": -1}
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d\s*年")
_JOINING = re.compile("^(?:并且|而且|但是|其中|不过|且|但)")


def figures(text: str) -> list[str]:
    """Clauses of the text that hold a measured figure with its unit, in their order, without repeats.

    What stands in brackets stays with its clause; the word that joins a clause to the one before is left out.
    """
    found: dict[str, None] = {}
    for clause in _clauses(text):
        if len(clause) <= LONGEST_CLAUSE and _FIGURE.search(_YEAR.sub("", clause)):
            found.setdefault(_JOINING.sub("", clause.strip()))
    return list(found)[:MOST]


def _clauses(text: str) -> Iterator[str]:
    start = depth = seen = 0
    for match in _CLAUSE.finditer(text):
        depth = max(0, depth + sum(_BRACKETS.get(mark, 0) for mark in text[seen : match.start()]))
        seen = match.start()
        if depth and match.end() - start <= LONGEST_CLAUSE:
            continue
        yield text[start : match.start()]
        start, depth = match.end(), 0
    yield text[start:]


# --- terms ----------------------------------------------------------------------------------------------------------

_HAN = re.compile("[\u4e00-\u9fff]")
_NOUNS = ("n", "vn", "eng", "b", "j", "l")
"""Kinds of words (ictclas marks) that a term is made of; names of people and places begin with n too."""
_NAMES = ("nr", "ns", "nt")
_HOLLOW = frozenset(
    re.findall(
        r"\S+",
        """
        技术 方法 系统 装置 研究 应用 问题 成果 企业 公司 需求 情况 方面 方案 产品 设备 项目 工艺
        过程 性能 效果 能力 作用 基础 领域 水平 目前 传统 现有 以上 以下 提高 降低 实现 采用 具有
        进行 可以 能够 结果 单位 客户 时间 条件 要求 指标 数据 大学 研究所 材料 温度 软件 车辆 压力
        小时 分钟 耗时 联系 电话 联系电话 邮箱 联系人
        """,
    )
)
_LEADING = frozenset({"面向", "用于", "基于", "针对", "适用"})
"""Taken for nouns, and the beginning of what follows."""
_STOP = frozenset(
    re.findall(
        r"\S+",
        """
        a an and are as at be been by can could for from had has have if in into is it its may more most
        must not of on or our over per so such than that the their them these they this those through to
        under up us using was we were when which while will with within without would after before between
        both each less other same only very about above below during
        """,
    )
)
_UNIT = re.compile(r"[a-zµμ]{1,3}|[kMG]?(?:Hz|Wh?|Pa|Ah?|V)|dBm?|PV|lx|TOPS", re.ASCII)
IN_TITLE = 4
"""A term of the first line, the title, counts as so many."""


def suggest(text: str) -> list[str]:
    """At most `MOST` terms of the text, whose first line is the title, the most telling first."""
    find = _chinese if len(_HAN.findall(text)) * 4 > len(text) else _english
    counted = find(text)
    for term, count in find(text.partition("\n")[0]).items():
        counted[term] += IN_TITLE * count
    scored = {term: count * min(len(term), 8) ** 0.5 for term, count in counted.items() if _telling(term)}
    kept: list[str] = []
    for term in sorted(scored, key=lambda term: (-scored[term], text.lower().find(term.lower()))):
        if not any(term in other or other in term for other in kept):  # of terms within each other, the better one
            kept.append(term)
    return kept[:MOST]


def _telling(term: str) -> bool:
    return not (_UNIT.fullmatch(term) or CONFIDENTIAL.search(term) or term in _HOLLOW)


def _chinese(text: str) -> Counter[str]:
    found: Counter[str] = Counter()
    run: list[str] = []
    for word, mark in [*rjieba.tag(text), ("", "x")]:
        is_noun = mark.startswith(_NOUNS) and not mark.startswith(_NAMES) and word not in _LEADING
        if is_noun and word.strip() and not word.isdigit():
            run.append(word)
            continue
        while run and run[-1] in _HOLLOW:
            run.pop()
        for size in (3, 2, 1):
            if len(run) >= size and 2 <= len(term := "".join(run[-size:])) <= 12 and term not in _HOLLOW:
                found[term] += 1
                break
        run = []
    return found


def _english(text: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for clause in re.split(r"[^\w\s-]+|\d+", text.lower()):
        run: list[str] = []
        for word in [*clause.split(), "the"]:
            if word not in _STOP and len(word) > 2:
                run.append(word)
                continue
            if run and 4 <= len(term := " ".join(run[-3:])) <= 40:
                found[term] += 1
            run = []
    return found


# --- names of columns and sections in files that people bring along -------------------------------------------------

COLUMNS = {
    "title": ("title", "invention title", "标题", "名称", "专利名称", "发明名称", "成果名称", "题名"),
    "summary": ("abstract", "summary", "摘要", "简介", "成果简介", "摘要（中文）"),
    "keywords": ("keywords", "keyword", "关键词", "关键字"),
    "people": ("inventors", "inventor", "authors", "author", "发明人", "完成人", "作者", "设计人"),
    "number": (
        "number", "patent number", "publication number", "application number",
        "专利号", "授权公告号", "公开（公告）号", "公开号", "公告号", "申请号", "登记号",
    ),
    "kind": ("type", "patent type", "类型", "专利类型"),
    "status": ("status", "legal status", "状态", "法律状态", "当前法律状态", "专利状态"),
    "expires_on": ("expiry date", "expires on", "失效日", "届满日", "有效期至"),
}  # fmt: skip
"""Heads of columns in lists of patents, by the fact they hold; the first that a file has is taken."""

SECTIONS = {
    "summary": ("summary", "abstract", "摘要", "简介", "成果简介", "技术简介", "成果介绍", "项目简介"),
    "advantages": ("advantages", "优势", "创新点", "技术优势", "先进性", "特点"),
    "applications": ("applications", "应用", "应用领域", "应用场景", "应用前景", "适用范围"),
    "keywords": ("keywords", "关键词", "关键字"),
    "problem": ("problem", "问题", "需求描述", "需求内容", "技术难题", "技术需求", "存在问题"),
    "targets": ("target figures", "targets", "指标", "技术指标", "目标指标", "主要指标", "考核指标"),
    "background": ("background", "背景", "现状", "需求背景", "现有基础"),
}
"""Headings in a document, by the field their text belongs to."""

NUMBERING = re.compile(r"^[\s\d一二三四五六七八九十、.．（）()【\[]+|[】\]\s]+$")
"""What stands around the words of a heading."""

GRANTED, LAPSED = ("授权", "有效", "granted", "in force", "active"), ("失效", "终止", "无效", "lapsed", "expired")
KINDS_OF_RIGHT = {
    "utility_model": ("实用新型", "utility"),
    "design_patent": ("外观", "design"),
    "software_copyright": ("软件", "software", "copyright"),
    "invention_patent": ("发明", "invention"),
}


def is_chinese(text: str) -> bool:
    return len(_HAN.findall(text)) * 10 > len(text)


def kind_of_right(text: str) -> str:
    """What kind of right the words name, or nothing."""
    words = text.casefold()
    return next((kind for kind, signs in KINDS_OF_RIGHT.items() if any(sign in words for sign in signs)), "")


def status_of(text: str) -> str:
    """How a right stands, in words that lists of patents use; nothing where they say nothing."""
    words = text.casefold()
    if any(sign in words for sign in LAPSED):
        return "lapsed"
    if any(sign in words for sign in GRANTED):
        return "granted"
    return "pending" if words else ""
