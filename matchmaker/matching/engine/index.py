"""The index: TF-IDF rows of documents, kept as postings; built, updated, saved and opened without pickle."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer

from matchmaker.core.errors import N_, DomainError
from matchmaker.matching.engine import text
from matchmaker.matching.engine.config import EngineConfig

_FORMAT = 1
_MANIFEST = "manifest.json"
_ARRAYS = ("weights", "documents", "offsets", "idf")
_LISTS = ("ids", "terms")


class IndexDamaged(DomainError):
    """The files are missing, cut short or altered: build again. Facts: directory, reason (for the log)."""

    code = "index_damaged"
    status = 503
    phrase = N_("The matching index in %(directory)s is incomplete or has been altered. Build it again.")


@dataclass(frozen=True)
class Document:
    """A listing or a query as the engine sees it: named texts. `EngineConfig` says what each name weighs."""

    id: str
    fields: Mapping[str, str]


@dataclass(frozen=True, eq=False)
class Index:
    """Immutable. `ids` ascend; row i of `postings` (float32, len(ids) x len(terms), columns compressed) is the
    L2-normalised TF-IDF vector of document ids[i]. `terms` ascend; `idf` has one weight for each.

    `fingerprint` names the *scoring function* (settings, terms, idf), not the documents: equal fingerprints give
    equal scores for equal texts, so results stored under another fingerprint are stale.
    """

    config: EngineConfig
    ids: tuple[str, ...]
    terms: tuple[str, ...]
    idf: NDArray[np.float64]
    postings: sparse.csc_array
    fingerprint: str
    rows: Mapping[str, int] = field(init=False, repr=False)
    _count: CountVectorizer = field(init=False, repr=False)
    _weigh: TfidfTransformer = field(init=False, repr=False)

    def __post_init__(self) -> None:
        count = _counter(self.config)
        count.vocabulary_ = {term: column for column, term in enumerate(self.terms)}
        weigh = TfidfTransformer(sublinear_tf=True)
        weigh.idf_ = self.idf
        object.__setattr__(self, "rows", {document_id: row for row, document_id in enumerate(self.ids)})
        object.__setattr__(self, "_count", count)
        object.__setattr__(self, "_weigh", weigh)

    def vectors(self, documents: Sequence[Document]) -> sparse.csr_array:
        """L2-normalised TF-IDF rows (float64, len(documents) x len(terms)). Terms unknown to the index are passed over,
        a document without a known term gives a row of zeros."""
        if not self.terms:
            return sparse.csr_array((len(documents), 0), dtype=np.float64)
        texts, gather = _field_texts(documents, self.config)
        return _weighed(self._weigh, gather @ sparse.csr_array(self._count.transform(texts)))

    def updated(self, *, documents: Iterable[Document] = (), removed: Collection[str] = ()) -> Index:
        """An index with `documents` added or replaced and `removed` gone (ids it does not hold are passed over).

        Terms and idf stay frozen, so the fingerprint stays and no other score moves; terms never seen before count
        from the next `build` on.
        """
        new = _by_id(documents)
        gone = {*removed, *(document.id for document in new)}
        kept = [row for row, document_id in enumerate(self.ids) if document_id not in gone]
        ids = [self.ids[row] for row in kept] + [document.id for document in new]
        stacked = sparse.vstack(
            [self.postings.tocsr()[kept], self.vectors(new).astype(np.float32)], format="csr", dtype=np.float32
        )
        order = sorted(range(len(ids)), key=ids.__getitem__)
        return replace(self, ids=tuple(ids[i] for i in order), postings=_postings(stacked[order]))


def build(documents: Iterable[Document], config: EngineConfig, *, background: Iterable[Document] = ()) -> Index:
    """Index `documents`. Those in `background` are not indexed, but count for how rare a term is.

    Give the other side of the market as background: the boilerplate of needs is common among needs only, and two
    indexes over the same union (achievements with needs behind, needs with achievements behind) score a pair the same
    from both sides. Ids must be unique within `documents`. The order of either is of no consequence.
    """
    own = _by_id(documents)
    texts, gather = _field_texts([*own, *background], config)
    counter = _counter(config)
    if not any(map(counter.analyzer, texts)):  # scikit-learn refuses an empty vocabulary; an index of nothing is fine
        return _empty(config, (), np.empty(0)).updated(documents=own)
    counts = gather @ sparse.csr_array(counter.fit_transform(texts))
    weigh = TfidfTransformer(sublinear_tf=True).fit(counts)
    empty = _empty(config, tuple(counter.get_feature_names_out().tolist()), weigh.idf_)
    rows = _postings(_weighed(weigh, counts[: len(own)]))
    return replace(empty, ids=tuple(document.id for document in own), postings=rows)


def save(index: Index, directory: Path) -> None:
    """Write the index into `directory` (made if missing), replacing the one there in one step.

    The manifest names its files and is swapped in last, after all of them are on disk: whoever opens the directory
    meanwhile, or after a crash, finds the old index or the new one. Processes that have the old one open keep it.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with _exclusive(directory):
        generation = uuid.uuid4().hex
        files = {}
        arrays = (index.postings.data, index.postings.indices, index.postings.indptr, index.idf)
        for name, array in zip(_ARRAYS, arrays, strict=True):
            files[name] = directory / f"{name}-{generation}.npy"
            with _synced(files[name]) as stream:
                np.save(stream, array, allow_pickle=False)
        for name, strings in zip(_LISTS, (index.ids, index.terms), strict=True):
            files[name] = directory / f"{name}-{generation}.json"
            with _synced(files[name]) as stream:
                stream.write(json.dumps(strings).encode())
        manifest = {
            "format": _FORMAT,
            "config": index.config.as_dict(),
            "fingerprint": index.fingerprint,
            "files": {name: {"path": path.name, "sha256": _sha256(path)} for name, path in files.items()},
        }
        unnamed = directory / f"manifest-{generation}.tmp"
        with _synced(unnamed) as stream:
            stream.write(json.dumps(manifest, indent=1).encode())
        unnamed.replace(directory / _MANIFEST)
        _sync_directory(directory)
        current = {_MANIFEST, *(path.name for path in files.values())}
        for path in directory.iterdir():
            if path.suffix in (".npy", ".json", ".tmp") and path.name not in current:
                path.unlink()


