"""The worker's part and the commands: what runs when, in which order, and what it says."""

import subprocess
import sys

import pytest
from click.testing import CliRunner
from sqlalchemy import delete, update

from matchmaker.core import clock
from matchmaker.core import jobs as core_jobs
from matchmaker.core.db import db, unit_of_work
from matchmaker.listings.models import Achievement, ListingState
from matchmaker.matching import index_cli, indexing, jobs, store
from matchmaker.matching.engine import Document, scores
from matchmaker.matching.jobs import Progress, Stage
from matchmaker.matching.models import IndexChange, Kind, MatchIndex, MatchList
from tests.factories.listings import make_achievement, make_need
from tests.factories.matching import index_root, refresh, revise, stored_hits, withdraw

WITHDRAWN = ListingState.WITHDRAWN


def test_the_worker_keeps_lists_fresh_by_itself(app):
    achievement_id, need_id = make_achievement().id, make_need().id
    core_jobs.run_pullers(app.extensions["matchmaker.settings"])
    assert db.session.get(MatchList, need_id).hits[0][0] == str(achievement_id)


def test_each_step_says_what_it_did_and_what_is_left(app, monkeypatch):
    monkeypatch.setattr(jobs, "BATCH", 2)
    for _ in range(3):
        make_achievement()
    assert refresh() == [
        Progress(Stage.BUILT, 3, 3),
        Progress(Stage.LISTED, 2, 1),
        Progress(Stage.LISTED, 1, 0),
    ]


def test_missing_lists_come_before_outdated_ones_and_needs_before_achievements(app):
    achievements, needs = [make_achievement().id, make_achievement().id], [make_need().id, make_need().id]
    refresh()
    with unit_of_work() as session:
        for listing_id in (achievements[0], needs[0]):
            session.delete(session.get(MatchList, listing_id))
        session.execute(update(MatchList).values(fingerprint=MatchList.STALE))
    done = []
    while due := indexing.find_work(index_root(), 10).due:
        done += due.items()
        fingerprint = db.session.get(MatchIndex, 1).fingerprint
        with unit_of_work() as session:
            for listing_id, kind in due.items():
                session.merge(MatchList(**EMPTY, listing_id=listing_id, kind=kind, fingerprint=fingerprint))
    assert done == [
        (needs[0], Kind.NEED),
        (achievements[0], Kind.ACHIEVEMENT),
        (needs[1], Kind.NEED),
        (achievements[1], Kind.ACHIEVEMENT),
    ]


EMPTY = {"hits": [], "level": 1, "least": 0, "computed_at": clock.now()}


def test_a_publication_during_a_long_run_does_not_wait_for_its_end(app, monkeypatch):
    monkeypatch.setattr(jobs, "BATCH", 1)
    monkeypatch.setattr(jobs, "SMALL", 0)
    monkeypatch.setattr(jobs, "MOST_CHANGED", 10.0)
    for _ in range(4):
        make_achievement()
    steps = jobs.refresh(index_root())
    assert [next(steps).stage, next(steps).stage] == [Stage.BUILT, Stage.LISTED]
    late = make_need()
    assert [next(steps).stage, next(steps).stage] == [Stage.UPDATED, Stage.LISTED]
    assert len(stored_hits(late)) == 4
    assert next(steps).due > 0
    steps.close()
    assert refresh()  # whoever stops half-way lets the lock go


def test_lists_hold_whole_numbers_and_ids_only(app):
    make_achievement(), make_need()
    refresh()
    for stored in db.session.query(MatchList):
        for other, score, level in stored.hits:
            assert (type(other), type(score), type(level)) == (str, int, int)
            assert 0 < score <= 1_000_000
            assert 2 <= level <= 4
        assert stored.level == max(level for _, _, level in stored.hits)
        assert stored.fingerprint == db.session.get(MatchIndex, 1).fingerprint


# --- the saved index ------------------------------------------------------------------------------------------------


