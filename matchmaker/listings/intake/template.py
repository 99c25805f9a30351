"""The platform's own spreadsheet for many entries, to be filled in: headings, two lines as examples, the code lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import IO

from flask_babel import gettext as _

from matchmaker.core import clock, messages, sheets, taxonomy
from matchmaker.core.web.filters import in_language
from matchmaker.listings.intake.wording import COLUMNS
from matchmaker.listings.kinds import Language, Mode, RightKind, RightStatus

_WIDTHS = {"id": 10, "title": 40, "summary": 60, "problem": 60, "trl": 10, "min_trl": 10, "language": 10}


def heading(noun: str, fact: str | None) -> str:
    """Of a column, in the reader's language; nothing for what has none."""
    names = COLUMNS[noun].get(fact or "")
    return in_language(*names) if names else ""


def write(target: IO[bytes], noun: str) -> None:
    """To be filled in. The first sheet is read; the second names what may stand in columns of codes."""
    facts = list(COLUMNS[noun])
    lists = _lists(noun)
    longest = max(map(len, lists.values()))
    table = [[names[row] if row < len(names) else "" for names in lists.values()] for row in range(longest)]
    sheets.write_workbook(
        target,
        _("Entries"),
        [heading(noun, fact) for fact in facts],
        [[_example(noun).get(fact, "") for fact in facts]],
        widths=[_WIDTHS.get(fact, 24) for fact in facts],
        at=clock.now(),
        beside=(_("What may stand there"), [heading(noun, fact) for fact in lists], table),
    )


def _example(noun: str) -> Mapping[str, str]:
    """One line that shows how each cell is written; its title says that it is an example."""
    shared = {
        "title": _("EXAMPLE: overwrite this line"),
        "keywords": _("lidar, snow, point cloud"),
        "field": next(iter(taxonomy.terms("fields").values())).name,
        "industries": next(iter(taxonomy.terms("industries").values())).name,
        "modes": f"{messages.label(Mode.PAY_LATER_LICENCE)}; {messages.label(Mode.ORDINARY_LICENCE)}",
        "district": next(iter(taxonomy.terms("districts").values())).name,
        "language": messages.label(Language.CHINESE if in_language("zh", "en") == "zh" else Language.ENGLISH),
    }
    if noun == "need":
        return {**shared, "min_trl": "6", "budget_max_fen": "500000", "deadline_on": "2030-12-31", "anonymous": _("no")}
    kind, status = messages.label(RightKind.INVENTION_PATENT), messages.label(RightStatus.GRANTED)
    return {
        **shared,
        "trl": "6",
        "price_max_fen": "800000",
        "rights": f"{kind}; ZL202010000000.0; {status}; 2040-05-01",
        "completers": _("Person A 60%; Person B 40%"),
    }


def _lists(noun: str) -> Mapping[str, Sequence[str]]:
    def names(kind: str) -> Iterator[str]:
        return (term.name for term in taxonomy.terms(kind).values())

    return {
        "field": list(names("fields")),
        "industries": list(names("industries")),
        "modes": [messages.label(mode) for mode in Mode],
        "district": list(names("districts")),
        "language": [messages.label(language) for language in Language],
    }
