"""Settings: every fault at once, no secret that somebody could know."""

import subprocess
import sys
from pathlib import Path

import pytest

from matchmaker.config import Settings, SettingsError

SECRET = "0123456789abcdefghijklmnopqrstuvwxyz-secret"


def read(directory: Path, **environ: str) -> Settings:
    return Settings.from_environment({"MATCHMAKER_DATA_DIR": str(directory), **environ})


def faults(directory: Path, **environ: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read(directory, **environ)
    return caught.value.faults


def test_all_faults_are_named_at_once(tmp_path):
    found = faults(
        tmp_path,
        MATCHMAKER_SECRET_KEY="short",
        DATABASE_URL="mysql://somewhere/else",
        MATCHMAKER_JOBS_URL="amqp://somewhere",
        MATCHMAKER_BASE_URL="ftp://somewhere",
        MATCHMAKER_SMTP_URL="http://mail",
        MATCHMAKER_MAIL_FROM="nobody",
        MATCHMAKER_HTTPS="perhaps",
        MATCHMAKER_DEMO="maybe",
        MATCHMAKER_UPLOAD_LIMIT_MB="0",
        MATCHMAKER_PROXIES="-1",
        MATCHMAKER_SEMANTIC="half",
    )
    named = {fault.split(":")[0].split("=")[0] for fault in found}
    assert named == {
        "MATCHMAKER_SECRET_KEY", "DATABASE_URL", "MATCHMAKER_JOBS_URL", "MATCHMAKER_BASE_URL", "MATCHMAKER_SMTP_URL",
        "MATCHMAKER_MAIL_FROM", "MATCHMAKER_HTTPS", "MATCHMAKER_DEMO", "MATCHMAKER_UPLOAD_LIMIT_MB",
        "MATCHMAKER_PROXIES", "MATCHMAKER_SEMANTIC",
    }  # fmt: skip
    assert len(found) == len(named)


def test_message_lists_the_faults_for_the_operator(tmp_path):
    with pytest.raises(SettingsError, match=r"cannot start:\n  - MATCHMAKER_SECRET_KEY"):
        read(tmp_path)


@pytest.mark.parametrize("secret", [None, "", "x" * 64, "abcabcabc" * 8, "0123456789abcdefghijklmnopqrstu"])
def test_outside_the_demonstration_there_is_no_secret_but_the_operators(tmp_path, secret):
    environ = {} if secret is None else {"MATCHMAKER_SECRET_KEY": secret}
    assert [fault.split(":")[0] for fault in faults(tmp_path, **environ)] == ["MATCHMAKER_SECRET_KEY"]
    assert list(tmp_path.iterdir()) == []


def test_demonstrations_have_a_random_secret_each_that_stays(tmp_path):
    first = read(tmp_path / "one", MATCHMAKER_DEMO="1").secret_key
    assert first == read(tmp_path / "one", MATCHMAKER_DEMO="1").secret_key
    assert first != read(tmp_path / "two", MATCHMAKER_DEMO="1").secret_key
    assert len(first) >= 32
    kept = tmp_path / "one" / "demo-secret"
    assert kept.stat().st_mode & 0o077 == 0
    assert [path.name for path in kept.parent.iterdir()] == ["demo-secret"]


def test_processes_of_a_demonstration_that_start_together_share_one_secret(tmp_path):
    script = "from matchmaker.config import Settings; print(Settings.from_environment().secret_key)"
    environ = {"MATCHMAKER_DATA_DIR": str(tmp_path), "MATCHMAKER_DEMO": "1", "PYTHONPATH": ":".join(sys.path)}
    started = [subprocess.Popen([sys.executable, "-c", script], env=environ, stdout=subprocess.PIPE) for _ in range(6)]
    printed = {process.communicate()[0] for process in started}
    assert len(printed) == 1
    assert printed != {b"\n"}


@pytest.mark.parametrize("limit", ["", "1025", "-1", "1.5", "٣", "9" * 10_000])
def test_odd_numbers_are_faults_and_not_crashes(tmp_path, limit):
    (fault,) = faults(tmp_path, MATCHMAKER_DEMO="1", MATCHMAKER_UPLOAD_LIMIT_MB=limit)
    assert fault.endswith("write a whole number from 1 to 1024")
    assert len(fault) < 200


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("DATABASE_URL", "postgresql://user:hunter2@host:port/db"), ("DATABASE_URL", "oracle://user:hunter2@host/db"),
        ("DATABASE_URL", "sqlite://"), ("DATABASE_URL", "sqlite:///:memory:"),
        ("MATCHMAKER_JOBS_URL", "redis://:hunter2@[half"), ("MATCHMAKER_JOBS_URL", "sqlite:///"),
        ("MATCHMAKER_SMTP_URL", "smtp://user:hunter2@mail:25:25"), ("MATCHMAKER_SMTP_URL", "smtps:mail"),
        ("MATCHMAKER_BASE_URL", "https://"), ("MATCHMAKER_BASE_URL", "example.org"),
    ],
)  # fmt: skip
def test_an_address_that_cannot_be_used_is_a_fault_that_keeps_its_password(tmp_path, name, address):
    (fault,) = faults(tmp_path, MATCHMAKER_DEMO="1", **{name: address})
    assert fault.startswith(f"{name}: ")
    assert "hunter2" not in fault


