"""How commands end: 0 done, 2 with a sentence on stderr; only what needs the application starts it."""

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from matchmaker.core.cli import USAGE, fail, plain, with_app
from matchmaker.core.errors import InvalidMany, NotFound, TooMany
from matchmaker.core.money import LIMIT_FEN, AmountTooLarge, NotAnAmount


@click.command()
@click.option("--how", default="well")
@with_app
def go(how: str) -> None:
    if how == "refused":
        raise NotAnAmount(text="viel")
    if how == "broken":
        raise ZeroDivisionError
    from flask import current_app

    click.echo(current_app.name)


def run(app, *arguments):
    return CliRunner().invoke(go, arguments, obj=lambda: app)


def test_a_command_runs_inside_the_application(dry_app):
    outcome = run(dry_app)
    assert (outcome.exit_code, outcome.stdout, outcome.stderr) == (0, "matchmaker\n", "")


def test_a_refusal_ends_the_command_with_2_and_its_sentence(dry_app):
    outcome = run(dry_app, "--how", "refused")
    assert outcome.exit_code == USAGE == 2
    assert outcome.stdout == ""
    assert outcome.stderr.startswith("error: “viel” is not an amount.")


def test_a_mistake_of_ours_is_not_passed_off_as_a_refusal(dry_app):
    assert isinstance(run(dry_app, "--how", "broken").exception, ZeroDivisionError)


def test_fail_is_one_line_on_stderr():
    @click.command()
    def refuse():
        fail("no such file")

    outcome = CliRunner().invoke(refuse)
    assert (outcome.exit_code, outcome.stdout, outcome.stderr) == (2, "", "error: no such file\n")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (NotFound(), NotFound.phrase),
        (TooMany(seconds=3), "Too many tries. Please wait 3 seconds and try again."),
        (AmountTooLarge(text="x", limit_fen=LIMIT_FEN), "Amounts of more than ¥90000000000000 cannot be recorded."),
    ],
)
def test_plain_sentences_need_neither_catalogue_nor_application(error, sentence):
    assert plain(error).startswith(sentence)


def test_plain_sentences_of_several_faults_follow_each_other():
    assert plain(InvalidMany([TooMany(seconds=1), TooMany(seconds=2)])).count("Please wait") == 2


def test_bad_settings_end_every_command_with_all_their_faults(tmp_path):
    environ = {"MATCHMAKER_DATA_DIR": str(tmp_path), "MATCHMAKER_HTTPS": "so so", "PYTHONPATH": ":".join(sys.path)}
    outcome = subprocess.run(
        [sys.executable, "-m", "matchmaker", "migrate"], env=environ, capture_output=True, text=True, check=False
    )
    assert outcome.returncode == 2
    assert "MATCHMAKER_SECRET_KEY" in outcome.stderr
    assert "MATCHMAKER_HTTPS" in outcome.stderr
    assert "Traceback" not in outcome.stderr