def load(directory: Path) -> Index:
    """Open a saved index; its arrays are memory-mapped read-only and shared with other processes.

    Every file is checked against its SHA-256. Raises IndexDamaged for whatever `save` did not write.
    """
    manifest = _manifest(directory)
    try:
        return _open(directory, manifest)
    except IndexDamaged:
        # A `save` may have replaced the files between the manifest and their opening; then there is a new manifest.
        if (latest := _manifest(directory)) == manifest:
            raise
        return _open(directory, latest)


def _counter(config: EngineConfig) -> CountVectorizer:
    return CountVectorizer(analyzer=partial(text.grams, max_gram=config.max_gram), dtype=np.float64)


def _empty(config: EngineConfig, terms: tuple[str, ...], idf: NDArray[np.float64]) -> Index:
    postings = sparse.csc_array((0, len(terms)), dtype=np.float32)
    return Index(config, (), terms, idf, postings, _fingerprint(config, terms, idf))


def _fingerprint(config: EngineConfig, terms: tuple[str, ...], idf: NDArray[np.float64]) -> str:
    digest = hashlib.sha256(config.fingerprint().encode())
    digest.update(json.dumps(terms).encode())
    digest.update(idf.tobytes())
    return digest.hexdigest()


def _by_id(documents: Iterable[Document]) -> list[Document]:
    found = sorted(documents, key=lambda document: document.id)
    for before, after in pairwise(found):
        if before.id == after.id:
            raise ValueError(f"two documents have the id {after.id!r}")
    return found


def _field_texts(documents: Sequence[Document], config: EngineConfig) -> tuple[list[str], sparse.csr_array]:
    """Texts of all fields that weigh anything, and the matrix (documents x texts) that sums their counts by weight."""
    entries = [
        (row, config.weight(name), document.fields[name])
        for row, document in enumerate(documents)
        for name in sorted(document.fields)
        if config.weight(name) > 0
    ]
    rows = np.array([row for row, _, _ in entries], dtype=np.int32)
    weights = np.array([weight for _, weight, _ in entries], dtype=np.float64)
    gather = sparse.csr_array((weights, (rows, np.arange(len(entries)))), shape=(len(documents), len(entries)))
    return [content for _, _, content in entries], gather


def _weighed(weigh: TfidfTransformer, counts: sparse.csr_array) -> sparse.csr_array:
    return sparse.csr_array(weigh.transform(counts)) if counts.shape[0] else counts  # scikit-learn refuses no rows


def _postings(rows: sparse.csr_array) -> sparse.csc_array:
    """Columns compressed: a query reads only the columns of its own terms."""
    postings = sparse.csc_array(rows, dtype=np.float32)
    postings.sort_indices()
    return postings


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


def _manifest(directory: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((directory / _MANIFEST).read_bytes())
    except FileNotFoundError:
        raise IndexDamaged(directory=str(directory), reason=f"{_MANIFEST} is missing") from None
    except ValueError:
        raise IndexDamaged(directory=str(directory), reason=f"{_MANIFEST} is not JSON") from None
    if not isinstance(manifest, dict) or manifest.get("format") != _FORMAT:
        raise IndexDamaged(directory=str(directory), reason=f"{_MANIFEST} is of another format")
    return manifest


def _open(directory: Path, manifest: dict[str, Any]) -> Index:
    def checked(name: str) -> Path:
        entry = manifest["files"][name]
        path: Path = directory / entry["path"]
        if _sha256(path) != entry["sha256"]:
            raise IndexDamaged(directory=str(directory), reason=f"{path.name} has been altered")
        return path

    try:
        arrays = [np.load(checked(name), mmap_mode="r", allow_pickle=False) for name in _ARRAYS]
        ids, terms = (tuple(json.loads(checked(name).read_bytes())) for name in _LISTS)
        *postings, idf = (np.asarray(array) for array in arrays)
        config = EngineConfig(**manifest["config"])
        if manifest["fingerprint"] != _fingerprint(config, terms, idf):
            raise IndexDamaged(directory=str(directory), reason="settings or engine have changed since it was built")
        matrix = sparse.csc_array(tuple(postings), shape=(len(ids), len(terms)))
        return Index(config, ids, terms, idf, matrix, manifest["fingerprint"])
    except FileNotFoundError as error:
        raise IndexDamaged(directory=str(directory), reason=f"{Path(error.filename).name} is missing") from None
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise IndexDamaged(directory=str(directory), reason=str(error)) from error
