"""kill -9 at random moments of publishing, settling, merging, building and swapping: what is found next is right."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest
from sqlalchemy import func, select

from matchmaker.core.db import db
from matchmaker.listings.models import Achievement, ListingState
from matchmaker.matching import indexing
from matchmaker.matching.models import IndexedListing, Kind
from matchmaker.matching.verify import differences
from tests.factories.listings import make_achievement, make_need
from tests.factories.matching import index_root, refresh

#: Publishes, withdraws, merges and builds without end, as web process and worker do, until it is killed.
LOOP = """
import itertools, random, sys
from matchmaker.app import create_app
from matchmaker.config import Settings
from matchmaker.core.db import db
from matchmaker.listings.models import Achievement, ListingState
from matchmaker.matching import jobs
from sqlalchemy import select
from tests.factories import accounts
from tests.factories.listings import make_achievement
from tests.factories.matching import index_root, withdraw

chance = random.Random(int(sys.argv[1]))
accounts._numbers = itertools.count(chance.randrange(1_000, 9_000_000))  # others than before it was killed
jobs.SMALL, jobs.MOST_CHANGED = 0, 10.0
app = create_app(Settings.from_environment())
with app.app_context():
    app.config["WAKE_WORKER"] = False
    print("at work", flush=True)
    while True:
        jobs.MOST_TAKEN = chance.choice([0, 1_000])
        make_achievement(title=chance.choice(["低温电池", "水稻遥感", "激光焊接"]))
        if chance.random() < 0.5:
            public = select(Achievement).where(Achievement.state == ListingState.PUBLISHED).order_by(Achievement.id)
            withdraw(chance.choice(db.session.scalars(public).all()))
        db.session.rollback()
        for step in jobs.refresh(index_root()):
            if chance.random() < 0.2:
                jobs.build_index(index_root())
"""


def kill_and_look(app, chance):
    settings = app.extensions["matchmaker.settings"]
    environment = {
        **os.environ,
        "MATCHMAKER_SECRET_KEY": settings.secret_key, "MATCHMAKER_DATA_DIR": str(settings.data_dir),
        "MATCHMAKER_HTTPS": "0", "DATABASE_URL": settings.database_url,
    }  # fmt: skip
    db.session.rollback()
    process = subprocess.Popen(
        [sys.executable, "-c", LOOP, str(chance.random())[2:9]],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout.readline() == "at work\n", process.communicate()[1]
        time.sleep(chance.uniform(0.1, 4))
        assert process.poll() is None, process.communicate()[1]  # it works until it is killed
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert_right_now()
    refresh()
    assert_right_now()
    public = select(func.count()).select_from(Achievement).where(Achievement.state == ListingState.PUBLISHED)
    followed = select(func.count()).select_from(IndexedListing).where(IndexedListing.kind == Kind.ACHIEVEMENT)
    assert db.session.scalar(public) == db.session.scalar(followed)
    db.session.rollback()


def assert_right_now():
    """Whatever a query sees is what is published: no more, no less, no other text."""
    db.session.rollback()
    indexes = indexing.find_indexes(db.session(), index_root(), check=True)
    assert indexes is not None
    assert list(differences(indexes)) == []
    db.session.rollback()


@pytest.fixture
def published(app):
    make_achievement(), make_need()
    refresh()
    return app


def test_a_kill(published):
    kill_and_look(published, random.Random())


@pytest.mark.nightly
def test_many_kills(published):
    chance = random.Random()
    for _ in range(40):
        kill_and_look(published, chance)
