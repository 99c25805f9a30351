"""Saved indexes on disk: versioned directories, opened once for each process, one writer at a time.

Which directories are in use is said by the database (`models.MatchIndex`), not here: a directory that no row
names yet, or no longer, is of no consequence.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from matchmaker.matching import engine
from matchmaker.matching.engine import Index, IndexDamaged, files, load, save

_LOCK = "index.lock"

_KERNELS = Path(engine.__file__).parent / "kernels"

# Size and time of each file: a directory that was touched since it was opened is opened, and so checked, again.
_Signature = tuple[tuple[str, int, int], ...]


def open_index(root: Path, name: str, *, check: bool = False) -> Index:
    """The saved index `name`, its arrays memory-mapped. Raises IndexDamaged where it is missing or was altered.

    With `check` every file is read through, once for each process: seconds for a million documents, which a request
    does not have. Whoever can build the index again checks; without, a file that is gone or cut short is seen alone.
    """
    _keep_compiled(root)
    directory = root / name
    try:
        entries = [(entry.name, entry.stat()) for entry in os.scandir(directory)]
    except OSError as error:
        raise IndexDamaged(directory=str(directory), reason=error.strerror or "unreadable") from error
    signature = tuple(sorted((file, stat.st_size, stat.st_mtime_ns) for file, stat in entries))
    if check:
        _checked(directory, signature)
    return _open(directory, signature)


def _keep_compiled(root: Path) -> None:
    """Compiled kernels are kept beside their source; where that cannot be written, beside the index."""
    if not os.access(_KERNELS, os.W_OK):
        os.environ.setdefault("NUMBA_CACHE_DIR", str(root.parent / "kernels"))


@lru_cache(maxsize=4)  # both sides, and those they replace while other threads still read them
def _open(directory: Path, signature: _Signature) -> Index:
    return load(directory)


@lru_cache(maxsize=4)
def _checked(directory: Path, signature: _Signature) -> None:
    files.check(directory)


def save_index(root: Path, index: Index) -> str:
    """Write the index into a new directory, whole and synced, and return its name."""
    name = f"index-{uuid.uuid4().hex}"
    save(index, root / name)
    return name


def remove_others(root: Path, keep: Collection[str]) -> None:
    """Remove saved indexes that are not in `keep`: replaced ones, and what a killed writer left behind."""
    for directory in root.glob("index-*"):
        if directory.name not in keep:
            shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def writing(root: Path) -> Iterator[bool]:
    """Whether this process is the one that may write; the lock goes with the process, however it ends."""
    root.mkdir(parents=True, exist_ok=True)
    _keep_compiled(root)
    with (root / _LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