def test_the_lock_goes_with_a_killed_process(app):
    root = index_root()
    root.mkdir(parents=True, exist_ok=True)
    script = (
        "import sys, pathlib, time\n"
        "from matchmaker.matching import store\n"
        "with store.writing(pathlib.Path(sys.argv[1])) as ours:\n"
        "    print(ours, flush=True); time.sleep(60)\n"
    )
    holder = subprocess.Popen([sys.executable, "-c", script, str(root)], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout.readline() == "True\n"
        with store.writing(root) as ours:
            assert not ours
    finally:
        holder.kill()
        holder.communicate()
    with store.writing(root) as ours:
        assert ours


def test_the_index_before_last_is_removed_and_the_last_kept(app):
    seen = []
    for _ in range(4):
        make_achievement()
        refresh()
        db.session.expire_all()
        row = db.session.get(MatchIndex, 1)
        seen.append({row.achievements, row.needs})
    assert {path.name for path in index_root().glob("index-*")} == seen[-1] | seen[-2]


def test_an_open_index_serves_on_after_its_files_are_gone(app):
    make_achievement(), make_need()
    refresh()
    index = indexing.find_indexes(db.session(), index_root()).of(Kind.ACHIEVEMENT)
    for _ in range(2):
        make_achievement()
        refresh()
    assert scores(index, Document("", {"title": "电池"})).sum() > 0


def test_an_index_is_opened_once_and_again_when_it_changes(app):
    make_achievement()
    refresh()
    name = db.session.get(MatchIndex, 1).achievements
    first = store.open_index(index_root(), name)
    assert store.open_index(index_root(), name) is first
    manifest = index_root() / name / "manifest.json"
    manifest.write_bytes(manifest.read_bytes() + b" ")
    assert store.open_index(index_root(), name) is not first


# --- commands -------------------------------------------------------------------------------------------------------


@pytest.fixture
def run(app):
    group = {command.name: command for command in index_cli.commands}

    def invoke(name, *args):
        db.session.rollback()  # the test's own reading ends, or its lock would keep SQLite's writers waiting
        return CliRunner().invoke(group[name], list(args), obj=lambda: app)

    return invoke


def test_match_brings_everything_up_to_date_and_says_so(run):
    achievement, need = make_achievement(), make_need()
    first = run("match")
    assert first.exit_code == 0, first.output
    assert "index built: 2 listings; 2 lists to go" in first.output
    assert "match lists computed: 1; 0 lists to go" in first.output
    assert stored_hits(need) == [str(achievement.id)]
    assert "nothing to do" in run("match").output


def test_match_says_when_another_process_is_at_it(run, app):
    make_achievement()
    with store.writing(index_root()):
        answer = run("match")
    assert answer.exit_code == 1
    assert "another process" in answer.output


def test_stats_say_how_the_index_stands(run):
    assert "no usable index" in run("index", "stats").output
    achievement = make_achievement()
    make_need()
    refresh()
    withdraw(achievement)
    lines = run("index", "stats").output.splitlines()
    figures = {line.rsplit(maxsplit=1)[0].strip(): line.rsplit(maxsplit=1)[1] for line in lines}
    assert figures["achievements"] == "0", "what was withdrawn is found no more"
    assert figures["needs"] == "1"
    assert figures["changes not taken in"] == "1"
    assert figures["lists due"] == "0"


def test_verify_names_each_difference_and_rebuild_mends_them(run):
    achievement, need = make_achievement(), make_need()
    ids = str(achievement.id), str(need.id)
    assert "no usable index" in run("index", "verify").output
    assert "index built: 2 listings" in run("index", "rebuild").output
    agreed = run("index", "verify")
    assert agreed.exit_code == 0, agreed.output
    assert "agree: 2 listings" in agreed.output
    revise(need, title="激光焊接", problem="薄板" * 20, targets="", keywords=())
    assert "agree: 2 listings" in run("index", "verify").output, "changes beside the saved index count"
    with unit_of_work() as session:
        session.execute(delete(IndexChange))
        session.execute(update(Achievement).where(Achievement.id == achievement.id).values(state=WITHDRAWN))
    late = make_achievement()
    with unit_of_work() as session:
        session.execute(delete(IndexChange))
    answer = run("index", "verify")
    assert answer.exit_code == 1
    assert f"achievement {ids[0]}: in the index, but not published" in answer.output
    assert f"need {ids[1]}: in the index with another text" in answer.output
    assert f"achievement {late.id}: published, but not in the index" in answer.output
    assert "3 differences" in answer.output
    run("index", "rebuild")
    assert "agree: 2 listings" in run("index", "verify").output


def test_rebuild_leaves_the_index_to_a_process_that_is_at_it(run, app):
    with store.writing(index_root()):
        answer = run("index", "rebuild")
    assert answer.exit_code == 1
    assert "another process" in answer.output
