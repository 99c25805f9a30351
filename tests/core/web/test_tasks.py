"""The registry of what waits for a reader."""

from datetime import date

import pytest

from matchmaker.core.access import ANONYMOUS, system_actor
from matchmaker.core.web import tasks
from matchmaker.core.web.tasks import Task


@pytest.fixture
def sources(monkeypatch):
    monkeypatch.setattr(tasks, "_sources", {})


def task(title, due_on=None):
    return Task(tasks.SIGN, "Sign", title, "dashboard.home", due_on=due_on)


def test_what_is_due_first_comes_first_then_the_order_of_the_features(sources):
    tasks.source("b")(lambda actor: [task("late", date(2026, 5, 2)), task("whenever b")])
    tasks.source("a")(lambda actor: [task("whenever a"), task("soon", date(2026, 5, 1))])
    found = [entry.title for entry in tasks.list_tasks(system_actor("test"))]
    assert found == ["soon", "late", "whenever a", "whenever b"]


def test_nothing_waits_for_a_visitor(sources):
    tasks.source("a")(lambda actor: [task("secret")])
    assert tasks.list_tasks(ANONYMOUS) == []


def test_a_source_entered_again_takes_its_place(sources):
    tasks.source("a")(lambda actor: [task("old")])
    tasks.source("a")(lambda actor: [task("new")])
    assert [entry.title for entry in tasks.list_tasks(system_actor("test"))] == ["new"]
