"""Files that researchers have at hand, read into sketches of listings."""

import contextlib
import io
import json
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchmaker.core.errors import Invalid
from matchmaker.listings.citations import FileOverlarge, FileUnreadable, NothingFound, read

BIBTEX = r"""
@comment{ignored}
@article{mueller2024,
  title = {Large {LiDAR} denoising \& more},
  author = {M{\"u}ller, Hans and 王, 示例 and Plain Name},
  abstract = "We remove {snow}.",
  keywords = {lidar; snow},
}
@patent{p, title={Radome}, number={CN115432109B}}
"""
RIS = """TY  - JOUR
TI  - 激光雷达去噪
AU  - 沈, 示例
AB  - 首句
  续行
KW  - 激光雷达
KW  - 去噪
ER  -
TY  - PAT
T1  - Radome
M1  - CN1B
ER  -
"""
CROSSREF = {
    "message": {
        "title": ["Snow &amp; lidar"],
        "abstract": "<jats:p>We remove snow.</jats:p>",
        "subject": ["Sensors"],
        "author": [{"given": "Hans", "family": "Müller"}, {"literal": "示例课题组"}],
    }
}
PATENTS = """专利名称,公开（公告）号,发明人,摘要,法律状态,专利类型,失效日
天线罩除雪结构,CN115432109B,沈示例；顾示例,一种除雪结构,有效,实用新型,2034/5/1
,CN2,,没有名称,,,
"""


def docx(*paragraphs: str, doctype: str = "") -> bytes:
    body = "".join(f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>" for text in paragraphs)
    namespace = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        xml = f'<?xml version="1.0"?>{doctype}<w:document xmlns:w="{namespace}"><w:body>{body}</w:body></w:document>'
        archive.writestr("word/document.xml", xml)
    return file.getvalue()


def test_bibtex_with_braces_accents_and_chinese_names():
    article, patent = read(BIBTEX.encode(), "achievement")
    assert article.title == "Large LiDAR denoising & more"
    assert article.people == ("Hans Müller", "王示例", "Plain Name")
    assert article.texts["summary"] == "We remove snow."
    assert article.texts["keywords"] == "lidar, snow"
    assert patent.right == {"kind": "invention_patent", "number": "CN115432109B"}


def test_ris_with_continued_lines():
    paper, patent = read(RIS.encode(), "achievement")
    assert (paper.title, paper.people) == ("激光雷达去噪", ("沈示例",))
    assert paper.texts["summary"] == "首句 续行"
    assert paper.texts["keywords"] == "激光雷达, 去噪"
    assert patent.right["number"] == "CN1B"


@pytest.mark.parametrize("found", [CROSSREF, CROSSREF["message"], [CROSSREF["message"]]])
def test_metadata_of_a_doi_in_either_shape(found):
    (sketch,) = read(json.dumps(found).encode(), "achievement")
    assert sketch.title == "Snow & lidar"
    assert sketch.texts["summary"] == "We remove snow."
    assert sketch.people == ("Hans Müller", "示例课题组")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_list_of_patents_as_chinese_offices_export_it(encoding):
    (sketch,) = read(PATENTS.encode(encoding), "achievement")
    assert sketch.title == "天线罩除雪结构"
    assert sketch.people == ("沈示例", "顾示例")
    assert sketch.right == {
        "kind": "utility_model",
        "number": "CN115432109B",
        "status": "granted",
        "expires_on": "2034-05-01",
    }


def test_word_documents_by_their_headings():
    content = docx(
        "天线罩自除雪技术", "一、成果简介", "疏冰涂层。", "加热膜。", "关键词：除雪、涂层", "三、应用领域：车载雷达"
    )
    (sketch,) = read(content, "achievement")
    assert sketch.texts == {
        "title": "天线罩自除雪技术",
        "summary": "疏冰涂层。\n加热膜。",
        "keywords": "除雪, 涂层",
        "applications": "车载雷达",
    }
    (need,) = read(docx("求除雪方案", "雪太厚。", "技术指标", "≤60秒"), "need")
    assert (need.texts["problem"], need.texts["targets"]) == ("雪太厚。", "≤60秒")


def test_a_sketch_fills_the_form_in_the_words_of_its_fields():
    fields = dict(read(PATENTS.encode(), "achievement")[0].fields("achievement"))
    assert fields["completers-1-name"] == "顾示例"
    assert fields["rights-0-status"] == "granted"
    assert fields["language"] == "zh"
    assert "completers-0-name" not in dict(read(docx("求除雪方案"), "need")[0].fields("need"))


def test_what_cannot_be_read_is_refused_with_a_reason():
    for content in (b"nothing of the kind", b"PK\x03\x04broken", b"{]", docx("x", doctype="<!DOCTYPE a>")):
        with pytest.raises(FileUnreadable):
            read(content, "achievement")
    with pytest.raises(NothingFound):
        read(b"@article{a, author={Nobody}}", "achievement")
    with pytest.raises(FileOverlarge):
        read(b"@" * 6_000_000, "achievement")


@given(st.one_of(st.binary(max_size=400), st.text(max_size=400).map(str.encode)))
def test_any_bytes_are_read_or_refused(content):
    for prefix in (b"", b"@a{b, title={", b"TY  - JOUR\nTI  - ", b"title,number\n", b"["):
        with contextlib.suppress(Invalid):
            assert all(sketch.title for sketch in read(prefix + content, "achievement"))
