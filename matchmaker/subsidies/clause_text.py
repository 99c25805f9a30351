"""Conditions and evidence of a clause as the text people edit, in the form of the policy file. Pure.

`catalogue_reader.load_conditions` and `load_evidence` read it back to the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml

from matchmaker.subsidies import language
from matchmaker.subsidies.catalogue import Document, Rule


def conditions_text(rules: Iterable[Rule]) -> str:
    return _written(
        {
            "id": rule.id,
            "zh": rule.label.zh,
            "en": rule.label.en,
            "when": language.plain(rule.when),
            "change_zh": rule.change.zh,
            "change_en": rule.change.en,
            "basis": rule.basis.value,
        }
        for rule in rules
    )


def evidence_text(documents: Iterable[Document]) -> str:
    return _written(
        {
            "id": document.id,
            "zh": document.label.zh,
            "en": document.label.en,
            "needed": document.needed,
            "basis": document.basis.value,
        }
        for document in documents
    )


def _written(rows: Iterable[dict[str, Any]]) -> str:
    return yaml.safe_dump(list(rows), allow_unicode=True, sort_keys=False, default_flow_style=None, width=120).strip()
