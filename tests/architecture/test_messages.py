"""No sentence outside the catalogues; both languages complete."""

import re

from tests.architecture.catalogues import CHINESE, ROOT, TEMPLATES, known, used

PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]")


def test_every_phrase_has_its_chinese():
    missing = sorted(msgid for key in used() if key not in known() for msgid in [key[1]])
    assert missing == []


def test_no_translation_is_left_over():
    assert sorted(key[1] for key in known() if key not in used()) == []


def test_a_phrase_is_translated_in_one_way():
    for key, entries in known().items():
        assert len({str(message.string) for _, message in entries}) == 1, key


def test_translations_keep_the_placeholders():
    for (_, msgid), entries in known().items():
        for _, message in entries:
            texts = message.string if isinstance(message.string, tuple) else (message.string,)
            for text in texts:
                assert text, msgid
                wanted = set(PLACEHOLDER.findall(message.id[-1] if isinstance(message.id, tuple | list) else msgid))
                assert set(PLACEHOLDER.findall(text)) == wanted, msgid


def test_templates_hold_no_chinese_and_no_bare_english():
    """Text stands in `_()`; what is left between tags is punctuation. The switch to Chinese names itself."""
    for path in sorted(TEMPLATES.rglob("*.html")):
        text = path.read_text(encoding="utf-8")
        text = re.sub(r"\{#.*?#\}|\{% block width %\}.*?\{% endblock %\}", "", text, flags=re.S)
        assert not CHINESE.search(text.replace(">中文<", "><")), path
        bare = re.sub(
            r"\{%.*?%\}|\{\{.*?\}\}|<(?:script|kbd)\b.*?</(?:script|kbd)>|<[^>]*>|&\w+;", " ", text, flags=re.S
        )
        words = re.findall(r"[A-Za-z]{3,}", bare.replace(">English<", ""))
        assert [word for word in words if word not in ("English",)] == [], path


def test_code_holds_no_chinese_outside_comments_and_docstrings():
    import ast

    for path in sorted((ROOT / "matchmaker").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        docstrings = {
            id(node.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
                found = re.search(r"[\u3400-\u9fff]", node.value)
                allowed = (
                    path.name in ("filters.py", "wording.py") or "engine" in path.parts or path.parent.name == "demo"
                )
                assert not found or allowed, (path, node.lineno, node.value)
