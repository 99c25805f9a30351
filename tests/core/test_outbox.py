"""Mails leave after the commit, at least once, and one that cannot be sent holds up nobody."""

import email
import email.policy
import smtplib
import socketserver
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
import time_machine

from matchmaker.core import outbox
from matchmaker.core.db import db, unit_of_work
from matchmaker.core.outbox import TRIES, OutboxMessage, deliver_due, post_mail

START = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


class Receiver(socketserver.StreamRequestHandler):
    """As much of a mail server as smtplib talks to; keeps what it is told."""

    def handle(self):
        server = self.server
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline().strip():
            server.spoken.append(line.decode())
            if line.upper().startswith(b"EHLO"):
                offers = b"".join(b"250-%s\r\n" % word for word in server.offers)
                self.wfile.write(b"250-here\r\n" + offers + b"250 8BITMIME\r\n")
            elif line.upper() == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                lines = iter(self.rfile.readline, b".\r\n")
                server.mails.append(email.message_from_bytes(b"".join(lines), policy=email.policy.default))
                self.wfile.write(b"250 kept\r\n")
            elif line.upper().startswith(b"RCPT") and b"refused" in line:
                self.wfile.write(b"550 nobody\r\n")
            elif line.upper() == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            else:
                self.wfile.write(b"250 fine\r\n")


@pytest.fixture
def server():
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Receiver) as server:
        server.daemon_threads = True
        server.mails, server.spoken, server.offers = [], [], []
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def settings(app):
    return app.extensions["matchmaker.settings"]


@pytest.fixture
def by_smtp(settings, server):
    return replace(settings, smtp_url=f"smtp://127.0.0.1:{server.server_address[1]}")


def post(**changes):
    facts = {
        "to": "someone@demo.example",
        "subject": "邀请加入示例机构",
        "body": "请打开链接：\nhttp://x/join/1\n",
        **changes,
    }
    with unit_of_work():
        post_mail(**facts)


def rows():
    db.session.rollback()
    return list(db.session.scalars(sa.select(OutboxMessage).order_by(OutboxMessage.created_at, OutboxMessage.id)))


def test_without_a_mail_server_mails_are_kept_as_files(settings):
    post()
    assert deliver_due(settings) == 1
    (path,) = (settings.data_dir / "mail").glob("*.eml")
    mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert (mail["To"], mail["From"], mail["Subject"]) == (
        "someone@demo.example", "matchmaker@localhost", "邀请加入示例机构",
    )  # fmt: skip
    assert mail.get_content() == "请打开链接：\nhttp://x/join/1\n"
    assert path.stem == str(rows()[0].id)
    assert path.parent.stat().st_mode & 0o077 == 0, "mails hold links that let people in"


def test_a_mail_goes_out_over_smtp_once(by_smtp, server):
    post()
    assert deliver_due(by_smtp) == 1
    assert deliver_due(by_smtp) == 0
    (mail,) = server.mails
    assert mail["Subject"] == "邀请加入示例机构"
    assert mail.get_content().split() == ["请打开链接：", "http://x/join/1"]
    assert mail["Date"].datetime == rows()[0].created_at.replace(microsecond=0)
    assert rows()[0].sent_at is not None


def test_what_was_rolled_back_is_never_sent(by_smtp, server):
    with pytest.raises(ZeroDivisionError), unit_of_work():
        post_mail(to="a@b.example", subject="x", body="y")
        raise ZeroDivisionError
    assert deliver_due(by_smtp) == 0
    assert server.mails == []


def test_a_mail_that_cannot_be_sent_is_tried_again_with_growing_patience_and_then_given_up(settings):
    nobody_there = replace(settings, smtp_url="smtp://127.0.0.1:9")
    with time_machine.travel(START, tick=False) as clock:
        post()
        waits = []
        for _ in range(TRIES):
            assert deliver_due(nobody_there) == 0
            assert deliver_due(nobody_there) == 0, "not due again at once"
            waits.append(rows()[0].due_at - datetime.now(UTC))
            clock.move_to(rows()[0].due_at)
        assert waits == [timedelta(minutes=2**number) for number in range(1, TRIES + 1)]
        clock.shift(timedelta(days=30))
        assert deliver_due(settings) == 0, "given up"
    (row,) = rows()
    assert (row.tries, row.sent_at) == (TRIES, None)
    assert "ConnectionRefusedError" in row.last_error


