"""The lexicon finds concepts by any of their names."""

import pytest

from matchmaker.matching.engine import Lexicon

LEXICON = Lexicon.of(
    {
        "energy": ["锂离子电池 锂电 | lithium-ion battery; battery", "瓦斯 煤层气 | coalbed methane"],
        "auto": ["汽车 | car"],
    }
)


@pytest.mark.parametrize(
    ("text", "concepts"),
    [
        ("高安全锂离子电池", [0]),
        ("锂离子 电池 材料", [0]),
        ("鋰離子電池", [0]),
        ("煤层气与瓦斯抽采", [1, 1]),
        ("Lithium-ion BATTERIES", [0]),
        ("two batterys of cars", [0, 2]),
        ("carbon carpet scar", []),
        ("", []),
        ("，。 🔋\n", []),
    ],
)
def test_names_are_found_in_either_script_and_language_but_not_inside_words(text, concepts):
    assert LEXICON.count(text) == concepts
    assert [mention.concept for mention in LEXICON.mentions(text)] == concepts


def test_a_mention_stands_where_it_says():
    text = "用于 ＣＡＲ 的锂离子 电池。"
    assert [text[m.start : m.end] for m in LEXICON.mentions(text)] == ["ＣＡＲ", "锂离子 电池"]


def test_american_spelling_names_the_same():
    lexicon = Lexicon.of({"f": ["碳纤维 | carbon fibre", "灭菌 | sterilisation", "肥料 | fertiliser", "肿瘤 | tumour"]})
    british = "carbon fibres, sterilisation, fertilisers and tumours"
    assert (
        lexicon.count(british) == lexicon.count("carbon fibers, sterilization, fertilizers and tumors") == [0, 1, 2, 3]
    )


def test_a_name_of_both_scripts_ends_where_its_words_end():
    lexicon = Lexicon.of({"f": ["3D打印", "γ射线 T细胞"]})
    assert lexicon.count("用3D打印CT支架") == [0]
    assert lexicon.count("13D打印") == []
    assert lexicon.count("T细胞疗法") == [1]


def test_the_longest_name_wins():
    lexicon = Lexicon.of({"f": ["电池", "燃料电池"]})
    assert lexicon.count("燃料电池和电池") == [1, 0]


def test_equal_entries_give_equal_fingerprints():
    assert Lexicon.of({"f": ["电池 | battery"]}).fingerprint == Lexicon.of({"f": ["电池 | battery"]}).fingerprint
    assert Lexicon.of({"f": ["电池 | cell"]}).fingerprint != Lexicon.of({"f": ["电池 | battery"]}).fingerprint


def test_an_empty_lexicon_finds_nothing():
    assert Lexicon.of({}).count("电池") == []
