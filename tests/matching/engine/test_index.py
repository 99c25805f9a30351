import json
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchmaker.matching.engine import Document, EngineConfig, Index, IndexDamaged, build, files, load, save, scores
from matchmaker.matching.engine.segments import Base, Vocabulary
from tests.matching.engine.strategies import documents, law

CONFIG = EngineConfig()
CORPUS = [
    Document("a", {"title": "高镍正极材料", "summary": "锂离子电池用高镍正极材料的制备"}),
    Document("b", {"title": "固态电池", "summary": "硫化物电解质"}),
    Document("c", {"title": "Laser welding of car bodies", "summary": "Robots weld with lasers."}),
]
FILES = len(Vocabulary._fields) + len(Base._fields)
QUERY = Document("", {"title": "电池材料", "problem": "laser"})


def by_id(index: Index, query: Document) -> dict[str, float]:
    return dict(zip(index.ids, scores(index, query).tolist(), strict=True))


@law
@given(documents(), documents("n"), documents("q", 1), st.randoms(use_true_random=False))
def test_input_order_is_of_no_consequence(corpus, background, queries, chance: random.Random):
    shuffled, behind = chance.sample(corpus, len(corpus)), chance.sample(background, len(background))
    one = build(corpus, CONFIG, background=background)
    other = build(shuffled, CONFIG, background=behind)
    assert one.fingerprint == other.fingerprint
    for query in [*queries, *corpus]:
        assert by_id(one, query) == pytest.approx(by_id(other, query), abs=1e-6)


@law
@given(documents(), documents("n"))
def test_a_pair_scores_the_same_from_both_sides(achievements, needs):
    offered, wanted = build(achievements, CONFIG, background=needs), build(needs, CONFIG, background=achievements)
    for need in needs:
        for achievement in achievements:
            assert by_id(offered, need)[achievement.id] == pytest.approx(by_id(wanted, achievement)[need.id], abs=1e-6)


@law
@given(documents(), st.data())
def test_an_update_with_frozen_terms_equals_a_build_of_the_result(corpus, data):
    index = build(corpus, CONFIG)
    removed = data.draw(st.sets(st.sampled_from([document.id for document in corpus]))) if corpus else set()
    rest = index.updated(removed=removed)
    assert rest.ids == tuple(sorted({document.id for document in corpus} - removed))
    again = rest.updated(documents=[document for document in corpus if document.id in removed])
    assert (again.ids, again.fingerprint) == (index.ids, index.fingerprint)
    for query in corpus:
        assert by_id(again, query) == pytest.approx(by_id(index, query), abs=1e-6)
        assert by_id(rest, query).items() <= by_id(index, query).items()


def test_an_update_replaces_a_document_and_moves_no_other_score():
    index = build(CORPUS, CONFIG)
    updated = index.updated(documents=[Document("b", {"title": "高镍正极材料"}), Document("0", {"title": "电池"})])
    assert updated.ids == ("0", "a", "b", "c")
    before, after = by_id(index, QUERY), by_id(updated, QUERY)
    assert (after["a"], after["c"]) == (before["a"], before["c"])
    assert after["b"] != before["b"]
    assert index.ids == ("a", "b", "c"), "an index is immutable"


def test_terms_unknown_to_the_index_wait_for_the_next_build():
    updated = build(CORPUS, CONFIG).updated(documents=[Document("d", {"title": "陶瓷"})])
    assert by_id(updated, Document("", {"title": "陶瓷"}))["d"] == 0
    assert by_id(build([*CORPUS, Document("d", {"title": "陶瓷"})], CONFIG), Document("", {"title": "陶瓷"}))["d"] > 0


def test_removing_what_is_not_there_is_no_error():
    index = build(CORPUS, CONFIG)
    assert index.updated(removed=["nobody"]).ids == index.ids


def test_two_documents_with_one_id_are_refused():
    with pytest.raises(ValueError, match="'a'"):
        build([CORPUS[0], CORPUS[0]], CONFIG)


@pytest.mark.parametrize("corpus", [[], [Document("a", {})], [Document("a", {"title": "🔋，"})]])
def test_an_index_of_nothing_is_a_good_index(corpus, tmp_path):
    save(build(corpus, CONFIG), tmp_path)
    index = load(tmp_path)
    assert index.ids == tuple(document.id for document in corpus)
    assert not scores(index, QUERY).any()
    assert index.updated(documents=CORPUS).ids[-1] == "c"


def test_background_makes_its_terms_common():
    boilerplate = [Document(f"n{i}", {"problem": "预期目标"}) for i in range(20)]
    target = Document("t", {"title": "预期目标", "summary": "激光"})
    query = Document("", {"title": "预期目标"})
    alone, among = build([target], CONFIG), build([target], CONFIG, background=boilerplate)
    assert by_id(among, query)["t"] < by_id(alone, query)["t"]
    assert among.ids == ("t",)


