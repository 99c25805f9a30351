"""An index on disk: a versioned directory of plain arrays and a manifest, written atomically, opened by mapping.

No pickle. The manifest names each file with its size and SHA-256 and is put in place last; what it does not name is
of no consequence.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from matchmaker.core.errors import N_, DomainError
from matchmaker.matching.engine.config import EngineConfig
from matchmaker.matching.engine.index import Index, fingerprint_of
from matchmaker.matching.engine.segments import Base, Vocabulary

_FORMAT = 3
_MANIFEST = "manifest.json"
Found = TypeVar("Found")

_VOCABULARY, _BASE = Vocabulary._fields, Base._fields


class IndexDamaged(DomainError):
    """The files are missing, cut short or altered: build again. Facts: directory, reason (for the log)."""

    code = "index_damaged"
    status = 503
    phrase = N_("The matching index in %(directory)s is incomplete or has been altered. Build it again.")


def save(index: Index, directory: Path) -> None:
    """Write the index into `directory` (made if missing), replacing the one there in one step. Changes are merged.

    The manifest names its files and is swapped in last, after all of them are on disk: whoever opens the directory
    meanwhile, or after a crash, finds the old index or the new one. Processes that have the old one open keep it.
    """
    index = index.merged()
    directory.mkdir(parents=True, exist_ok=True)
    with _exclusive(directory):
        generation = uuid.uuid4().hex
        files = {}
        for part, names in ((index.vocabulary, _VOCABULARY), (index.base, _BASE)):
            for name in names:
                path = directory / f"{name}-{generation}.npy"
                with _synced(path) as stream:
                    np.save(stream, getattr(part, name), allow_pickle=False)
                files[name] = {"path": path.name, "bytes": path.stat().st_size, "sha256": _sha256(path)}
        manifest = {
            "format": _FORMAT,
            "config": index.config.as_dict(),
            "engine": index.config.fingerprint(),
            "fingerprint": index.fingerprint,
            "corpus": corpus_hash(index),
            "documents": len(index.ids),
            "terms": len(index.terms),
            "postings": len(index.base.docs) + len(index.base.cslots),
            "files": files,
        }
        unnamed = directory / f"manifest-{generation}.tmp"
        with _synced(unnamed) as stream:
            stream.write(json.dumps(manifest, indent=1).encode())
        unnamed.replace(directory / _MANIFEST)
        _sync_directory(directory)
        current = {_MANIFEST, *(entry["path"] for entry in files.values())}
        for path in directory.iterdir():
            if path.suffix in (".npy", ".tmp") and path.name not in current:
                path.unlink()


def corpus_hash(index: Index) -> str:
    """SHA-256 of the ids and of what was counted of each document."""
    digest = hashlib.sha256()
    for name in ("id_data", "id_ends", "starts", "docs", "codes", "dense", "scale"):
        digest.update(np.ascontiguousarray(getattr(index.base, name)).data)
    return digest.hexdigest()


def load(directory: Path) -> Index:
    """Open a saved index; its arrays are memory-mapped read-only and shared with other processes.

    Costs the same whatever the size of the index: every file must be there, of its size and kind, and of these settings
    and this engine; what it contains is not read (`check` does). Raises IndexDamaged.
    """
    return _latest(directory, _open)


def check(directory: Path) -> None:
    """Raises IndexDamaged for whatever `save` did not write.

    Every file is read once through and checked against its SHA-256, past the map, so that a process which never uses
    a page does not hold it.
    """
    _latest(directory, _check)


def _latest(directory: Path, work: Callable[[Path, dict[str, Any]], Found]) -> Found:
    manifest = read_manifest(directory)
    try:
        return work(directory, manifest)
    except IndexDamaged:
        # A `save` may have replaced the files between the manifest and their opening; then there is a new manifest.
        if (latest := read_manifest(directory)) == manifest:
            raise
        return work(directory, latest)


def read_manifest(directory: Path) -> dict[str, Any]:
    """What `save` noted. Raises IndexDamaged."""
    try:
        manifest = json.loads((directory / _MANIFEST).read_bytes())
    except FileNotFoundError:
        raise IndexDamaged(directory=str(directory), reason=f"{_MANIFEST} is missing") from None
    except (OSError, ValueError):
        raise IndexDamaged(directory=str(directory), reason=f"{_MANIFEST} is not JSON") from None
    if not isinstance(manifest, dict) or manifest.get("format") != _FORMAT:
        raise IndexDamaged(directory=str(directory), reason=f"{_MANIFEST} is of another format")
    return manifest


def _open(directory: Path, manifest: dict[str, Any]) -> Index:
    def mapped(name: str) -> NDArray[Any]:
        entry = manifest["files"][name]
        path = directory / entry["path"]
        if path.stat().st_size != entry["bytes"]:
            raise IndexDamaged(directory=str(directory), reason=f"{path.name} has been altered")
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))

    with _told(directory):
        vocabulary = Vocabulary(**{name: mapped(name) for name in _VOCABULARY})
        base = Base(**{name: mapped(name) for name in _BASE})
        config = EngineConfig(**manifest["config"])
        if manifest["engine"] != config.fingerprint():
            raise IndexDamaged(directory=str(directory), reason="settings or engine have changed since it was built")
        return Index(config, vocabulary, base, manifest["fingerprint"])


def _check(directory: Path, manifest: dict[str, Any]) -> None:
    with _told(directory):
        for entry in manifest["files"].values():
            path = directory / entry["path"]
            if path.stat().st_size != entry["bytes"] or _sha256(path) != entry["sha256"]:
                raise IndexDamaged(directory=str(directory), reason=f"{path.name} has been altered")
    index = _open(directory, manifest)
    if index.fingerprint != fingerprint_of(index.config, index.vocabulary):
        raise IndexDamaged(directory=str(directory), reason=f"{_MANIFEST} is of other terms")


@contextmanager
def _told(directory: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise IndexDamaged(directory=str(directory), reason=f"{Path(error.filename).name} is missing") from None
    except (KeyError, TypeError, ValueError, AttributeError, OSError) as error:
        raise IndexDamaged(directory=str(directory), reason=str(error)) from error


@contextmanager
def _exclusive(directory: Path) -> Iterator[None]:
    """One writer at a time: each tidies away what its own manifest does not name."""
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _synced(path: Path) -> Iterator[Any]:
    with path.open("xb") as stream:
        yield stream
        stream.flush()
        os.fsync(stream.fileno())


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
