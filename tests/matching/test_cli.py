import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from matchmaker.matching.cli import commands, rank

NEEDS = [
    {"id": "n1", "title": "防爆锂离子电池", "text": "提高电池的安全性"},
    {"id": "n2", "title": "Laser welding", "text": "joining thin sheets"},
    {"id": "n3", "title": "🔋", "text": "，。"},
]
ACHIEVEMENTS = [
    {"id": "a3", "title": "锂离子电池"},
    {"id": "a1", "title": "锂离子 电池 材料", "text": ""},
    {"id": "a2", "title": "Laser sources", "keywords": ["laser", "optics"]},
    {"id": "a4", "title": "小麦育种"},
]
HEADER = "need_id\tachievement_id\tscore\tlevel"


@pytest.fixture
def files(tmp_path):
    for name, rows in (("needs", NEEDS), ("achievements", ACHIEVEMENTS)):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    return tmp_path


def run(directory, *options: str, out: str = "run.tsv"):
    arguments = [f"--needs={directory / 'needs.jsonl'}", f"--achievements={directory / 'achievements.jsonl'}"]
    arguments += [f"--out={directory / out}", "--no-semantic", f"--semantic-cache={directory / 'cache'}"]
    return CliRunner().invoke(rank, [*arguments, *options])


def written(directory) -> list[list[str]]:
    header, *rows = (directory / "run.tsv").read_text().splitlines()
    assert header == HEADER
    return [row.split("\t") for row in rows]


def table(directory, name: str, *rows: str) -> str:
    (directory / name).write_text("".join(f"{row}\n" for row in rows))
    return str(directory / name)


def test_the_feature_hands_its_command_to_the_root():
    assert [command.name for command in commands] == ["rank", "evaluate"]


def test_each_need_gets_its_best_achievements_best_first(files):
    assert run(files).exit_code == 0
    rows = written(files)
    assert [row[:2] for row in rows if row[3] != "1"] == [["n1", "a3"], ["n1", "a1"], ["n2", "a2"]]
    assert all(0 < float(row[2]) <= 1 and row[3] in "1234" for row in rows)


def test_where_vectors_cannot_be_kept_each_run_reads_anew(files, monkeypatch, tmp_path_factory):
    occupied = tmp_path_factory.mktemp("home") / "file"
    occupied.write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(occupied))
    arguments = [f"--needs={files / 'needs.jsonl'}", f"--achievements={files / 'achievements.jsonl'}", "--no-semantic"]
    found = CliRunner().invoke(rank, [*arguments, f"--out={files / 'run.tsv'}"])
    assert found.exit_code == 0
    assert "cannot be kept" in found.stderr
    assert written(files)
    named = CliRunner().invoke(rank, [*arguments, f"--out={files / 'other.tsv'}", f"--semantic-cache={occupied}"])
    assert named.exit_code == 2
    assert not (files / "other.tsv").exists()


def test_top_cuts_the_list_of_each_need(files):
    assert run(files, "--top", "1").exit_code == 0
    assert [row[:2] for row in written(files)] == [["n1", "a3"], ["n2", "a2"]]


def test_pairs_are_scored_exactly_as_asked(files):
    asked = ["n2\ta4", "n3\ta1", "n1\ta1", "n1\ta3", "n1\ta1"]
    pairs = table(files, "pairs.tsv", "need_id\tachievement_id", *asked)
    assert run(files, "--pairs", pairs).exit_code == 0
    rows = written(files)
    assert ["\t".join(row[:2]) for row in rows] == asked
    assert [row[3] for row in rows[:2]] == ["1", "1"]
    assert all(abs(float(row[2])) < 0.1 for row in rows[:2])  # nothing in common
    ranked = {(row[0], row[1]): row[2:] for row in rows}
    run(files)
    assert {(row[0], row[1]): row[2:] for row in written(files)}["n1", "a1"] == ranked["n1", "a1"]


def test_the_order_of_the_inputs_changes_no_score(files):
    run(files)
    before = {tuple(row) for row in written(files)}
    for name in ("needs.jsonl", "achievements.jsonl"):
        lines = (files / name).read_text().splitlines(keepends=True)
        (files / name).write_text("".join(reversed(lines)))
    run(files)
    assert {tuple(row) for row in written(files)} == before


