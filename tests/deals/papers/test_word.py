"""Papers as Word files: whole, readable, the same bytes every time."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from datetime import UTC, datetime

from docx import Document
from lxml import etree

from matchmaker.deals.papers.paper import Facts, Heading, Paper, Paragraph, Signatures, Table
from matchmaker.deals.papers.word import docx

AT = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def paper(words: str = "本合同所称成果", english: str = "The results") -> Paper:
    return Paper(
        languages=("zh-CN", "en"),
        title=("技术许可合同", "Technology licence"),
        subtitle=("第1版", "Version 1"),
        blocks=(
            Facts(((("许可方", "Licensor"), ("北湖理工大学", "Beihu")),)),
            Heading(("名词", "Terms"), "第一条"),
            Paragraph((words, english), "1.1"),
            Table((("期次", "No."), ("金额", "Amount")), ((("1", "1"), ("¥1.00", "¥1.00")),), (1,)),
            Signatures(("签署", "Signatures"), (("许可方", "Licensor"), ("被许可方", "Licensee")), (("盖章", "Seal"),)),
        ),
        foot=("合同", "Contract"),
        fingerprint="0123456789abcdef" * 4,
        page=("第{page}页", "{page}"),
    )


def opened(content: bytes) -> str:
    document = Document(io.BytesIO(content))
    texts = [paragraph.text for paragraph in document.paragraphs]
    texts += [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    texts += [paragraph.text for paragraph in document.sections[0].footer.paragraphs]
    return "\n".join(texts)


def test_it_holds_every_word_in_both_languages_and_the_fingerprint_on_each_page() -> None:
    text = opened(docx(paper(), at=AT))
    for words in (
        "技术许可合同",
        "Technology licence",
        "1.1",
        "本合同所称成果",
        "The results",
        "¥1.00",
        "盖章",
        "Seal",
    ):
        assert words in text
    assert "SHA-256 " + "0123456789abcdef" * 4 in text


def test_the_same_paper_gives_the_same_bytes() -> None:
    assert docx(paper(), at=AT) == docx(paper(), at=AT)
    assert docx(paper(), at=AT) != docx(paper("另一句"), at=AT)


def test_no_member_tells_when_it_was_made() -> None:
    with zipfile.ZipFile(io.BytesIO(docx(paper(), at=AT))) as archive:
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert b"2026-11-23T04:00:00Z" in archive.read("docProps/core.xml")


def test_words_of_the_parties_are_text_whatever_they_look_like() -> None:
    text = opened(docx(paper("{{ 7 * 7 }} {% if %} <w:p> & \x07", "a\nb"), at=AT))
    assert "{{ 7 * 7 }} {% if %} <w:p> &" in text
    assert "a\nb" in text


def test_the_xml_nests_as_word_expects() -> None:
    with zipfile.ZipFile(io.BytesIO(docx(paper(), at=AT))) as archive:
        body = etree.fromstring(archive.read("word/document.xml"))
    assert all(run.getparent().tag == f"{WORD}p" for run in body.iter(f"{WORD}r"))
    assert all(cell[-1].tag == f"{WORD}p" for cell in body.iter(f"{WORD}tc"))
    assert not [node for node in body.iter(f"{WORD}t") if "{" in (node.text or "")]


def test_it_is_set_as_chinese_of_the_mainland_with_a_narrow_column_of_names() -> None:
    document = Document(io.BytesIO(docx(paper(), at=AT)))
    (language,) = document.styles.element.iter(f"{WORD}lang")
    assert language.get(f"{WORD}eastAsia") == "zh-CN"  # else the shapes of 。 and of many characters are others'
    facts, table, _places = document.tables
    names, values = facts.columns
    assert names.width * 2 < values.width
    assert len(table.columns) == 2
    assert [row._tr.find(f".//{WORD}tblHeader") is not None for row in table.rows] == [True, False]
    assert all(row._tr.find(f".//{WORD}cantSplit") is not None for row in (*facts.rows, *table.rows))


def test_no_party_signs_on_a_page_that_does_not_name_it_and_no_clause_is_torn_apart() -> None:
    long = Signatures(("签署", "Signatures"), (("许可方", "Licensor"),), (("盖章", "Seal"), ("日期", "Date")))
    written = paper()
    document = Document(io.BytesIO(docx(replace(written, blocks=(*written.blocks[:-1], long)), at=AT)))
    places = document.tables[-1]
    assert [[one.text.split()[0] for one in row.cells[0].paragraphs] for row in places.rows] == [
        ["许可方", "盖章", "日期"]
    ]
    assert all(row._tr.find(f".//{WORD}cantSplit") is not None for row in places.rows)
    (clause,) = [one for one in document.paragraphs if "本合同所称成果" in one.text]
    assert clause.paragraph_format.keep_together
