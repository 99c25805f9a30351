"""An invented corpus of claims to measure the flags by: frauds of every kind, each with an honest twin that looks
alike. Pure.

A twin is built like its fraud and differs in what makes the fraud one (docs/integrity.md says for each kind in what).
All come from one seed. Names, credit codes, addresses and numbers are made up; words come from the caller.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from matchmaker.deals.states import PartyRole
from matchmaker.subsidies.flags.records import FlagCode, Inventor, Paper, Party, Record
from matchmaker.subsidies.folding import fold
from matchmaker.subsidies.papers import PaperKind

DAY = date(2026, 1, 5)
WAN = 1_000_000  # fen
CAP_FEN = 50 * WAN
LICENSOR, LICENSEE, BROKER = PartyRole.LICENSOR, PartyRole.LICENSEE, PartyRole.BROKER
CLAUSES = {BROKER: "P3-4", LICENSEE: "P2-3", LICENSOR: "P3-3"}
EXCLUSIONS = frozenset({frozenset({"P2-3", "P3-3"})})
"""Assumed for the corpus alone: the source names no exclusion."""

_CODE = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@dataclass(frozen=True, slots=True)
class Names:
    """Words that the invented world is made of: of organisations, titles, streets, surnames and given names."""

    places: Sequence[str]
    fields: Sequence[str]
    things: Sequence[str]
    uses: Sequence[str]
    forms: Sequence[str]
    parts: Sequence[str]
    streets: Sequence[str]
    surnames: Sequence[str]
    given: Sequence[str]
    common: Sequence[str]
    kinds: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sample:
    """One fraud or its twin: the claims it consists of, and the flags that count as finding it."""

    kind: str
    fraud: bool
    records: tuple[Record, ...]
    expected: frozenset[FlagCode]


@dataclass
class Corpus:
    samples: list[Sample] = field(default_factory=list)

    @property
    def records(self) -> list[Record]:
        return [record for sample in self.samples for record in sample.records]

    def common_names(self) -> frozenset[str]:
        """Names that three or more organisations show, as the platform counts them."""
        seen: Counter[str] = Counter()
        parties = {party.id: party for record in self.records for party in record.organisations()}
        for party in parties.values():
            seen.update({fold(name) for name in (party.representative, *party.owners)})
        return frozenset(name for name, count in seen.items() if count > 2 and name)


class Maker:
    """Makes organisations, deals and papers; every value comes from one random generator."""

    def __init__(self, seed: int, names: Names) -> None:
        self.random, self.names, self.count = random.Random(seed), names, 0  # noqa: S311 - to be repeated, not secret

    def next(self) -> int:
        self.count += 1
        return self.count

    def pick(self, words: Sequence[str]) -> str:
        return self.random.choice(words)

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def person(self) -> str:
        """A name; one in twelve is a common one, so that strangers share it."""
        if self.chance(1 / 12):
            return self.pick(self.names.common)
        return self.pick(self.names.surnames) + self.pick(self.names.given) + self.pick(self.names.given)

    def code(self) -> str:
        return "91220101" + "".join(self.random.choice(_CODE) for _ in range(10))

    def party(self, kind: str) -> Party:
        number = self.next()
        park = self.pick(self.names.streets)  # many share a park, each with a room and a switchboard's extension
        owners = [self.person() for _ in range(self.random.randint(1, 3))]
        if self.chance(0.2):
            owners.append(self.code())
        return Party(
            id=f"org-{number}",
            credit_code=self.code(),
            name=self.pick(self.names.places) + self.pick(self.names.fields) + self.names.kinds[kind] + str(number),
            address=f"{park}{self.random.randint(1, 60)}-{number}",
            phone=f"0431-8{self.random.randint(1000000, 9999999)}",
            representative=self.person(),
            owners=tuple(owners),
            people=frozenset({f"user-{number}"}),
        )

    def title(self) -> str:
        names = self.names
        return self.pick(names.things) + self.pick(names.uses) + self.pick(names.fields) + self.pick(names.forms)

    def price(self) -> int:
        """Most prices are round, as in life."""
        return self.random.randint(10, 160) * WAN if self.chance(0.7) else self.random.randint(1000, 16000) * WAN // 100

    def day(self) -> date:
        return DAY + timedelta(days=self.random.randint(0, 300))

    def paper(self, kind: PaperKind, fen: int | None = None, day: date | None = None, number: str = "") -> Paper:
        prefix = {PaperKind.RECEIPT: "7701", PaperKind.INVOICE: "2622", PaperKind.REGISTRATION: "2026220100"}
        digits = "".join(self.random.choice("0123456789") for _ in range(12))  # one bank, one number range for all
        return Paper(kind, number or prefix.get(kind, "HT-") + digits, fen, day)

    def contract(self) -> Paper:
        """Numbered by the parties: strangers share 2026-001."""
        return Paper(PaperKind.CONTRACT, f"HT-2026-{self.random.randint(1, 40):03d}")

    def record(self, *, by: PartyRole = BROKER, **changes: object) -> Record:
        """An honest claim, as far as it is not changed."""
        parties = {LICENSOR: self.party("university"), LICENSEE: self.party("enterprise"), BROKER: self.party("broker")}
        number, price, signed = self.next(), self.price(), self.day()
        paid_on = signed + timedelta(days=self.random.randint(5, 90))
        recorded = signed - timedelta(days=self.random.choice((0, 0, 3, 10, 40)))
        inventor = Inventor(f"user-i{number}", self.person())
        values = {
            "id": f"claim-{number}",
            "number": f"2026-{number:06d}",
            "clause_id": CLAUSES[by],
            "claimant": parties[by],
            "parties": parties,
            "deal_id": f"deal-{number}",
            "title": self.title(),
            "achievements": frozenset({f"achievement-{number}"}),
            "inventors": (inventor,),
            "sum_fen": min(price * 3 // 100, CAP_FEN),
            "cap_fen": CAP_FEN,
            "price_fen": price,
            "signed_on": signed,
            "introduced_on": recorded,
            "broker_recorded_on": recorded,
            "confirmed_by": frozenset({LICENSOR, LICENSEE}),
            "papers": (
                self.paper(PaperKind.REGISTRATION),
                self.contract(),
                self.paper(PaperKind.INVOICE, price, paid_on),
                self.paper(PaperKind.RECEIPT, price, paid_on),
            ),
            "claimed_on": paid_on + timedelta(days=self.random.randint(5, 60)),
            **changes,
        }
        return Record(**values)  # type: ignore[arg-type]

    def again(self, record: Record, **changes: object) -> Record:
        """Another claim of the same sides: a deal, a day and papers of its own."""
        number, signed = self.next(), (record.signed_on or DAY) + timedelta(days=self.random.randint(1, 25))
        price = record.price_fen or self.price()
        values: dict[str, object] = {
            "id": f"claim-{number}",
            "number": f"2026-{number:06d}",
            "deal_id": f"deal-{number}",
            "signed_on": signed,
            "introduced_on": signed,
            "broker_recorded_on": signed,
            "papers": (
                self.paper(PaperKind.REGISTRATION),
                Paper(PaperKind.CONTRACT, f"HT-2026-{100 + number}"),  # two sides number their own contracts anew
                self.paper(PaperKind.INVOICE, price, signed),
                self.paper(PaperKind.RECEIPT, price, signed),
            ),
            **changes,
        }
        return replace(record, **values)  # type: ignore[arg-type]

    def spelt_otherwise(self, number: str) -> str:
        """The same number as others would type it: full-width, spaced, in brackets, with a no-break space."""
        wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in number)
        spaced = " ".join(number[i : i + 4] for i in range(0, len(number), 4))
        return self.random.choice((wide, spaced, f"({number})", number.lower(), number.replace("-", "\u00a0－ ")))

    def mistyped(self, number: str) -> str:
        """Almost the same number: a digit changed, dropped, doubled, two exchanged, or a letter that looks like one."""
        at, shift = self.random.randrange(4, len(number) - 1), self.random.randint(1, 9)
        other = str((int(number[at]) + shift) % 10) if number[at].isdigit() else "0"
        options = [
            number[:at] + other + number[at + 1 :],
            number[:at] + number[at + 1 :],
            number[:at] + number[at] + number[at:],
            number[:at] + number[at + 1] + number[at] + number[at + 2 :],
            number.replace("0", "O", 1),
            number.replace("1", "l", 1),
            number + "0",
        ]
        return self.random.choice([option for option in options if option != number])


Pair = tuple[tuple[Record, ...], tuple[Record, ...]]


def _swap(record: Record, kind: PaperKind, **changes: object) -> Record:
    """The record with one of its papers changed."""
    papers = [replace(paper, **changes) if paper.kind is kind else paper for paper in record.papers]  # type: ignore[arg-type]
    return replace(record, papers=tuple(papers))


def _paper_of(record: Record, kind: PaperKind) -> Paper:
    return next(paper for paper in record.papers if paper.kind is kind)


def exact_paper(m: Maker) -> Pair:
    """A registration, invoice or receipt of another claim. The twin: a number of the same range, and the contract
    number of strangers.
    """
    kind = m.random.choice((PaperKind.REGISTRATION, PaperKind.INVOICE, PaperKind.RECEIPT))
    first, thief = m.record(), m.record()
    same = m.spelt_otherwise(_paper_of(first, kind).number)
    stranger = m.record()
    stranger = _swap(stranger, PaperKind.CONTRACT, number=_paper_of(first, PaperKind.CONTRACT).number)
    return (first, _swap(thief, kind, number=same)), (stranger,)


def exact_contract(m: Maker) -> Pair:
    """The contract of the same sides once more. The twin: a second contract of the same sides for another
    achievement.
    """
    first = m.record()
    number = m.next()
    other = {"title": m.title(), "achievements": frozenset({f"achievement-{number}"}), "price_fen": m.price()}
    again = m.again(first, **other)
    same = _swap(again, PaperKind.CONTRACT, number=m.spelt_otherwise(_paper_of(first, PaperKind.CONTRACT).number))
    honest = m.record()
    another = {"title": m.title(), "achievements": frozenset({f"achievement-{m.next()}"}), "price_fen": m.price()}
    numbers = m.random.sample(range(100, 999), 2)
    pair = [honest, m.again(honest, **another)]
    return (first, same), tuple(
        _swap(record, PaperKind.CONTRACT, number=f"HT-{n}") for record, n in zip(pair, numbers, strict=True)
    )


def near_paper(m: Maker) -> Pair:
    """An invoice or receipt typed almost like another, same sides, same sum, within days. The twin: monthly
    instalments of one sum with numbers that follow each other, in claims for other achievements of the same sides.
    """
    kind = m.random.choice((PaperKind.INVOICE, PaperKind.RECEIPT))
    first = m.record()
    other = {"title": m.title(), "achievements": frozenset({f"achievement-{m.next()}"})}
    again = m.again(first, **other)
    paper = _paper_of(first, kind)
    day = (paper.dated_on or DAY) + timedelta(days=m.random.randint(0, 4))
    number = m.mistyped(paper.number)
    if m.chance(0.1):  # two mistakes in one number
        number = m.mistyped(number)
    fraud = _swap(again, kind, number=number, fen=paper.fen, dated_on=day)
    honest, twins = m.record(), []
    base = m.random.randint(10**11, 10**12 - 100)
    for month in range(3):
        number, day = f"7701{base + month}", (honest.signed_on or DAY) + timedelta(days=30 * month + 15)
        title = {"title": m.title(), "achievements": frozenset({f"achievement-{m.next()}"})}
        days = dict.fromkeys(("signed_on", "introduced_on", "broker_recorded_on"), honest.signed_on)
        one = m.again(honest, **title, **days)
        twins.append(_swap(one, PaperKind.RECEIPT, number=number, fen=honest.price_fen, dated_on=day))
    return (first, fraud), tuple(twins)


def date_shifted(m: Maker) -> Pair:
    """The same deal written anew some months later, with papers of its own. The twin: a customer who licenses another
    achievement for the same standard price."""
    first = m.record()
    signed = (first.signed_on or DAY) + timedelta(days=m.random.randint(15, 170))
    price = (first.price_fen or 0) + m.random.choice((0, 0, 100, -100))
    fraud = m.again(first, signed_on=signed, introduced_on=signed, broker_recorded_on=signed, price_fen=price)
    if m.chance(0.3):  # entered as another achievement with the same words
        fraud = replace(fraud, achievements=frozenset({f"achievement-{m.next()}"}))
        if m.chance(0.4):  # or with other words, which nothing but a reader can tell
            fraud = replace(fraud, title=m.title())
    honest = m.record()
    later = (honest.signed_on or DAY) + timedelta(days=m.random.randint(15, 170))
    fresh = {"title": m.title(), "achievements": frozenset({f"achievement-{m.next()}"})}
    twin = m.again(honest, signed_on=later, introduced_on=later, broker_recorded_on=later, **fresh)
    return (first, fraud), (honest, twin)


def split(m: Maker) -> Pair:
    """One transaction in two to five parts, between the same sides or with licensees that belong together. The twin:
    ordinary licences of one achievement to independent firms at one price, or different achievements for one
    customer.
    """
    whole, count = m.record(price_fen=m.random.randint(60, 200) * WAN), m.random.randint(2, 5)
    shares = m.random.choice(((1,) * count, tuple(m.random.randint(2, 9) for _ in range(count))))
    linked, parts = m.chance(0.25), []
    for number, share in enumerate(shares):
        price = (whole.price_fen or 0) * share // sum(shares)
        signed = (whole.signed_on or DAY) + timedelta(days=m.random.randint(0, 50))
        changes: dict[str, object] = {
            "price_fen": price,
            "sum_fen": min(price * 3 // 100, CAP_FEN),
            "signed_on": signed,
            "title": whole.title + m.names.parts[number % len(m.names.parts)] if m.chance(0.8) else whole.title,
        }
        if m.chance(0.2):
            changes["achievements"] = frozenset({f"achievement-{m.next()}"})
            if m.chance(0.3):
                changes["title"] = m.title()
        if linked and number:
            shell = replace(m.party("enterprise"), phone=whole.parties[LICENSEE].phone)
            changes["parties"] = {**whole.parties, LICENSEE: shell}
        parts.append(m.again(whole, **changes) if number else replace(whole, **changes))  # type: ignore[arg-type]
    return tuple(parts), _honest_series(m, count)


def _honest_series(m: Maker, count: int) -> tuple[Record, ...]:
    first, price = m.record(), m.price()
    many_licensees, found = m.chance(0.5), [replace(m.record(), price_fen=price)]
    first = found[0]
    for _ in range(count - 1):
        if many_licensees:  # ordinary licences: the same achievement, the same price, firms of their own
            found.append(m.again(first, parties={**first.parties, LICENSEE: m.party("enterprise")}))
        else:  # a framework customer: the next achievement, a similar title
            title = first.title.replace(m.names.forms[0], "") + m.pick(m.names.things)
            found.append(m.again(first, title=title, achievements=frozenset({f"achievement-{m.next()}"})))
    return tuple(found)


def excluding(m: Maker) -> Pair:
    """One deal under two clauses that exclude each other. The twin: under two that do not."""
    first = m.record(by=LICENSEE)
    second = m.again(first, clause_id="P3-3", claimant=first.parties[LICENSOR], deal_id=first.deal_id)
    if m.chance(0.4):  # entered as another deal, under the same registration
        registration = _paper_of(first, PaperKind.REGISTRATION).number
        second = _swap(replace(second, deal_id=f"deal-{m.next()}"), PaperKind.REGISTRATION, number=registration)
    honest = m.record(by=LICENSEE)
    return (first, second), (
        honest,
        m.again(honest, clause_id="P3-4", claimant=honest.parties[BROKER], deal_id=honest.deal_id),
    )


def related(m: Maker) -> Pair:
    """Two parties share a person, code, address, telephone, owner by code, or two names. The twin: they share the
    park, a name that many bear, or one name alone.
    """
    record = m.record()
    sides = m.random.sample(list(record.parties), 2)
    one, other = record.parties[sides[0]], record.parties[sides[1]]
    shared: list[dict[str, object]] = [
        {"people": other.people | one.people},
        {"credit_code": m.spelt_otherwise(one.credit_code)},
        {"address": m.spelt_otherwise(one.address)},
        {"phone": one.phone.replace("-", " ").replace("0431", "+86-0431") if m.chance(0.5) else one.phone},
        {"owners": (*other.owners, one.credit_code)},
        {"owners": (*other.owners, f"{one.representative}", "x"), "representative": one.representative},
    ]
    change = m.random.choice(shared[:5] if fold(one.representative) in {fold(n) for n in m.names.common} else shared)
    parties = {**record.parties, sides[1]: replace(other, **change)}  # type: ignore[arg-type]
    fraud = replace(record, parties=parties, claimant=parties[BROKER])
    return (fraud,), (_unrelated(m),)


def _unrelated(m: Maker) -> Record:
    record = m.record()
    one, other = record.parties[LICENSOR], record.parties[LICENSEE]
    common = m.pick(m.names.common)
    options: list[tuple[dict[str, object], dict[str, object]]] = [
        ({"address": one.address}, {"address": one.address + "-2"}),
        ({"representative": common}, {"representative": common}),
        ({}, {"owners": (*other.owners, one.representative)}),
    ]
    changes = m.random.choice(options)
    sides = {LICENSOR: replace(one, **changes[0]), LICENSEE: replace(other, **changes[1])}  # type: ignore[arg-type]
    return replace(record, parties={**record.parties, **sides})


def circular(m: Maker) -> Pair:
    """What one side licenses comes back to it for a similar sum, over one stop or two. The twin: a cross licence for
    a very different sum, or after more than a year.
    """

    def ring(count: int, prices: Sequence[int], gap: int) -> tuple[Record, ...]:
        firms, start = [m.party("enterprise") for _ in range(count)], m.day()
        found = []
        for number in range(count):
            broker = m.party("broker")
            signed = start + timedelta(days=gap * number)
            sides = {LICENSOR: firms[number], LICENSEE: firms[(number + 1) % count], BROKER: broker}
            days = {"signed_on": signed, "introduced_on": signed, "broker_recorded_on": signed}
            facts: dict[str, object] = {"parties": sides, "claimant": broker, "price_fen": prices[number], **days}
            found.append(m.record(by=BROKER, **facts))
        return tuple(found)

    price = m.random.randint(20, 90) * WAN
    count = m.random.choice((2, 3))
    near = [price * m.random.randint(90, 110) // 100 for _ in range(count)]
    honest = ring(2, (price, price * 3), 40) if m.chance(0.5) else ring(2, (price, price), 400)
    return ring(count, near, m.random.randint(10, 90)), honest


def late_broker(m: Maker) -> Pair:
    """The intermediary was recorded, or introduced the sides, after they signed. The twin: on the very day of the
    signature.
    """
    record = m.record()
    late = (record.signed_on or DAY) + timedelta(days=m.random.randint(1, 60))
    change = m.random.choice(("broker_recorded_on", "introduced_on"))
    honest = m.record()
    day = {"broker_recorded_on": honest.signed_on, "introduced_on": honest.signed_on}
    return (replace(record, **{change: late}),), (replace(honest, **day),)  # type: ignore[arg-type]


def unconfirmed(m: Maker) -> Pair:
    """One side or both never confirmed the intermediary. The twin: both did."""
    sides = m.random.choice((frozenset(), frozenset({LICENSOR}), frozenset({LICENSEE})))
    return (m.record(confirmed_by=sides),), (m.record(),)


def inventor_inside(m: Maker) -> Pair:
    """Whoever made the achievement belongs to the licensee or owns it. The twin: bears a name that many bear."""
    record = m.record()
    (inventor,) = record.inventors
    licensee = record.parties[LICENSEE]
    if m.chance(0.5):
        changed = replace(licensee, people=licensee.people | {inventor.id})
    else:
        inventor = replace(inventor, name=m.pick(m.names.surnames) + m.pick(m.names.given) + m.pick(m.names.given))
        changed = replace(licensee, owners=(*licensee.owners, inventor.name))
    fraud = replace(record, inventors=(inventor,), parties={**record.parties, LICENSEE: changed})
    honest, common = m.record(), m.pick(m.names.common)
    namesake = replace(honest.parties[LICENSEE], owners=(common,))
    twin = replace(honest, inventors=(Inventor("user-x", common),), parties={**honest.parties, LICENSEE: namesake})
    return (fraud,), (twin,)


def sums(m: Maker) -> Pair:
    """Several claims just below the cap, or many unequal papers that are all whole ten thousands. The twin: claims
    for the whole cap, one just below it, or equal instalments of a round price.
    """
    first = m.record()
    if m.chance(0.5):
        just = [CAP_FEN * m.random.randint(955, 998) // 1000 for _ in range(3)]
        return _by_one_claimant(m, first, just), _by_one_claimant(m, m.record(), [CAP_FEN, CAP_FEN, just[0]])
    day = first.signed_on or DAY
    unequal = [fen * WAN for fen in m.random.sample(range(3, 40), 6)]
    papers = [m.paper(PaperKind.RECEIPT, fen, day + timedelta(days=9 * n)) for n, fen in enumerate(unequal)]
    equal = [m.paper(PaperKind.RECEIPT, 10 * WAN, day + timedelta(days=30 * n)) for n in range(6)]
    return (replace(first, papers=tuple(papers)),), (replace(m.record(), papers=tuple(equal)),)


def _by_one_claimant(m: Maker, first: Record, sums_fen: Sequence[int]) -> tuple[Record, ...]:
    found = [replace(first, sum_fen=sums_fen[0])]
    for fen in sums_fen[1:]:
        other = m.record()
        parties = {**other.parties, BROKER: first.claimant}
        found.append(replace(other, sum_fen=fen, claimant=first.claimant, parties=parties, claimed_on=first.claimed_on))
    return tuple(found)


KINDS: Mapping[str, tuple[Callable[[Maker], Pair], frozenset[FlagCode], int]] = {
    "exact paper": (exact_paper, frozenset({FlagCode.SAME_PAPER}), 60),
    "exact contract": (exact_contract, frozenset({FlagCode.SAME_PAPER}), 40),
    "near paper": (near_paper, frozenset({FlagCode.NEAR_PAPER}), 60),
    "date shifted": (date_shifted, frozenset({FlagCode.REPEAT, FlagCode.SPLIT}), 60),
    "split": (split, frozenset({FlagCode.SPLIT, FlagCode.REPEAT}), 100),
    "excluding clauses": (excluding, frozenset({FlagCode.EXCLUDING_CLAUSE}), 40),
    "related parties": (related, frozenset({FlagCode.RELATED_PARTIES}), 60),
    "circular": (circular, frozenset({FlagCode.CIRCULAR}), 40),
    "late broker": (late_broker, frozenset({FlagCode.LATE_BROKER}), 30),
    "unconfirmed broker": (unconfirmed, frozenset({FlagCode.UNCONFIRMED_BROKER}), 30),
    "inventor inside": (inventor_inside, frozenset({FlagCode.INVENTOR_INSIDE}), 30),
    "sums": (sums, frozenset({FlagCode.SUM_PATTERN}), 30),
}
"""Maker of a fraud and its twin, the flags that find it, and how many of each a corpus holds: 580 frauds, 580 twins."""


def make(seed: int, names: Names) -> Corpus:
    """The corpus of a seed: the same seed, the same corpus."""
    maker, corpus = Maker(seed, names), Corpus()
    for kind, (build, expected, count) in KINDS.items():
        for _ in range(count):
            fraud, twin = build(maker)
            corpus.samples += [Sample(kind, True, fraud, expected), Sample(kind, False, twin, expected)]
    return corpus
