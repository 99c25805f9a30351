"""The inner loops, compiled: counting the terms of texts, scatter-adding, finding the best. Extra `fast` (numba).

Nothing here is needed for a right answer: `tokens`, `segments` and `rank` hold the same in numpy and scipy, and tests
compare the two. Loops run without the interpreter's lock, so that threads share the work. Sums are of whole numbers
where an order could depend on them: they are the same in whatever order they are added.
"""

from matchmaker.matching.engine.kernels.counting import count, intern, invert, rehash, unread
from matchmaker.matching.engine.kernels.ranking import best, columns_of, every, prepare

__all__ = ["best", "columns_of", "count", "every", "intern", "invert", "prepare", "rehash", "unread"]