def test_a_mail_that_failed_goes_out_when_the_server_is_back(settings, by_smtp, server):
    with time_machine.travel(START, tick=False) as clock:
        post()
        deliver_due(replace(settings, smtp_url="smtp://127.0.0.1:9"))
        clock.shift(timedelta(minutes=3))
        assert deliver_due(by_smtp) == 1
    assert len(server.mails) == 1
    assert rows()[0].last_error is None


def test_one_mail_that_cannot_be_sent_does_not_hold_up_the_others(by_smtp, server):
    with time_machine.travel(START, tick=False) as clock:
        post(to="refused@demo.example")
        clock.shift(1)
        post(to="not an address\nBcc: other@demo.example")
        clock.shift(1)
        post(to="third@demo.example")
        assert deliver_due(by_smtp) == 1
    assert [mail["To"] for mail in server.mails] == ["third@demo.example"]
    assert [row.sent_at is None for row in rows()] == [True, True, False]
    assert not any("other@demo.example" in line for line in server.spoken)


def test_a_line_break_in_a_subject_starts_no_header(by_smtp, server):
    post(subject="机构\nBcc: other@demo.example")
    assert deliver_due(by_smtp) == 1
    assert server.mails[0]["Subject"] == "机构 Bcc: other@demo.example"
    assert server.mails[0]["Bcc"] is None


def test_no_password_is_sent_in_the_clear(by_smtp, server):
    post()
    assert deliver_due(replace(by_smtp, smtp_url=by_smtp.smtp_url.replace("//", "//user:hunter2@"))) == 0
    assert not any("AUTH" in line or "hunter2" in line for line in server.spoken)
    assert "encrypted" in rows()[0].last_error
    assert "hunter2" not in rows()[0].last_error


def test_encryption_is_used_where_the_server_offers_it(by_smtp, server):
    server.offers = [b"STARTTLS"]
    post()
    assert deliver_due(by_smtp) == 0
    assert "STARTTLS" in server.spoken
    assert server.mails == [], "the server offered what it cannot do: the mail waits, it does not go in the clear"


def test_certificates_of_mail_servers_are_checked(settings, monkeypatch):
    given = []

    def refuse(host, port, **options):
        given.append((host, port, options["context"].check_hostname, options["context"].verify_mode.name))
        raise OSError

    monkeypatch.setattr(smtplib, "SMTP_SSL", refuse)
    post()
    deliver_due(replace(settings, smtp_url="smtps://mail.example:465"))
    assert given == [("mail.example", 465, True, "CERT_REQUIRED")]


def test_the_database_is_not_held_while_a_mail_server_takes_its_time(settings, monkeypatch):
    def send_slowly(settings, mail):
        post(to="meanwhile@demo.example")  # a unit of work of its own: begins only if none is open

    monkeypatch.setattr(outbox, "_send", send_slowly)
    post()
    assert deliver_due(settings) == 1
    assert [row.payload["to"] for row in rows()] == ["someone@demo.example", "meanwhile@demo.example"]


def test_a_worker_killed_between_sending_and_noting_it_sends_again(settings, by_smtp, server, monkeypatch):
    class Killed(BaseException):
        pass

    def send_and_die(settings, mail):
        raise Killed

    with time_machine.travel(START, tick=False) as clock:
        post()
        with monkeypatch.context() as patch, pytest.raises(Killed):
            patch.setattr(outbox, "_send", send_and_die)
            deliver_due(by_smtp)
        assert deliver_due(by_smtp) == 0, "another worker leaves it alone for now"
        clock.shift(timedelta(minutes=3))
        assert deliver_due(by_smtp) == 1
    assert len(server.mails) == 1


def test_many_mails_go_out_in_batches_oldest_first(by_smtp, server, monkeypatch):
    monkeypatch.setattr(outbox, "BATCH", 2)
    with time_machine.travel(START, tick=False) as clock:
        for number in range(3):
            post(to=f"p{number}@demo.example")
            clock.shift(1)
        assert [deliver_due(by_smtp), deliver_due(by_smtp)] == [2, 1]
    assert [mail["To"] for mail in server.mails] == [f"p{number}@demo.example" for number in range(3)]


def test_the_log_names_a_mail_without_its_reader_or_text(settings, caplog):
    post(to="canary@secret.example", body="canary text")
    deliver_due(replace(settings, smtp_url="smtp://127.0.0.1:9"))
    assert str(rows()[0].id) in caplog.text
    assert "canary" not in caplog.text
