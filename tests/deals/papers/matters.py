"""What contracts of the tests are about."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

from matchmaker.deals.papers.clauses import Matter, Party, Result, Right
from matchmaker.deals.states import PartyRole
from matchmaker.deals.terms import (
    Completer,
    Delivery,
    DisputeForum,
    EntryFeeRoyalty,
    FirstRevenue,
    Guarantee,
    GuaranteeKind,
    Improvements,
    Penalty,
    PricingRoute,
    RoyaltyBase,
    Tax,
    Terms,
    TrialEnd,
    TrialOutcome,
)

LICENSOR = Party(("北湖理工大学", "Beihu University"), "12220000MOCK000017", ("朝阳区", "Chaoyang District"))
LICENSEE = Party(
    ("长春示例新材料有限公司", "Changchun Example Materials"), "91220101MOCK00002X", ("高新区", "High-tech")
)
BROKER = Party(("桥梁技术转移有限公司", "Bridge Transfer"), "91220101MOCK000038", ("南关区", "Nanguan District"))


def in_languages(party: Party, count: int) -> Party:
    return Party(party.name[:count], party.credit_code, party.place[:count])


def matter(*, languages: int = 1, broker: bool = False, **changes: Any) -> Matter:
    parties = {PartyRole.LICENSOR: LICENSOR, PartyRole.LICENSEE: LICENSEE}
    if broker:
        parties[PartyRole.BROKER] = BROKER
    known: dict[str, Any] = {
        "deal": "5f0e1b0a-0000-4000-8000-000000000001",
        "title": "高镍正极材料包覆工艺许可",
        "number": 3,
        "sha256": "0123456789abcdef" * 4,
        "parties": {role: in_languages(party, languages) for role, party in parties.items()},
        "results": (
            Result(
                "高镍正极材料原位包覆工艺",
                2,
                (
                    Right("invention_patent", "ZL202310000001.X", "granted", date(2043, 3, 1)),
                    Right("know_how", "", "granted", None),
                ),
            ),
            Result("浆料在线黏度检测方法", 1, ()),
        ),
    }
    return Matter(**{**known, **changes})


def bare(**changes: Any) -> Terms:
    """Nothing agreed but what terms cannot be without."""
    known: dict[str, Any] = {
        "territory": "吉林省",
        "field_of_use": "物流车动力电池",
        "effective_on": date(2027, 1, 1),
        "ends_on": date(2032, 12, 31),
        "trigger": FirstRevenue(),
        "fee": EntryFeeRoyalty(10_000_000, Fraction(3, 100), RoyaltyBase.SALES),
    }
    return Terms(**{**known, **changes})


def full(**changes: Any) -> Terms:
    """Everything agreed."""
    known: dict[str, Any] = {
        "pricing": PricingRoute.NEGOTIATED,
        "related_party": False,
        "co_owned": True,
        "co_owners_consent": True,
        "state_secret": False,
        "completers": (Completer("沈甲乙", Fraction(3, 5)), Completer("林丙丁", Fraction(2, 5))),
        "trial_end": TrialEnd(TrialOutcome.EXTEND, 2, 3),
        "penalty": Penalty(Fraction(5, 10_000), Fraction(1, 5)),
        "cure_days": 30,
        "tax": Tax(Fraction(6, 100), True),
        "guarantee": Guarantee(GuaranteeKind.INSURER, "示例财产保险", "P-1", 60_000, 4_000_000),
        "audit": True,
        "delivery": Delivery("工艺文件一套、配方一份", 15, "长春市，电子文件及纸质文件各一套"),
        "acceptance": "按附件技术指标,由双方在乙方产线共同验收。",
        "technical_service": "甲方派两名技术人员现场指导,累计不少于十个工作日。",
        "confidentiality": "双方对技术秘密和经营信息保密。",
        "confidentiality_years": 5,
        "improvements": Improvements.OFFERED_FOR_PAY,
        "warranty": "循环一千次容量保持率不低于百分之八十。",
        "infringement": "由甲方处理并承担费用。",
        "invalidation": "自宣告无效之日起停止支付提成费。",
        "forum": DisputeForum.ARBITRATION,
        "forum_place": "长春",
        "other": "双方每季度召开一次技术例会。",
        "commission_fen": 3_000_000,
    }
    return bare(**{**known, **changes})
