"""The contract of a frozen version, as a paper. Pure."""

from __future__ import annotations

import cn2an

from matchmaker.deals.papers import clauses
from matchmaker.deals.papers.clauses import Matter
from matchmaker.deals.papers.paper import Block, Break, Facts, Heading, Paper, Paragraph, Signatures, Text
from matchmaker.deals.papers.wording import Wording
from matchmaker.deals.states import PartyRole
from matchmaker.deals.terms import GuaranteeKind, Terms

KEYWORD = "technology-contract SHA-256 "
"""Before the fingerprint in the description of a contract's file, where an uploaded copy is known by it."""

UNNUMBERED = frozenset({"preamble", "annexes"})
_LETTERS = {PartyRole.LICENSOR: "a", PartyRole.LICENSEE: "b", PartyRole.BROKER: "c"}


def contract(terms: Terms, matter: Matter, wording: Wording) -> Paper:
    """Cover, every article in order, a place for each party to sign, annexes. The same input gives the same paper."""
    title = wording.text("titles", terms.kind)
    return Paper(
        languages=wording.languages,
        title=title,
        subtitle=wording.text("formats", "version", number=matter.number),
        blocks=(_cover(terms, matter, wording), *_body(terms, matter, wording)),
        foot=wording.text("formats", "foot", title=title, number=matter.number, edition=wording.edition),
        fingerprint=matter.sha256,
        keyword=KEYWORD + matter.sha256,
        page=wording.text("formats", "page", **_PAGE),
    )


_PAGE = {"page": "{page}", "pages": "{pages}"}  # filled in by the typesetter


def _cover(terms: Terms, matter: Matter, wording: Wording) -> Facts:
    rows = [(wording.text("cover", "project"), wording.same(matter.title))]
    for role, party in matter.parties.items():
        value = wording.text("cover", "party_value", name=party.name, code=party.credit_code, place=party.place)
        rows.append((_party(role, terms, wording), value))
    key = "open_term" if terms.ends_on is None else "term_value"
    term = wording.text("cover", key, begin=terms.effective_on, end=terms.ends_on or "")
    rows += [
        (wording.text("cover", "term"), term),
        (wording.text("cover", "deal"), wording.same(matter.deal)),
        (wording.text("cover", "registration"), wording.text("cover", "registration_value")),
        (wording.text("cover", "signing"), wording.text("cover", "signing_value")),
    ]
    return Facts(tuple(rows))


def _party(role: PartyRole, terms: Terms, wording: Wording) -> Text:
    """Party A with the part it plays in this kind of contract."""
    letter = _LETTERS[role]
    roles = wording.entries["roles"]
    part = wording.fill(roles["broker"] if role is PartyRole.BROKER else roles[terms.kind][letter])
    return wording.text("cover", "party", party=wording.text("parties", letter), role=part)


def _body(terms: Terms, matter: Matter, wording: Wording) -> list[Block]:
    blocks: list[Block] = []
    number = 0
    for key, *title in wording.entries["articles"]:
        if key == "annexes":
            blocks += [_signatures(terms, matter, wording), Break()]
        counted = key not in UNNUMBERED
        number += counted
        blocks.append(Heading(wording.fill(title), _article_number(number, wording) if counted else ""))
        place = 0
        for said in clauses.article(key, terms, matter, wording):
            if isinstance(said, tuple):
                place += 1
                blocks.append(Paragraph(said, f"{number}.{place}" if counted else ""))
            else:
                blocks.append(said)
    return blocks


def _article_number(number: int, wording: Wording) -> str:
    """In the leading language."""
    first = wording.fill(wording.entries["formats"]["article"], n=_numeral(number, wording))
    return first[0]


def _numeral(number: int, wording: Wording) -> str:
    return str(cn2an.an2cn(number, "low")) if wording.languages[0].startswith("zh") else str(number)


def _signatures(terms: Terms, matter: Matter, wording: Wording) -> Signatures:
    parties = []
    for role, party in matter.parties.items():
        letter = _party(role, terms, wording)
        parties.append(tuple(f"{who}\n{name}" for who, name in zip(letter, party.name, strict=True)))
    found = terms.guarantee
    if found is not None and found.kind is GuaranteeKind.GUARANTOR and "guarantor" in wording.entries["labels"]:
        parties.append(tuple(f"{who}\n{found.name}" for who in wording.text("labels", "guarantor")))
    lines = tuple(wording.text("labels", key) for key in ("seal", "representative", "signed_on"))
    return Signatures(wording.text("labels", "signatures"), tuple(parties), lines)
