"""Files of many entries: told apart by what is in them, each entry with its line and its faults."""

import io
import json
import zipfile

import pytest
from openpyxl import Workbook, load_workbook

from matchmaker.core.uploads import FileBloated, FileHarmful
from matchmaker.listings.citations import NothingFound
from matchmaker.listings.facts import CodeUnknown, Completer, LevelInvalid, Right, TitleMissing
from matchmaker.listings.intake import columns, reading
from matchmaker.listings.intake.jobs import vocabulary
from matchmaker.listings.intake.reading import (
    EntryTwice,
    FileKind,
    HeadingsMissing,
    KindUnknown,
    OneEntryOnly,
    TooManyEntries,
)
from matchmaker.listings.kinds import Language, Mode, RightKind, RightStatus
from matchmaker.listings.rows import IdUnusable, LineUnreadable, OtherKind
from matchmaker.listings.services import codes

BIBTEX = """@article{a,
  title = {激光雷达去噪},
  author = {示例甲 and 示例乙}
}

@patent{b, title = "电池加热", number = "CN1"}
@article{c, author = {无名}}
"""
RIS = "TY  - JOUR\nTI  - One\nER  - \n\nTY  - JOUR\nTI  - Two\nAB  - words\nER  - \n"
PATENTS = "专利名称,专利号,法律状态,类型\n甲,ZL1,授权,发明专利\n\n乙,ZL2,,发明专利\n"


@pytest.fixture
def read(app):
    def read(content, noun="achievement"):
        content = content.encode() if isinstance(content, str) else content
        with app.test_request_context():
            return reading.read(content, noun, codes(), vocabulary())

    return read


def sheet(*lines):
    book = Workbook()
    for line in lines:
        book.active.append(line)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def shown(entries):
    return [(entry.line, entry.title, [type(fault) for fault in entry.faults]) for entry in entries]


# --- kinds of files -------------------------------------------------------------------------------------------------


def test_bibtex_entries_know_their_lines_and_one_without_a_title_is_a_fault(read):
    found = read(BIBTEX)
    assert shown(found) == [(1, "激光雷达去噪", []), (6, "电池加热", []), (7, "", [TitleMissing])]
    assert found[0].facts.completers == (Completer("示例甲"), Completer("示例乙"))
    assert found[0].facts.language == Language.CHINESE


def test_ris_entries_know_their_lines(read):
    found = read(RIS)
    assert shown(found) == [(1, "One", []), (5, "Two", [])]
    assert found[1].facts.summary == "words"


def test_a_right_is_kept_only_if_the_file_says_how_it_stands(read):
    first, second = read(PATENTS)
    assert (first.line, second.line) == (2, 4)
    assert first.facts.rights == (Right(RightKind.INVENTION_PATENT, "ZL1", RightStatus.GRANTED),)
    assert (first.left_out, second.left_out) == ("", "ZL2")
    assert second.facts.rights == ()


def test_doi_metadata_is_counted_by_entry(read):
    found = read(json.dumps([{"title": "One", "type": "article"}, {"title": ["Two"]}]))
    assert shown(found) == [(1, "One", []), (2, "Two", [])]


def test_jsonl_lines_are_judged_one_by_one(read):
    lines = [
        '{"id": 1, "title": "甲", "text": "摘要", "trl": 6}',
        "no json",
        "",
        '{"id": "x", "title": "乙", "trl": 12}',
    ]
    found = read("\n".join(lines))
    assert shown(found) == [(1, "甲", []), (2, "", [LineUnreadable]), (4, "乙", [LevelInvalid])]
    assert (found[0].external_id, found[0].facts.trl) == ("1", 6)


def test_a_jsonl_of_one_line_is_no_doi_metadata(read):
    (entry,) = read('{"id": "x1", "title": "甲"}')
    assert entry.external_id == "x1"
    assert shown(read('{"title": "甲", "problem": "难题"}', "need")) == [(1, "甲", [IdUnusable])]