def test_a_field_without_weight_says_nothing():
    config = EngineConfig(field_weights={"title": 8, "summary": 0})
    index = build([Document("a", {"title": "激光", "summary": "电池"})], config)
    assert by_id(index, Document("", {"title": "电池"})) == {"a": 0}


@law
@given(documents(), documents("q", 2))
def test_a_saved_index_comes_back_equal(tmp_path_factory, corpus, queries):
    directory = tmp_path_factory.mktemp("index")
    index = build(corpus, CONFIG)
    save(index, directory)
    loaded = load(directory)
    assert (loaded.config, loaded.ids, loaded.terms) == (index.config, index.ids, index.terms)
    assert loaded.fingerprint == index.fingerprint
    for query in [*queries, *corpus]:
        assert np.array_equal(scores(loaded, query), scores(index, query))


def test_saving_again_replaces_the_index_and_leaves_readers_theirs(tmp_path):
    save(build(CORPUS, CONFIG), tmp_path)
    opened = load(tmp_path)
    before = by_id(opened, QUERY)
    save(opened.updated(removed=["a"]), tmp_path)
    assert load(tmp_path).ids == ("b", "c")
    assert by_id(opened, QUERY) == before
    assert len(list(tmp_path.glob("*.npy"))) == FILES, "the files of the first index are tidied away"


def test_a_save_that_breaks_off_leaves_the_old_index(tmp_path, monkeypatch):
    save(build(CORPUS, CONFIG), tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(json, "dumps", lambda *_, **__: (_ for _ in ()).throw(OSError("disk full")))
        with pytest.raises(OSError, match="disk full"):
            save(build(CORPUS[:1], CONFIG), tmp_path)
    assert load(tmp_path).ids == ("a", "b", "c")
    save(build(CORPUS[:1], CONFIG), tmp_path)
    assert len(list(tmp_path.glob("*.npy"))) == FILES, "the next save tidies the fragments away"


def test_an_index_saved_while_another_process_opens_it_is_opened_all_the_same(tmp_path, monkeypatch):
    save(build(CORPUS, CONFIG), tmp_path)
    read = files.read_manifest
    outdated = read(tmp_path)
    save(build(CORPUS[:1], CONFIG), tmp_path)
    seen = iter([outdated, read(tmp_path)])
    monkeypatch.setattr(files, "read_manifest", lambda directory: next(seen))
    assert load(tmp_path).ids == ("a",)


def test_every_missing_file_is_reported_as_damage(tmp_path):
    save(build(CORPUS, CONFIG), tmp_path)
    names = [path.name for path in tmp_path.iterdir() if path.name != "lock"]
    assert len(names) == FILES + 1
    for name in names:
        content = (tmp_path / name).read_bytes()
        (tmp_path / name).unlink()
        with pytest.raises(IndexDamaged, match="missing"):
            load(tmp_path)
        (tmp_path / name).write_bytes(content)
    assert load(tmp_path).ids == ("a", "b", "c")


def test_every_flipped_or_cut_byte_is_reported_as_damage(tmp_path):
    save(build(CORPUS, CONFIG), tmp_path)
    for path in [path for path in tmp_path.iterdir() if path.name not in ("lock", "manifest.json")]:
        content = path.read_bytes()
        for damaged in (b"", content[:-1], content[:-1] + bytes([content[-1] ^ 1]), b"X" + content[1:]):
            path.write_bytes(damaged)
            with pytest.raises(IndexDamaged, match="altered"):
                files.check(tmp_path)
        path.write_bytes(content[:-1])
        with pytest.raises(IndexDamaged, match="altered"):
            load(tmp_path)  # reads no file through, but sees one that is cut
        path.write_bytes(content)
    files.check(tmp_path)
    assert load(tmp_path).ids == ("a", "b", "c")


@pytest.mark.parametrize(
    "edit",
    [
        lambda manifest: "no json",
        lambda manifest: [],
        lambda manifest: manifest | {"format": 99},
        lambda manifest: manifest | {"fingerprint": "other"},
        lambda manifest: manifest | {"files": {}},
        lambda manifest: manifest | {"config": manifest["config"] | {"max_gram": 3}},
        lambda manifest: manifest | {"config": {"unknown": 1}},
    ],
)
def test_a_manifest_that_save_did_not_write_is_reported_as_damage(tmp_path, edit):
    save(build(CORPUS, CONFIG), tmp_path)
    path = tmp_path / "manifest.json"
    edited = edit(json.loads(path.read_bytes()))
    path.write_text(edited if isinstance(edited, str) else json.dumps(edited))
    with pytest.raises(IndexDamaged) as caught:
        files.check(tmp_path)
    assert str(tmp_path) in caught.value.phrase % caught.value.facts


def test_a_directory_that_is_not_there_is_reported_as_damage(tmp_path):
    with pytest.raises(IndexDamaged):
        load(tmp_path / "nothing")


def test_a_saved_index_holds_no_pickle(tmp_path):
    save(build(CORPUS, CONFIG), tmp_path)
    for path in tmp_path.glob("*.npy"):
        assert np.load(path, allow_pickle=False).dtype.kind in "fiu"
