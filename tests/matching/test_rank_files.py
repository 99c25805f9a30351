import json
import os

import pytest

from matchmaker.core.errors import Invalid
from matchmaker.matching import rank_files
from matchmaker.matching.engine import Judged
from matchmaker.matching.rank_files import RunRow

NEEDS, ACHIEVEMENTS = {"n1", "n2"}, {"a1", "a2"}


def read(path, content: bytes | str):
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return rank_files.read_documents(path, text_field="problem")


def refusal(reader, *args, **kwargs) -> str:
    with pytest.raises(Invalid) as caught:
        reader(*args, **kwargs)
    return caught.value.phrase % caught.value.facts


def test_a_row_becomes_a_document_by_field(tmp_path):
    row = {
        "id": "n1",
        "title": "防爆电池",
        "text": "正文",
        "keywords": ["锂", "电池"],
        "targets": "90%",
        "background": None,
        "url": "https://example.com",
    }
    (document,) = read(tmp_path / "n", json.dumps(row)).values()
    assert document.id == "n1"
    assert document.fields == {"title": "防爆电池", "problem": "正文", "keywords": "锂\n电池", "targets": "90%"}


def test_text_joins_a_field_that_is_there_already(tmp_path):
    (document,) = read(tmp_path / "n", '{"id": "1", "title": "t", "problem": "one", "text": "two"}').values()
    assert document.fields["problem"] == "one\ntwo"


def test_whole_numbers_serve_as_ids(tmp_path):
    assert list(read(tmp_path / "n", '{"id": 7, "title": "t"}')) == ["7"]


def test_blank_lines_byte_order_mark_windows_line_ends_and_odd_unicode_breaks_are_taken(tmp_path):
    content = '\ufeff{"id": "1", "title": "a\u2028b\x85c"}\r\n\r\n{"id": "2", "title": "t"}\r\n'
    found = read(tmp_path / "n", content)
    assert list(found) == ["1", "2"]
    assert found["1"].fields["title"] == "a\u2028b\x85c"


@pytest.mark.parametrize(
    ("second_line", "said"),
    [
        (b"{", "JSON object"),
        (b"[]", "JSON object"),
        (b"3", "JSON object"),
        (b"[" * 100_000, "JSON object"),
        (b'{"id": "2", "title": "\xff"}', "UTF-8"),
        ('{"id": "2", "title": "t"}'.encode("utf-16"), "UTF-8"),
        (b'{"title": "t"}', "“id” is missing"),
        (b'{"id": null, "title": "t"}', "“id” is missing"),
        (b'{"id": "2"}', "“title” is missing"),
        (b'{"id": "", "title": "t"}', "“id” must be"),
        (b'{"id": true, "title": "t"}', "“id” must be"),
        (b'{"id": 1.5, "title": "t"}', "“id” must be"),
        (b'{"id": "a\\tb", "title": "t"}', "“id” must be"),
        (b'{"id": "a\\nb", "title": "t"}', "“id” must be"),
        (b'{"id": "\\ud800", "title": "t"}', "“id” must be"),
        (b'{"id": "2", "title": 5}', "“title” must be"),
        (b'{"id": "2", "title": "\\udc00"}', "“title” must be"),
        (b'{"id": "2", "title": "t", "keywords": ["a", 1]}', "“keywords” must be"),
        (b'{"id": "2", "title": "t", "text": {}}', "“text” must be"),
        (b'{"id": "1", "title": "t"}', "“1” was already used in line 1"),
    ],
)
def test_a_faulty_row_is_refused_with_file_and_line(tmp_path, second_line, said):
    path = tmp_path / "needs.jsonl"
    message = refusal(read, path, b'{"id": "1", "title": "t"}\n' + second_line + b"\n")
    assert f"{path}, line 2: " in message
    assert said in message


