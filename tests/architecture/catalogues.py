"""Which phrases the code and the templates use, and which the catalogues know.

Run as `python -m tests.architecture.catalogues [FEATURE]` to see what is missing or unused.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[2]
PACKAGE, TEMPLATES = ROOT / "matchmaker", ROOT / "templates"

KEYWORDS = {
    "_": None, "gettext": None, "N_": None, "lazy_gettext": None, "_l": None, "ngettext": (1, 2), "_n": (1, 2),
    "pgettext": ((1, "c"), 2), "lazy_pgettext": ((1, "c"), 2),
}  # fmt: skip

CHINESE = re.compile(r"[\u3400-\u9fff\u3000-\u303f\uff00-\uffef]")

Key = tuple[str | None, str]


def feature_of(path: Path) -> str:
    """The feature whose catalogue holds a file's phrases; what belongs to none belongs to core."""
    part = path.relative_to(PACKAGE if path.is_relative_to(PACKAGE) else TEMPLATES).parts[0]
    return part if (PACKAGE / part).is_dir() and part not in ("static", "web") else "core"


@cache
def used() -> dict[Key, set[Path]]:
    """(context, msgid) of each phrase, and where it stands."""
    found: dict[Key, set[Path]] = defaultdict(set)
    files = [(path, "python") for path in sorted(PACKAGE.rglob("*.py"))]
    files += [(path, "jinja2.ext:babel_extract") for path in sorted(TEMPLATES.rglob("*")) if path.is_file()]
    for path, method in files:
        options = {"trimmed": "true"} if "jinja" in method else {}
        for _, message, _, context in extract_from_file(method, path, KEYWORDS, (), options):
            msgid = message[0] if isinstance(message, tuple | list) else message
            if msgid:
                found[context, msgid].add(path)
    return found


def catalogues() -> dict[str, Catalog]:
    """Chinese catalogue of each feature."""
    found = {}
    for path in sorted(PACKAGE.rglob("zh.po")):
        with path.open("rb") as file:
            found[path.parent.name] = read_po(file, locale="zh_Hans_CN", abort_invalid=True)
    return found


@cache
def known() -> dict[Key, list[tuple[str, Message]]]:
    """Translated phrases, with the feature whose catalogue has them."""
    entries: dict[Key, list[tuple[str, Message]]] = defaultdict(list)
    for feature, catalogue in catalogues().items():
        for message in catalogue:
            if message.id:
                msgid = message.id[0] if isinstance(message.id, tuple | list) else message.id
                entries[message.context, msgid].append((feature, message))
    return entries


def main(feature: str | None) -> int:
    phrases, translations = used(), known()
    missing = {
        key: paths
        for key, paths in phrases.items()
        if key not in translations and (feature is None or feature in {feature_of(path) for path in paths})
    }
    unused = [key for key, found in translations.items() if key not in phrases and feature in (None, found[0][0])]
    for (_, msgid), paths in sorted(missing.items(), key=lambda item: str(item)):
        print(f"missing  {', '.join(sorted(str(p.relative_to(ROOT)) for p in paths))}\n         {msgid!r}")
    for _, msgid in unused:
        print(f"unused   {msgid!r}")
    print(f"{len(phrases)} phrases, {len(missing)} missing, {len(unused)} unused")
    return bool(missing or unused)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else None))
