"""The real thing under test: `matchmaker serve` in its own process, with worker and demo data, on a free port."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

START_SECONDS = 300


@contextmanager
def serving(*, semantic: bool = False) -> Iterator[str]:
    """Address of a freshly started demo platform, without the larger model of meaning, which reads for minutes."""
    directory = Path(tempfile.mkdtemp(prefix="matchmaker-browser-"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("MATCHMAKER_", "DATABASE_"))},
        "MATCHMAKER_DEMO": "1",
        "MATCHMAKER_DATA_DIR": str(directory),
        "MATCHMAKER_BASE_URL": f"http://127.0.0.1:{port}",
        "MATCHMAKER_SEMANTIC": "1" if semantic else "0",
    }
    log = (directory / "server.log").open("wb")
    command = [sys.executable, "-m", "matchmaker", "serve", "--bind", f"127.0.0.1:{port}"]
    server = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        _await(f"http://127.0.0.1:{port}/", server, directory / "server.log")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(40)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        log.close()
        shutil.rmtree(directory, ignore_errors=True)


def _await(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(START_SECONDS * 4):
        if server.poll() is not None:
            raise RuntimeError(f"the server ended with {server.returncode}:\n{log.read_text(errors='replace')[-4000:]}")
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.25)
    raise RuntimeError(f"the server did not answer:\n{log.read_text(errors='replace')[-4000:]}")