@pytest.mark.parametrize(
    ("noun", "line", "refused"),
    [
        ("need", {"kind": "achievement", "problem": "难题"}, True),
        ("need", {"summary": "摘要"}, True),
        ("achievement", {"problem": "难题"}, True),
        ("achievement", {"kind": "achievement", "summary": "摘要"}, False),
        ("achievement", {"problem": "难题", "summary": "摘要"}, False),
        ("need", {"text": "难题", "summary": "摘要"}, False),
    ],
)
def test_a_line_of_the_other_kind_is_refused_and_not_emptied(read, noun, line, refused):
    (entry, _) = read("\n".join(json.dumps({"id": n, "title": "甲", **line}) for n in (1, 2)), noun)
    assert [type(fault) for fault in entry.faults] == ([OtherKind] if refused else [])


@pytest.mark.parametrize("encoding", ["gbk", "gb18030", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("text", [PATENTS, BIBTEX, '{"id": 1, "title": "激光雷达"}\n{"id": 2, "title": "电池"}\n'])
def test_what_chinese_programs_write_is_read(read, text, encoding):
    assert [entry.title for entry in read(text.encode(encoding))] == [entry.title for entry in read(text)]


# --- the spreadsheet ------------------------------------------------------------------------------------------------

HEADS = ["标题", "成果简介", "技术成熟度", "转化方式", "技术领域", "参考价上限（元）", "知识产权", "完成人", "编号"]


def test_every_column_of_the_spreadsheet_is_read_in_chinese(read):
    field = next(iter(vocabulary_field(read)))
    line = [
        "毫米波雷达", "摘要", "TRL 6", "普通许可；作价入股", field[0], "80万", "发明专利；ZL1；有效；2041年5月1日",
        "示例甲 60%；示例乙（40%）", 7,
    ]  # fmt: skip
    line[5] = "800,000"
    (entry,) = read(sheet(HEADS, line))
    facts = entry.facts
    assert (entry.line, entry.external_id, facts.title, facts.summary, facts.trl) == (2, "7", "毫米波雷达", "摘要", 6)
    assert facts.modes == (Mode.ORDINARY_LICENCE, Mode.EQUITY)
    assert (facts.field, facts.price_max_fen) == (field[1], 80_000_000)
    assert facts.completers == (Completer("示例甲", 60), Completer("示例乙", 40))
    assert facts.rights[0].number == "ZL1"
    assert facts.rights[0].expires_on.isoformat() == "2041-05-01"


def vocabulary_field(read):
    from matchmaker.core import taxonomy

    return [(term.zh, code) for code, term in taxonomy.terms("fields").items()]


def test_the_spreadsheet_is_read_in_english_and_below_a_line_of_words(read):
    found = read(sheet(["My results of this year"], [], ["Title*", "Summary"], ["One", "words"], [None, None], ["Two"]))
    assert shown(found) == [(4, "One", []), (6, "Two", [])]


def test_needs_have_columns_of_their_own(read):
    heads = ["标题", "需求描述", "截止日期", "匿名", "最低技术成熟度"]
    (entry,) = read(sheet(heads, ["除雪", "积雪", "2027/3/1", "是", 5]), "need")
    assert entry.facts.deadline_on.isoformat() == "2027-03-01"
    assert (entry.facts.anonymous, entry.facts.min_trl, entry.facts.problem) == (True, 5, "积雪")


def test_a_cell_that_cannot_be_read_is_named_with_its_column(read):
    found = read(sheet(HEADS, ["甲", "", "很高"], ["乙", "", "", "", "没有这个领域"], ["丙"]))
    assert [(entry.line, [(type(f), f.field) for f in entry.faults]) for entry in found] == [
        (2, [(columns.CellUnusable, "trl")]),
        (3, [(CodeUnknown, "field")]),
        (4, []),
    ]


def test_the_spreadsheet_saved_as_csv_in_gbk_is_read_likewise(read):
    text = "标题,成果简介,技术成熟度,转化方式\n甲,摘要,6,普通许可\n"
    (entry,) = read(text.encode("gbk"))
    assert (entry.line, entry.facts.trl, entry.facts.modes) == (2, 6, (Mode.ORDINARY_LICENCE,))


def test_the_template_itself_brings_nothing_and_its_example_is_readable(app, read):
    from matchmaker.listings.intake import template

    for noun in ("achievement", "need"):
        made = io.BytesIO()
        with app.test_request_context():
            template.write(made, noun)
        with pytest.raises(NothingFound):
            read(made.getvalue(), noun)
        book = load_workbook(made)
        page = book.worksheets[0]
        page["B2"] = "覆盖后的标题"
        target = io.BytesIO()
        book.save(target)
        (entry,) = read(target.getvalue(), noun)
        assert entry.faults == ()
        assert len(book.worksheets) == 2


# --- limits ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"\x00\x01\x02\xff\xfe\x80", KindUnknown),
        (b"just some words", KindUnknown),
        (b"%PDF-1.7 nothing", KindUnknown),
        (b"PK\x03\x04 broken", KindUnknown),
        (b"{", KindUnknown),
    ],
)
def test_what_is_nothing_of_all_that_is_refused(read, content, error):
    with pytest.raises((error, reading.FileUnreadable)):
        read(content)


