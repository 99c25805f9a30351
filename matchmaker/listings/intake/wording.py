"""The words that people have in spreadsheets of many entries, in both languages. Pure; the only module of this package
that knows Chinese ones.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_SHARED_HEAD: Mapping[str, tuple[str, str]] = {"id": ("编号", "ID"), "title": ("名称", "Title")}
_SHARED_TAIL: Mapping[str, tuple[str, str]] = {
    "keywords": ("关键词", "Keywords"),
    "field": ("技术领域", "Technical field"),
    "industries": ("所属行业", "Industries"),
    "modes": ("转化方式", "Ways of transfer"),
    "district": ("所在区域", "District"),
    "language": ("语言", "Language"),
    "confidential": ("保密内容", "Confidential part"),
}
COLUMNS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "achievement": {
        **_SHARED_HEAD,
        "summary": ("成果简介", "Summary"),
        "advantages": ("技术优势", "Advantages"),
        "applications": ("应用场景", "Applications"),
        "trl": ("技术成熟度", "Technology readiness level"),
        "price_min_fen": ("参考价下限（元）", "Price guidance from (yuan)"),
        "price_max_fen": ("参考价上限（元）", "Price guidance up to (yuan)"),
        "rights": ("知识产权", "Rights"),
        "completers": ("成果完成人", "Completers"),
        **_SHARED_TAIL,
    },
    "need": {
        **_SHARED_HEAD,
        "problem": ("技术难题", "Problem"),
        "targets": ("技术指标", "Target figures"),
        "background": ("背景情况", "Background"),
        "min_trl": ("最低技术成熟度", "Least technology readiness level"),
        "budget_min_fen": ("预算下限（元）", "Budget from (yuan)"),
        "budget_max_fen": ("预算上限（元）", "Budget up to (yuan)"),
        "deadline_on": ("截止日期", "Deadline"),
        "anonymous": ("匿名", "Anonymous"),
        **_SHARED_TAIL,
    },
}
"""By fact: the heading in Chinese and in English, the words of the forms."""

ALIASES: Mapping[str, str] = {
    "标题": "title",
    "题名": "title",
    "成果名称": "title",
    "需求名称": "title",
    "摘要": "summary",
    "完成人": "completers",
    "区县": "district",
    "需求描述": "problem",
    "需求内容": "problem",
    "目标指标": "targets",
    "需求背景": "background",
    "保密部分": "confidential",
}
"""What people write above their columns as well."""

YES = frozenset({"是", "匿名", "yes", "y", "1", "true"})
NO = frozenset({"否", "公开", "no", "n", "0", "false", ""})
EXAMPLE = ("EXAMPLE:", "示例：")
"""How the title of the template's example begins."""
LEVEL = re.compile(r"(?:TRL)?\s*([1-9])(?:\s*级)?", re.IGNORECASE)
DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
