"""Rules of the house that no type checker knows."""

import ast
import re
from pathlib import Path

from tests.architecture.catalogues import PACKAGE, ROOT, TEMPLATES

FEATURES = ("accounts", "listings", "matching", "introductions", "ledger", "deals", "subsidies", "dashboard")
SHARED = {"services", "queries", "permissions", "models"}
PURE = {
    "accounts": {"roles", "size_class", "credit_code"},
    "matching": {"engine"},
    "ledger": {"posting"},
    "deals": {"states", "terms", "schedule", "rules", "refusals", "simulate"},
    "subsidies": {"catalogue", "amounts", "states", "rules", "policies"},
    "listings": {"states", "facts", "kinds"},
    "introductions": {"states"},
    "dashboard": set(),
}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def test_only_core_commits():
    for path in modules():
        if "core" not in path.relative_to(PACKAGE).parts:
            assert not re.search(r"\.(commit|rollback)\(", path.read_text(encoding="utf-8")), path


def test_from_another_feature_only_its_front_rooms_are_imported():
    for path in modules():
        own = path.relative_to(PACKAGE).parts[0]
        if own not in FEATURES:
            continue
        for node in ast.walk(tree_of(path)):
            if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("matchmaker."):
                continue
            parts = (node.module or "").split(".")[1:]
            if parts[0] not in FEATURES or parts[0] == own:
                continue
            names = {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
            assert names <= SHARED | PURE[parts[0]], (path, node.module, names)


def test_services_queries_permissions_and_models_never_touch_a_request():
    for path in modules():
        if path.stem not in SHARED or path.relative_to(PACKAGE).parts[0] == "core":
            continue
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.ImportFrom) and node.module in ("flask", "flask_login"):
                assert not {alias.name for alias in node.names} & {"request", "g", "session", "current_user"}, path


def test_time_is_asked_of_the_clock_alone():
    for path in modules():
        if path.name != "clock.py":
            found = re.search(r"datetime\.(now|utcnow|today)\(|date\.today\(|time\.time\(\)", path.read_text("utf-8"))
            assert not found, path


def test_no_file_passes_six_hundred_lines():
    for path in [*modules(), *TEMPLATES.rglob("*.html"), *(ROOT / "tests").rglob("*.py")]:
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 600, path


def test_views_are_short():
    for path in PACKAGE.glob("*/views.py"):
        for node in tree_of(path).body:
            if isinstance(node, ast.FunctionDef):
                assert node.end_lineno - node.lineno < 30, (path, node.name)


def test_templates_carry_nothing_that_the_content_policy_forbids():
    for path in TEMPLATES.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"<[^>]*\s(style|on\w+)=", text), path
        assert not re.search(r"(src|href)=[\"']https?://", text), path


def test_nothing_is_left_unfinished():
    marks = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX)\b")
    for path in [*modules(), *TEMPLATES.rglob("*.*")]:
        found = [line for line in path.read_text(encoding="utf-8").splitlines() if marks.search(line)]
        assert found == [], path


def test_what_open_amounts_follow_from_is_changed_row_by_row():
    """The session tells `services.write_amounts` of each row it writes; of a statement it could not say which deals."""
    sources = {"Deal", "Payment", "Record", "RoyaltyReport", "TermsVersion"}
    beside = {"checked_on", "amounts_basis"}  # nothing that is due follows from these
    found = 0
    for path in modules():
        tree = tree_of(path)
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
        harmless = {
            id(node)
            for call in calls
            if getattr(call.func, "attr", "") == "values"
            and {keyword.arg for keyword in call.keywords} <= beside
            and not call.args
            for node in ast.walk(call.func.value)
        }
        for call in calls:
            name = getattr(call.func, "id", getattr(call.func, "attr", ""))
            of = ast.unparse(call.args[0]).removesuffix(".__table__") if call.args else ""
            assert not name.startswith("bulk_"), path
            if name in ("insert", "update", "delete") and of in sources:
                found += 1
                assert id(call) in harmless, (path, call.lineno)
            assert not (name == "query" and of in sources), (path, call.lineno)  # whose rows .update() would change
    assert found == 2
