"""Learned things on disk: plain arrays and JSON, in directories that take their name when complete. No pickle."""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse


@contextmanager
def whole(directory: Path) -> Iterator[Path]:
    """A directory to write into, which becomes `directory` at the end, or vanishes. `directory` must not exist yet."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    unfinished = directory.with_name(f".{directory.name}.{uuid.uuid4().hex}.tmp")
    unfinished.mkdir()
    try:
        yield unfinished
        for path in unfinished.iterdir():
            _sync(path)
        _sync(unfinished)
        unfinished.rename(directory)
        _sync(directory.parent)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def write(directory: Path, name: str, array: NDArray[Any]) -> None:
    np.save(directory / f"{name}.npy", np.ascontiguousarray(array), allow_pickle=False)


def read(directory: Path, name: str) -> NDArray[Any]:
    """Memory-mapped, read-only."""
    array: NDArray[Any] = np.load(directory / f"{name}.npy", mmap_mode="r", allow_pickle=False)
    return array


def write_sparse(directory: Path, name: str, rows: sparse.csr_array) -> None:
    for part in ("data", "indices", "indptr"):
        write(directory, f"{name}-{part}", getattr(rows, part))
    write(directory, f"{name}-shape", np.array(rows.shape))


def read_sparse(directory: Path, name: str) -> sparse.csr_array:
    parts = ("data", "indices", "indptr", "shape")
    data, indices, indptr, shape = (read(directory, f"{name}-{part}") for part in parts)
    return sparse.csr_array((data, indices, indptr), shape=tuple(shape.tolist()))


def write_json(directory: Path, name: str, value: Any) -> None:
    (directory / f"{name}.json").write_text(json.dumps(value, ensure_ascii=False, sort_keys=True), encoding="utf-8")


def read_json(directory: Path, name: str) -> Any:
    return json.loads((directory / f"{name}.json").read_text(encoding="utf-8"))


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
