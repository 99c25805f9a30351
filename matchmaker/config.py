"""Settings from the environment, read once, validated together.

Every fault is named at once, so that an operator mends the file in one go. This module is also the only
one that knows where `templates/`, `seed_data/` and `migrations/` lie: beside the package in a checkout,
inside it in an installed wheel.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = (PACKAGE.parent / "pyproject.toml").is_file()


def _beside_package(name: str) -> Path:
    return PACKAGE.parent / name if _CHECKOUT else PACKAGE / f"_{name}"


TEMPLATES = _beside_package("templates")
SEED_DATA = _beside_package("seed_data")
MIGRATIONS = _beside_package("migrations")
BENCHMARKS = _beside_package("benchmarks")

_SHORTEST_SECRET = 32
_YES, _NO = {"1", "true", "yes", "on"}, {"", "0", "false", "no", "off"}


class SettingsError(Exception):
    """One or more settings are missing or bad. `faults` holds a sentence for each."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        super().__init__("matchmaker cannot start:\n" + "\n".join(f"  - {fault}" for fault in faults))


@dataclass(frozen=True, slots=True)
class Settings:
    secret_key: str = field(repr=False)
    database_url: str = field(repr=False)
    data_dir: Path
    jobs_url: str = field(repr=False)
    base_url: str
    smtp_url: str | None = field(repr=False)
    mail_from: str
    demo: bool
    https: bool
    upload_limit_bytes: int
    proxies: int = 0
    """How many proxies stand before the server: so many X-Forwarded-* entries are believed, none by default."""
    semantic: bool = True
    """Whether texts are read by the model of the extra `semantic` too, where it is installed. It costs the worker some
    seconds of processor for each hundred texts."""

    @property
    def files_dir(self) -> Path:
        return self.data_dir / "files"

    @property
    def index_dir(self) -> Path:
        return self.data_dir / "index"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Settings of this process. Raises SettingsError with every fault; creates the data directory."""
        reader = _Reader(os.environ if environ is None else environ)
        settings = reader.settings()
        if reader.faults:
            raise SettingsError(reader.faults)
        return settings


class _Reader:
    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.faults: list[str] = []

    def settings(self) -> Settings:
        demo = self.flag("MATCHMAKER_DEMO", default=False)
        data_dir = self.directory("MATCHMAKER_DATA_DIR", Path("var"))
        return Settings(
            secret_key=self.secret("MATCHMAKER_SECRET_KEY", demo, data_dir),
            database_url=self.database("DATABASE_URL", f"sqlite:///{data_dir / 'matchmaker.db'}"),
            data_dir=data_dir,
            jobs_url=self.url(
                "MATCHMAKER_JOBS_URL", f"sqlite:///{data_dir / 'jobs.db'}", ("sqlite", "postgresql", "redis")
            ),
            base_url=self.url("MATCHMAKER_BASE_URL", "http://127.0.0.1:8000", ("http", "https")).rstrip("/"),
            smtp_url=self.url("MATCHMAKER_SMTP_URL", "", ("smtp", "smtps")) or None,
            mail_from=self.mail("MATCHMAKER_MAIL_FROM", "matchmaker@localhost"),
            demo=demo,
            https=self.flag("MATCHMAKER_HTTPS", default=not demo),
            upload_limit_bytes=self.whole("MATCHMAKER_UPLOAD_LIMIT_MB", 20, 1, 1024) * 1024 * 1024,
            proxies=self.whole("MATCHMAKER_PROXIES", 0, 0, 9),
            semantic=self.flag("MATCHMAKER_SEMANTIC", default=True),
        )

    def flag(self, name: str, *, default: bool) -> bool:
        text = self.environ.get(name)
        if text is None:
            return default
        if text.strip().lower() in _YES | _NO:
            return text.strip().lower() in _YES
        self.faults.append(f"{name}={text!r}: write 1 or 0")
        return default

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        text = self.environ.get(name, str(default))
        if text.isascii() and text.isdigit() and len(text) < 10 and low <= int(text) <= high:
            return int(text)
        self.faults.append(f"{name}={text[:40]!r}: write a whole number from {low} to {high}")
        return default

    def directory(self, name: str, default: Path) -> Path:
        path = Path(self.environ.get(name) or default).expanduser().resolve()
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            self.faults.append(f"{name}: cannot use this directory: {error.strerror}")
        else:
            if not os.access(path, os.W_OK):
                self.faults.append(f"{name}: this directory cannot be written")
        return path

    def secret(self, name: str, demo: bool, data_dir: Path) -> str:
        text = self.environ.get(name, "")
        if not text and demo and data_dir.is_dir():
            return _demo_secret(data_dir / "demo-secret")
        if len(text) < _SHORTEST_SECRET or len(set(text)) < 8:
            self.faults.append(
                f"{name}: set at least {_SHORTEST_SECRET} random characters, "
                "for example from: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
            )
        return text

    def database(self, name: str, default: str) -> str:
        url = self.url(name, default, ("sqlite", "postgresql", "postgresql+psycopg", "postgres"))
        scheme, separator, rest = url.partition("://")
        if scheme in ("postgres", "postgresql"):
            return "postgresql+psycopg" + separator + rest
        return url

    def url(self, name: str, default: str, schemes: tuple[str, ...]) -> str:
        """Faults never repeat the address: it may hold a password."""
        url = self.environ.get(name) or default
        parts = _parts(url)
        if not url:
            return url
        if parts is None:
            self.faults.append(f"{name}: is not an address; look at its host and port")
        elif parts.scheme not in schemes or "://" not in url:
            self.faults.append(f"{name}: must begin with {' or '.join(s + '://' for s in schemes)}")
        elif parts.scheme == "sqlite":
            # Relative to where the process stands, whoever reads the address.
            path = url.removeprefix("sqlite:///")
            if path in ("", url, ":memory:"):
                self.faults.append(f"{name}: name a file, sqlite:///path/to/file.db")
            return f"sqlite:///{Path(path).absolute()}"
        elif not parts.hostname and not parts.scheme.startswith("postgres"):  # which may mean a local socket
            self.faults.append(f"{name}: names no host after {parts.scheme}://")
        return url

    def mail(self, name: str, default: str) -> str:
        address = self.environ.get(name) or default
        if "@" not in address or not address.isprintable():
            self.faults.append(f"{name}={address!r}: write the mail address that mails come from")
        return address


def _parts(url: str) -> SplitResult | None:
    """The address taken apart, None where it cannot be: a port that is no number, half a bracket."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _demo_secret(path: Path) -> str:
    """A random key kept with the demo's data: sessions survive a restart, no key is shared between demos."""
    if not path.exists():
        # Written aside and linked in whole: of processes that start together one key wins, and none reads half of it.
        descriptor, written = tempfile.mkstemp(dir=path.parent)  # readable by its owner alone
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48))
        with contextlib.suppress(FileExistsError):
            os.link(written, path)
        os.unlink(written)
    return path.read_text(encoding="ascii").strip()
