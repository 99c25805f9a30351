"""Many strings as two arrays: a million Python strings would cost each process a hundred megabytes of its own."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from operator import eq
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray


class Names(Sequence[str]):
    """Strings that compare and print like a tuple of them."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(self) == len(other) and all(map(eq, self, other))

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))


class Strings(Names):
    """String i is data[ends[i]:ends[i + 1]]: UTF-8 where `data` holds bytes, code points where it holds uint32."""

    def __init__(self, data: NDArray[Any], ends: NDArray[np.int64]) -> None:
        self.data, self.ends = data, ends

    @classmethod
    def of(cls, strings: Iterable[str]) -> Strings:
        encoded = [string.encode("utf-8", "surrogatepass") for string in strings]
        ends = np.zeros(len(encoded) + 1, dtype=np.int64)
        ends[1:] = np.cumsum([len(piece) for piece in encoded])
        return cls(np.frombuffer(b"".join(encoded), dtype=np.uint8), ends)

    def taken(self, order: NDArray[np.int64]) -> Strings:
        """These strings, in this order."""
        sizes = np.diff(self.ends)[order]
        ends = np.zeros(len(order) + 1, dtype=np.int64)
        ends[1:] = np.cumsum(sizes)
        positions = np.arange(ends[-1]) + np.repeat(self.ends[:-1][order] - ends[:-1], sizes)
        return Strings(self.data[positions], ends)

    def __len__(self) -> int:
        return len(self.ends) - 1

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[str]: ...
    def __getitem__(self, at: int | slice) -> str | Sequence[str]:
        if isinstance(at, slice):
            return [self[i] for i in range(*at.indices(len(self)))]
        at = range(len(self))[at]
        piece = self.data[self.ends[at] : self.ends[at + 1]].tobytes()
        return piece.decode("utf-8" if self.data.dtype == np.uint8 else "utf-32-le", "surrogatepass")

    def before(self, string: str) -> int:
        """How many of the strings, which must ascend, come before this one."""
        return bisect_left(self, string)

    def find(self, string: str) -> int:
        """Position in strings that ascend, -1 where it is not among them."""
        at = self.before(string)
        return at if at < len(self) and self[at] == string else -1
