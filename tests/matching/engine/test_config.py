import hashlib
import json

import pytest

from matchmaker.matching.engine import EngineConfig


def test_equal_settings_have_equal_fingerprints_whatever_their_order():
    one = EngineConfig(field_weights={"title": 2, "summary": 1})
    other = EngineConfig(field_weights={"summary": 1.0, "title": 2.0})
    assert one == other
    assert one.fingerprint() == other.fingerprint()


@pytest.mark.parametrize(
    "changed",
    [
        EngineConfig(field_weights={"title": 9.0}),
        EngineConfig(default_weight=2.0),
        EngineConfig(max_gram=3),
        EngineConfig(level_thresholds=(0.1, 0.2, 0.3)),
    ],
)
def test_each_setting_is_part_of_the_fingerprint(changed):
    assert changed.fingerprint() != EngineConfig().fingerprint()


def test_the_fingerprint_depends_on_nothing_but_the_canonical_json():
    config = EngineConfig(field_weights={"title": 2.0, "summary": 1.0}, level_thresholds=(0.1, 0.2, 0.3))
    canonical = (
        '{"config":{"default_weight":1.0,"field_weights":{"summary":1.0,"title":2.0},'
        '"level_thresholds":[0.1,0.2,0.3],"max_gram":2},"engine":2}'
    )
    assert config.fingerprint() == hashlib.sha256(canonical.encode()).hexdigest()


def test_settings_survive_json():
    config = EngineConfig(field_weights={"title": 3.5}, max_gram=3, level_thresholds=(0.1, 0.2, 0.3))
    assert EngineConfig(**json.loads(json.dumps(config.as_dict()))) == config


@pytest.mark.parametrize(
    "faulty",
    [
        {"field_weights": {"title": 0.5}},
        {"field_weights": {"title": -1}},
        {"default_weight": float("nan")},
        {"default_weight": float("inf")},
        {"max_gram": 0},
        {"max_gram": 6},
        {"level_thresholds": (0.3, 0.2, 0.4)},
        {"level_thresholds": (0.3, 0.4)},
    ],
)
def test_settings_that_make_no_sense_are_refused(faulty):
    with pytest.raises(ValueError):
        EngineConfig(**faulty)


def test_a_threshold_belongs_to_the_level_it_opens():
    config = EngineConfig(level_thresholds=(0.1, 0.2, 0.3))
    assert [config.level(score) for score in (0.0, 0.0999, 0.1, 0.2, 0.3, 1.0)] == [1, 1, 2, 3, 4, 4]