def test_mail_sender_may_not_end_a_header(tmp_path):
    (fault,) = faults(tmp_path, MATCHMAKER_DEMO="1", MATCHMAKER_MAIL_FROM="a@b.example\nBcc: c@d.example")
    assert fault.startswith("MATCHMAKER_MAIL_FROM")


def test_directory_that_cannot_be_made_is_a_fault(tmp_path):
    (tmp_path / "file").write_text("")
    found = faults(tmp_path / "file" / "below", MATCHMAKER_SECRET_KEY=SECRET)
    assert [fault.split(":")[0] for fault in found] == ["MATCHMAKER_DATA_DIR"]


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_is_reached_through_our_driver_however_it_is_written(tmp_path, scheme):
    settings = read(tmp_path, MATCHMAKER_SECRET_KEY=SECRET, DATABASE_URL=f"{scheme}://u:p@h:5432/d?sslmode=require")
    assert settings.database_url == "postgresql+psycopg://u:p@h:5432/d?sslmode=require"


def test_postgresql_may_be_reached_through_a_local_socket(tmp_path):
    settings = read(tmp_path, MATCHMAKER_SECRET_KEY=SECRET, DATABASE_URL="postgresql:///d?host=/run/postgresql")
    assert settings.database_url == "postgresql+psycopg:///d?host=/run/postgresql"


def test_sqlite_paths_count_from_where_the_process_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = read(
        tmp_path, MATCHMAKER_DEMO="1", DATABASE_URL="sqlite:///data.db", MATCHMAKER_JOBS_URL="sqlite:////tmp/jobs.db"
    )
    assert settings.database_url == f"sqlite:///{tmp_path}/data.db"
    assert settings.jobs_url == "sqlite:////tmp/jobs.db"


def test_everything_lives_in_the_data_directory_unless_said_otherwise(tmp_path):
    settings = read(tmp_path, MATCHMAKER_SECRET_KEY=SECRET)
    assert settings.database_url == f"sqlite:///{tmp_path}/matchmaker.db"
    assert settings.jobs_url == f"sqlite:///{tmp_path}/jobs.db"
    assert settings.files_dir == tmp_path / "files"
    assert settings.index_dir == tmp_path / "index"


def test_cookies_are_for_https_alone_except_in_the_demonstration(tmp_path):
    assert read(tmp_path, MATCHMAKER_SECRET_KEY=SECRET).https is True
    assert read(tmp_path, MATCHMAKER_DEMO="1").https is False
    assert read(tmp_path, MATCHMAKER_DEMO="1", MATCHMAKER_HTTPS="1").https is True


def test_nothing_secret_shows_when_settings_are_printed(tmp_path):
    settings = read(
        tmp_path,
        MATCHMAKER_SECRET_KEY=SECRET,
        DATABASE_URL="postgresql://u:hunter2@h/d",
        MATCHMAKER_JOBS_URL="redis://:hunter2@h/0",
        MATCHMAKER_SMTP_URL="smtps://u:hunter2@h",
    )
    assert SECRET not in repr(settings)
    assert "hunter2" not in repr(settings)