def test_a_missing_file_and_a_directory_are_refused_by_name(tmp_path):
    for path in (tmp_path / "nothing.jsonl", tmp_path):
        assert str(path) in refusal(rank_files.read_documents, path, text_field="problem")


def test_pairs_are_read_by_column_name_in_any_order_with_further_columns(tmp_path):
    path = tmp_path / "pairs.tsv"
    path.write_text("level\tachievement_id\tneed_id\n1\ta1\tn1\n\n9\ta2\tn1\n")
    assert rank_files.read_pairs(path, needs=NEEDS, achievements=ACHIEVEMENTS) == [("n1", "a1"), ("n1", "a2")]


def test_judgements_are_read_with_their_level(tmp_path):
    path = tmp_path / "judgements.tsv"
    path.write_text("need_id\tachievement_id\tlevel\nn1\ta1\t4\n")
    found = rank_files.read_judgements(path, needs=NEEDS, achievements=ACHIEVEMENTS)
    assert found == [Judged("n1", "a1", 4)]


@pytest.mark.parametrize(
    ("content", "line", "said"),
    [
        ("", 1, "need_id"),
        ("need_id achievement_id level\n", 1, "need_id"),
        ("need_id\tlevel\n", 1, "achievement_id"),
        ("need_id\tachievement_id\n", 1, "level"),
        ("need_id\tachievement_id\tlevel\nn1\ta1\n", 2, "2 columns where the header has 3"),
        ("need_id\tachievement_id\tlevel\nn1\ta1\t1\t\n", 2, "4 columns where the header has 3"),
        ("need_id\tachievement_id\tlevel\nn1\ta1\t1\nn9\ta1\t1\n", 3, "need_id “n9”"),
        ("need_id\tachievement_id\tlevel\nn1\tn1\t1\n", 2, "achievement_id “n1”"),
        *((f"need_id\tachievement_id\tlevel\nn1\ta1\t{bad}\n", 2, f"“{bad}”") for bad in ("0", "5", "x", "", "2.0")),
    ],
)
def test_a_faulty_table_is_refused_with_file_and_line(tmp_path, content, line, said):
    path = tmp_path / "judgements.tsv"
    path.write_text(content)
    message = refusal(rank_files.read_judgements, path, needs=NEEDS, achievements=ACHIEVEMENTS)
    assert f"{path}, line {line}: " in message
    assert said in message


def test_the_run_is_written_with_its_header(tmp_path):
    rank_files.write_run(tmp_path / "run.tsv", [RunRow("n1", "a1", 1 / 3, 3), RunRow("n1", "a2", 0.0, 1)])
    assert (tmp_path / "run.tsv").read_text() == (
        "need_id\tachievement_id\tscore\tlevel\nn1\ta1\t0.3333333333\t3\nn1\ta2\t0\t1\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["run.tsv"]


def test_a_run_that_breaks_off_leaves_nothing_new_and_the_old_run_whole(tmp_path):
    def rows():
        yield RunRow("n1", "a1", 0.5, 3)
        raise RuntimeError("broken off")

    for earlier in (None, "earlier"):
        if earlier:
            (tmp_path / "run.tsv").write_text(earlier)
        with pytest.raises(RuntimeError):
            rank_files.write_run(tmp_path / "run.tsv", rows())
        assert [path.read_text() for path in tmp_path.iterdir()] == ([earlier] if earlier else [])


def test_a_symbolic_link_keeps_pointing_to_its_file(tmp_path):
    (tmp_path / "real.tsv").write_text("")
    (tmp_path / "link.tsv").symlink_to("real.tsv")
    rank_files.write_run(tmp_path / "link.tsv", [])
    assert (tmp_path / "link.tsv").is_symlink()
    assert (tmp_path / "real.tsv").read_text().startswith("need_id")


def test_an_output_that_cannot_be_is_refused_by_name(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "missing" / "run.tsv", tmp_path, tmp_path / "pipe"):
        assert str(path) in refusal(rank_files.check_output, path)
