"""Our own files: addresses that change with the content, long kept, compressed where asked for."""

import gzip
import re
from pathlib import Path

import pytest

from matchmaker.core.web.assets import asset

STATIC = Path("matchmaker/static")


def read(client, path, **headers):
    """Body and headers, with the file behind them closed."""
    with client.get(path, headers=headers) as answer:
        return answer.get_data(), answer.headers


@pytest.fixture
def address(app):
    with app.test_request_context():
        return asset("app.css")


def test_an_address_names_the_content_and_is_kept_for_a_year(client, address):
    assert "immutable" in read(client, address)[1]["Cache-Control"]


def test_an_address_of_other_content_is_not_kept(client):
    assert "immutable" not in read(client, "/static/app.css?v=000000000000")[1].get("Cache-Control", "")


def test_styles_are_compressed_for_those_who_can_read_it(client, address):
    body, headers = read(client, address, **{"Accept-Encoding": "gzip"})
    assert headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(body) == (STATIC / "app.css").read_bytes()
    plain, headers = read(client, address)
    assert "Content-Encoding" not in headers
    assert plain == gzip.decompress(body)


def test_pages_are_never_compressed(client):
    """They hold a token beside what readers typed."""
    assert "Content-Encoding" not in read(client, "/", **{"Accept-Encoding": "gzip"})[1]


def test_a_missing_file_is_not_found(client):
    assert client.get("/static/nothing.css").status_code == 404


def test_dark_by_choice_and_dark_by_system_are_the_same_colours():
    text = (STATIC / "app.css").read_text("utf-8")
    blocks = re.findall(r"color-scheme: dark;(.*?)\n\s*\}", text, re.S)
    assert len(blocks) == 2
    assert next(part.split() for part in blocks) == blocks[1].split()


def test_everything_vendored_carries_its_licence():
    for directory in (STATIC / "vendor").iterdir():
        assert any(directory.glob("LICENSE*")), directory
