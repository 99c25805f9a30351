"""`matchmaker policy`: export, list, check."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from matchmaker.subsidies import policies
from matchmaker.subsidies.cli import commands, policy

ROOT = Path(__file__).parents[2]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(policy, arguments)


def test_the_root_command_mounts_one_group() -> None:
    assert commands == [policy]
    assert set(policy.commands) == {"export", "list", "check", "explain", "audit-drill"}


def test_export_prints_all_31_clauses_as_json() -> None:
    result = run("export", "--json")
    rows = json.loads(result.output)
    assert result.exit_code == 0
    assert len(rows) == 31
    assert rows[12] == {
        "id": "P3-4",
        "amount_fen": 50_000_000,
        "kind": "cap",
        "per": "not_stated",
        "source_phrase": "对促成我市科技成果转化项目的科技中介机构最高给予50万元补助",
    }
    assert "\\u" not in result.output


def test_list_prints_a_line_for_each_clause() -> None:
    lines = run("list").output.splitlines()
    assert len(lines) == 31
    assert "500,000 yuan" in next(line for line in lines if line.startswith("P3-4"))
    assert "50%" in next(line for line in lines if line.startswith("P5-1a"))


def test_check_reads_all_shipped_files() -> None:
    result = run("check")
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "changchun-2025.yaml: 31 clauses, 0 targets",
        "targets-2027.yaml: 0 clauses, 23 targets",
        "deals.yaml: 30 cases, 30 as expected",
        "organisations.yaml: 44 cases, 44 as expected",
    ]


def test_check_names_file_and_line_of_every_fault_and_ends_with_two(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    text = (policies.FOLDER / "changchun-2025.yaml").read_text("utf-8")
    broken.write_text(text.replace("kind: floor", "kind: roof"), "utf-8")
    line = next(n for n, row in enumerate(text.splitlines(), start=1) if "kind: floor" in row)
    sound = shutil.copy(policies.FOLDER / "targets-2027.yaml", tmp_path)
    result = run("check", str(broken), str(sound), str(tmp_path / "missing.yaml"))
    assert result.exit_code == 2
    assert f"broken.yaml, line {line}, P1-4: " in result.stderr
    assert "missing.yaml" in result.stderr
    assert result.stderr.count("roof") == text.count("kind: floor")
    assert "targets-2027.yaml: 0 clauses, 23 targets" in result.stdout


def test_check_runs_cases_and_names_the_line_where_one_turns_out_otherwise(tmp_path: Path) -> None:
    folder = tmp_path / "cases"
    folder.mkdir()
    text = (policies.FOLDER / "cases" / "deals.yaml").read_text("utf-8")
    (folder / "deals.yaml").write_text(text.replace("amount_fen: 3600000\n", "amount_fen: 3600001\n", 1), "utf-8")
    line = text.splitlines().index("    amount_fen: 3600000") + 1
    result = run("check", str(folder / "deals.yaml"))
    assert result.exit_code == 2
    assert "30 cases, 29 as expected" in result.stdout
    expected = f"deals.yaml, line {line}, broker-three-percent: expected 3600001, found 3600000."
    assert result.stderr.strip() == expected


def test_check_names_the_line_of_a_case_that_cannot_be_read(tmp_path: Path) -> None:
    folder = tmp_path / "cases"
    folder.mkdir()
    rows = (policies.FOLDER / "cases" / "deals.yaml").read_text("utf-8").splitlines()
    row = next(number for number, line in enumerate(rows) if "broker_confirmed: true" in line)
    rows[row] = rows[row].replace("broker_confirmed: true", "broker_confirmed: perhaps")
    (folder / "deals.yaml").write_text("\n".join(rows), "utf-8")
    result = run("check", str(folder / "deals.yaml"))
    assert result.exit_code == 2
    assert f"deals.yaml, line {row + 1}, broker-sound: expected a flag for broker_confirmed" in result.stderr


@pytest.mark.parametrize("command", ["export", "list"])
def test_a_broken_catalogue_ends_the_other_commands_with_two(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "changchun-2025.yaml").write_text("id: [", "utf-8")
    monkeypatch.setattr(policies, "FOLDER", tmp_path)
    policies.current.cache_clear()
    try:
        result = run(command, *(["--json"] if command == "export" else []))
    finally:
        policies.current.cache_clear()
    assert result.exit_code == 2
    assert "changchun-2025.yaml, line 1" in result.stderr


def test_export_needs_neither_settings_nor_database_nor_web(tmp_path: Path) -> None:
    code = (
        "import sys; from matchmaker.cli import cli\n"
        "try: cli(['policy', 'export', '--json'])\n"
        "except SystemExit as end: assert end.code == 0\n"
        "assert not {'flask', 'sqlalchemy', 'sklearn'} & set(sys.modules)"
    )
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)) == 31
    assert list(tmp_path.iterdir()) == []