def test_judgements_move_what_was_judged_and_what_is_like_it(files):
    judgements = table(files, "j.tsv", "need_id\tachievement_id\tlevel", "n1\ta1\t4", "n1\ta3\t1", "n2\ta2\t2")
    run(files)
    before = {tuple(row[:2]): float(row[2]) for row in written(files)}
    assert run(files, "--judgements", judgements).exit_code == 0
    after = {tuple(row[:2]): float(row[2]) for row in written(files)}
    assert after["n1", "a1"] - after["n1", "a3"] > before["n1", "a1"] - before["n1", "a3"]


def test_the_order_of_judgements_changes_no_score(files):
    rows = ["n1\ta1\t4", "n1\ta3\t1", "n2\ta2\t2", "n1\ta1\t3"]
    found = []
    for order in (rows, rows[::-1]):
        answer = run(files, "--judgements", table(files, "j.tsv", "need_id\tachievement_id\tlevel", *order))
        assert answer.stderr.startswith("Judged differently at different times: 1 of the pairs.")
        found.append(written(files))
    assert found[0] == found[1]


def break_needs(files):
    with (files / "needs.jsonl").open("a") as stream:
        stream.write('{"id": "n4"\n')


def break_encoding(files):
    with (files / "achievements.jsonl").open("ab") as stream:
        stream.write('{"id": "a5", "title": "电池"}'.encode("gb18030"))


def repeat_id(files):
    with (files / "achievements.jsonl").open("a") as stream:
        stream.write('{"id": "a1", "title": "again"}\n')


@pytest.mark.parametrize(
    ("spoil", "options", "names"),
    [
        (lambda files: (files / "needs.jsonl").unlink(), {}, "needs.jsonl"),
        (lambda files: (files / "achievements.jsonl").unlink(), {}, "achievements.jsonl"),
        (break_needs, {}, "needs.jsonl, line 4:"),
        (break_encoding, {}, "achievements.jsonl, line 5:"),
        (repeat_id, {}, "achievements.jsonl, line 5:"),
        (None, {"--pairs": None}, "t.tsv"),
        (None, {"--pairs": "need_id\tachievement\n"}, "t.tsv, line 1:"),
        (None, {"--pairs": "need_id\tachievement_id\nn1\ta1\nn1\ta9\n"}, "t.tsv, line 3:"),
        (None, {"--pairs": "need_id\tachievement_id\nn1\n"}, "t.tsv, line 2:"),
        (None, {"--judgements": None}, "t.tsv"),
        (None, {"--judgements": "need_id\tachievement_id\nn1\ta1\n"}, "t.tsv, line 1:"),
        (None, {"--judgements": "need_id\tachievement_id\tlevel\nn9\ta1\t1\n"}, "t.tsv, line 2:"),
        (None, {"--judgements": "need_id\tachievement_id\tlevel\nn1\ta1\t5\n"}, "t.tsv, line 2:"),
        (None, {"--judgements": "need_id\tachievement_id\tlevel\nn1 a1 1\n"}, "t.tsv, line 2:"),
    ],
)
def test_a_faulty_input_ends_with_2_a_place_and_no_output(files, spoil, options, names):
    if spoil:
        spoil(files)
    arguments = []
    for option, content in options.items():
        if content is not None:
            (files / "t.tsv").write_text(content)
        arguments += [option, str(files / "t.tsv")]
    before = set(files.iterdir())
    result = run(files, *arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith("error: ")
    assert f"{files}/{names}" in result.stderr
    assert set(files.iterdir()) == before


def test_an_output_in_a_missing_directory_is_refused_by_name(files):
    result = run(files, out="missing/run.tsv")
    assert result.exit_code == 2
    assert "missing/run.tsv cannot be written" in result.stderr


@pytest.mark.parametrize("options", [["--top", "0"], ["--top", "x"], ["--nonsense"]])
def test_a_faulty_option_ends_with_2(files, options):
    assert run(files, *options).exit_code == 2
    assert not (files / "run.tsv").exists()


def test_the_command_loads_neither_web_nor_database():
    code = "import matchmaker.matching.cli, sys; print([m for m in ('flask', 'sqlalchemy') if m in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"


def test_few_texts_are_ranked_without_waiting_for_a_compiler(files):
    given = [f"--needs={files / 'needs.jsonl'}", f"--achievements={files / 'achievements.jsonl'}", "--no-semantic"]
    arguments = [*given, f"--out={files / 'run.tsv'}", f"--semantic-cache={files / 'cache'}"]
    code = f"import sys; from matchmaker.matching.cli import rank; rank({arguments!r}, standalone_mode=False)"
    code += "; print([name for name in sys.modules if name == 'numba'])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"
    assert written(files)