def archive(**parts):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in parts.items():
            made.writestr(name, content)
    return target.getvalue()


def test_a_word_document_is_sent_to_the_form(read):
    with pytest.raises(OneEntryOnly):
        read(archive(**{"word/document.xml": "<w/>"}))


@pytest.mark.parametrize(
    ("part", "content", "error"),
    [
        ("xl/sharedStrings.xml", b"<sst>" + bytes(70_000_000), FileBloated),
        ("xl/vbaProject.bin", b"macro", FileHarmful),
        ("xl/sharedStrings.xml", b'<!DOCTYPE a [<!ENTITY b "bbbb">]><sst/>', FileHarmful),
    ],
)
def test_a_spreadsheet_is_examined_before_anything_reads_it(read, monkeypatch, part, content, error):
    monkeypatch.setattr(reading, "load_workbook", lambda *given, **more: pytest.fail("it was read"))
    with pytest.raises(error):
        read(archive(**{"xl/workbook.xml": "<workbook/>", part: content}))


def test_a_spreadsheet_that_unfolds_to_more_than_the_reader_can_hold_is_refused(monkeypatch):
    content = sheet(["标题"], ["甲"])
    assert reading.kind_of(content, "achievement") is FileKind.SHEET
    monkeypatch.setattr(reading, "_MOST_UNPACKED", 1_000)
    with pytest.raises(FileBloated):
        reading.kind_of(content, "achievement")


def test_a_spreadsheet_without_our_headings_says_so(read):
    with pytest.raises(HeadingsMissing):
        read(sheet(["甲", "乙"], ["1", "2"]))


def test_more_entries_than_a_file_may_have_are_refused(read, monkeypatch):
    monkeypatch.setattr(reading, "MOST_ENTRIES", 2)
    read(sheet(["标题"], ["a"], ["b"]))
    with pytest.raises(TooManyEntries):
        read(sheet(["标题"], ["a"], ["b"], ["c"]))


def test_the_same_entry_twice_is_a_fault_of_the_second(read):
    found = read(sheet(["标题"], ["激光 雷达"], ["激光雷达"], ["别的"]))
    assert shown(found) == [(2, "激光 雷达", []), (3, "激光雷达", [EntryTwice]), (4, "别的", [])]


def test_an_entry_has_the_same_id_in_every_file(read):
    (one,) = read(sheet(["标题"], ["激光雷达去噪"]))
    other = read(BIBTEX)[0]
    assert one.external_id == other.external_id != ""


def test_kinds_are_told_apart():
    assert reading.kind_of(PATENTS.encode(), "achievement") is FileKind.LIST
    assert reading.kind_of("标题,成果简介,技术优势,完成人\n".encode(), "achievement") is FileKind.CELLS
    assert reading.kind_of(sheet(["x"]), "achievement") is FileKind.SHEET
    assert reading.kind_of(b'{"id":1,"title":"a"}\n{"id":2,"title":"b"}', "achievement") is FileKind.JSONL
