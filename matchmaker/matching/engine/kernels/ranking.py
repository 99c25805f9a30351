"""What a query adds to each document, and the best of them."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from matchmaker.matching.engine.kernels.counting import distinct
from matchmaker.matching.engine.layout import BLOCK, STEPS, STRIDE, Wanted

_TILE = 1 << 13  # documents whose common terms are summed at once

jit = njit(nogil=True, cache=True)


@jit
def columns_of(wanted, terms, shift):
    """Column of each key, -1 where the index has no such term. Keys are hashes: each bucket holds one or two."""
    found = np.empty(len(wanted), np.int32)
    for i in range(len(wanted)):  # apart from the next loop, so that cache misses overlap
        found[i] = terms.buckets[np.int64(wanted[i] >> np.uint64(shift))]
    for i in range(len(wanted)):
        bucket = np.int64(wanted[i] >> np.uint64(shift))
        column = found[i]
        found[i] = -1
        for at in range(column, terms.buckets[bucket + 1]):
            if terms.keys[at] == wanted[i]:
                found[i] = at
                break
    return found


@jit
def _counted(texts, query, folds, rules, terms, shift):
    """(columns ascending, codes) of a query."""
    found, keys, codes = distinct(texts, query, folds, rules)
    columns = columns_of(keys[:found], terms, shift)
    known = 0
    both = np.empty(found, np.int64)
    for i in range(found):
        if columns[i] >= 0:
            both[known] = np.int64(columns[i]) << 8 | codes[i]
            known += 1
    both = both[:known]
    both.sort()
    return (both >> 8).astype(np.int32), (both & 255).astype(np.uint8)


@jit
def prepare(columns, tfs, rules, idf, peak, slots, common):
    """What a query adds for each term and code (`layout.Wanted`)."""
    norm, size, highest, commons, most, least = 0.0, 256, 0.0, 0, 0.0, 0.0
    damp, steps = rules.damp, rules.steps
    for i in range(len(columns)):  # in the order of the columns, as `rank` sums them with numpy
        weight = damp[tfs[i]] * idf[columns[i]]
        norm += weight * weight
    norm = np.sqrt(norm)
    factors, offsets = np.empty(len(columns)), np.empty(len(columns), np.int32)
    for i in range(len(columns)):
        column = columns[i]
        factors[i] = damp[tfs[i]] * idf[column] / norm * idf[column]
        highest += factors[i] * damp[-1]
        offsets[i] = size
        size += np.int64(peak[column]) + 1
        if slots[column] >= 0:
            commons += 1
            most += factors[i] * steps[peak[column]]
            least += steps[peak[column]]
    units = math.ldexp(1.0, 30 - math.frexp(highest)[1])
    sums, lookup = np.zeros(size, np.int32), np.zeros(common, np.int32)
    rare_columns, rare_offsets = np.empty(len(columns) - commons, np.int32), np.empty(len(columns) - commons, np.int32)
    rows, shares = np.empty(commons, np.int32), np.empty(commons, np.uint16)
    # Shares are rounded up and so are the steps: their sum of products in 16 bits is never below what it stands for.
    finest = max(1.0, 65_535.0 - least) / most if commons else 1.0
    rare, seen = 0, 0
    for i in range(len(columns)):
        column = columns[i]
        for code in range(np.int64(peak[column]) + 1):
            sums[offsets[i] + code] = max(1, np.int64(np.rint(factors[i] * damp[code] * units)))
        if slots[column] >= 0:
            lookup[slots[column]] = offsets[i]
            rows[seen], shares[seen] = slots[column], np.uint16(np.ceil(factors[i] * finest))
            seen += 1
        else:
            rare_columns[rare], rare_offsets[rare] = column, offsets[i]
            rare += 1
    return Wanted(
        columns, offsets, sums, lookup, 1 / units, rare_columns, rare_offsets, rows, shares, 1 / (STEPS * finest)
    )


@jit
def _scatter(wanted, base, block, running):
    """Add what the rare terms give to the documents of a block; returns how many postings these have."""
    starts, first = base.starts[block], base.bases[block]
    begins = np.empty(len(wanted.rare_columns), np.int64)
    ends = np.empty(len(wanted.rare_columns), np.int64)
    for i in range(len(begins)):  # apart from the next loop, so that cache misses overlap
        column = wanted.rare_columns[i]
        begins[i], ends[i] = first + np.int64(starts[column]), first + np.int64(starts[column + 1])
    walked = np.int64(0)
    for i in range(len(begins)):
        offset = wanted.rare_offsets[i]
        walked += ends[i] - begins[i]
        for p in range(begins[i], ends[i]):
            running[base.docs[p]] += wanted.sums[offset + base.codes[p]]
    return walked


@jit
def _common_sum(row, wanted, base):
    total = np.int64(0)
    for p in range(base.cstarts[row], base.cstarts[row + 1]):
        total += wanted.sums[wanted.lookup[base.cslots[p]] + base.ccodes[p]]
    return total


@jit
def _score(row, rare, wanted, base):
    """In full: 0 where a document has no term of the query."""
    total = rare + _common_sum(row, wanted, base)
    return min(1.0, total * wanted.unit * base.scale[row])


@jit
def every(wanted, base, running, out):
    """Score of every row."""
    for block in range(len(base.bases) - 1):
        first = block * BLOCK
        size = min(BLOCK, len(base.scale) - first)
        running[:size] = 0
        _scatter(wanted, base, block, running)
        for i in range(size):
            out[first + i] = _score(first + i, running[i], wanted, base)


@jit
def _worse(scores, orders, a, b):
    return scores[a] < scores[b] or (scores[a] == scores[b] and orders[a] > orders[b])


@jit
def _swap(scores, rows, orders, a, b):
    scores[a], scores[b] = scores[b], scores[a]
    rows[a], rows[b] = rows[b], rows[a]
    orders[a], orders[b] = orders[b], orders[a]


@jit
def _sift(scores, rows, orders, at, size):
    while True:
        least, left = at, 2 * at + 1
        if left < size and _worse(scores, orders, left, least):
            least = left
        if left + 1 < size and _worse(scores, orders, left + 1, least):
            least = left + 1
        if least == at:
            return
        _swap(scores, rows, orders, at, least)
        at = least


@jit
def _offer(scores, rows, orders, size, score, row, order):
    """Keep the best in a heap whose root is the worst; equal scores by order. Returns its size."""
    if size < len(scores):
        scores[size], rows[size], orders[size] = score, row, order
        at = size
        while at and _worse(scores, orders, at, (at - 1) // 2):
            _swap(scores, rows, orders, at, (at - 1) // 2)
            at = (at - 1) // 2
        return size + 1
    if score > scores[0] or (score == scores[0] and order < orders[0]):
        scores[0], rows[0], orders[0] = score, row, order
        _sift(scores, rows, orders, 0, size)
    return size


@jit
def _add_row(tile, row, share):
    for i in range(len(tile)):
        tile[i] = np.uint16(tile[i] + np.uint16(np.uint16(row[i]) * share))


@jit
def _add_four(tile, a, b, c, d, of_a, of_b, of_c, of_d):
    """Four rows for one reading and writing of the tile."""
    for i in range(len(tile)):
        first = np.uint16(np.uint16(np.uint16(a[i]) * of_a) + np.uint16(np.uint16(b[i]) * of_b))
        second = np.uint16(np.uint16(np.uint16(c[i]) * of_c) + np.uint16(np.uint16(d[i]) * of_d))
        tile[i] = np.uint16(tile[i] + np.uint16(first + second))


@jit
def _add_rows(tile, wanted, dense, begin, count):
    """Add the common terms to the documents of a tile, whose part of row r begins at begin + r * count."""
    rows, shares, size = wanted.rows, wanted.shares, len(tile)
    fours = len(rows) - len(rows) % 4
    for i in range(0, fours, 4):
        a, b = begin + np.int64(rows[i]) * count, begin + np.int64(rows[i + 1]) * count
        c, d = begin + np.int64(rows[i + 2]) * count, begin + np.int64(rows[i + 3]) * count
        _add_four(
            tile, dense[a : a + size], dense[b : b + size], dense[c : c + size], dense[d : d + size],
            shares[i], shares[i + 1], shares[i + 2], shares[i + 3],
        )  # fmt: skip
    for i in range(fours, len(rows)):
        at = begin + np.int64(rows[i]) * count
        _add_row(tile, dense[at : at + size], shares[i])


@njit(nogil=True, cache=True, fastmath={"nnan", "ninf", "nsz"})
def _limits(running, tile, scale, unit, step, limits):
    """The most that each document can score."""
    for i in range(len(tile)):
        limits[i] = (np.float32(running[i]) * unit + np.float32(tile[i]) * step) * scale[i]


@njit(nogil=True, cache=True, fastmath={"nnan", "ninf", "nsz"})
def _highest(limits, highest):
    """The highest limit of each stride."""
    whole = len(limits) // STRIDE
    for stride in range(whole):
        most = np.float32(0.0)
        for i in range(STRIDE):
            most = max(most, limits[stride * STRIDE + i])
        highest[stride] = most
    if whole < len(highest):
        highest[whole] = limits[whole * STRIDE :].max()


@jit
def _seed(limits, k, histogram):
    """A limit that at least k of these reach, little below the k-th highest; infinite where fewer reach any."""
    histogram[:] = 0
    highest = limits.max()
    if highest <= 0:
        return np.float32(np.inf)
    steps = np.float32(len(histogram) - 1) / highest
    for i in range(len(limits)):
        histogram[np.int64(limits[i] * steps)] += 1
    seen = 0
    for bucket in range(len(histogram) - 1, 0, -1):
        seen += histogram[bucket]
        if seen >= k:
            return np.float32(bucket) / steps
    return np.float32(np.inf)


@jit
def _bounded(wanted, base, common, block, mask, scratch, tile):
    """The rare terms' sums of the documents of a block, and the most that each can score: 0 for one that is masked.
    Returns how many documents, and how many postings were walked."""
    first = block * BLOCK
    count = min(BLOCK, len(base.scale) - first)
    unit, step = np.float32(wanted.unit * 1.000001), np.float32(wanted.step * 1.000001)
    running, limits = scratch.running[:count], scratch.limits[:count]
    running[:] = 0
    walked = _scatter(wanted, base, block, running)
    for start in range(0, count, _TILE):
        stop = min(count, start + _TILE)
        part = tile[: stop - start]
        part[:] = 0
        _add_rows(part, wanted, base.dense, first * common + start, count)
        _limits(running[start:stop], part, base.scale[first + start : first + stop], unit, step, limits[start:stop])
    if len(mask):
        for i in range(count):
            if not mask[first + i]:
                limits[i] = 0
    _highest(limits, scratch.highest[: -(-count // STRIDE)])
    return count, walked


@jit
def _likeliest(seed, count, wanted, base, first, scratch, scores, rows, orders):
    """Offer the documents of a block whose limit reaches `seed`: (size of the heap, how many)."""
    found = 0
    for stride in range(-(-count // STRIDE)):
        if scratch.highest[stride] >= seed:
            for i in range(stride * STRIDE, min(count, (stride + 1) * STRIDE)):
                if scratch.limits[i] >= seed and found < len(scratch.likeliest):
                    scratch.likeliest[found] = i
                    found += 1
    touched = np.int64(0)
    for at in range(found):  # apart from the next loop, so that cache misses overlap
        begin = base.cstarts[first + scratch.likeliest[at]]
        if begin < len(base.cslots):
            touched += base.cslots[begin] + base.ccodes[begin]
    scratch.histogram[0] = touched  # else the compiler would leave the loop out
    # As `_score`, without the call: it counts the references of every array, which takes a third of the time.
    starts, slots, codes, lookup, sums = base.cstarts, base.cslots, base.ccodes, wanted.lookup, wanted.sums
    size = 0
    for at in range(found):
        i = scratch.likeliest[at]
        row, total = first + i, np.int64(scratch.running[i])
        for p in range(starts[row], starts[row + 1]):
            total += sums[lookup[slots[p]] + codes[p]]
        scratch.limits[i] = 0  # done with
        if total > 0:
            score = min(1.0, total * wanted.unit * base.scale[row])
            size = _offer(scores, rows, orders, size, score, row, (row + 1) << 20)
    return size, found


@jit
def _best(wanted, base, common, mask, scratch, scores, rows, orders):
    """The len(scores) best rows of the base into a heap: (its size, documents scored in full, postings walked).

    Exact: a document is passed over only where the most that it can score (its rare terms, and its common ones rounded
    up) is below the worst of those kept.
    """
    k, size, scored, walked = len(scores), 0, 0, 0
    tile = np.empty(_TILE, np.uint16)
    running, limits, highest = scratch.running, scratch.limits, scratch.highest
    for block in range(len(base.bases) - 1):
        first = block * BLOCK
        count, postings = _bounded(wanted, base, common, block, mask, scratch, tile)
        walked += postings
        strides = -(-count // STRIDE)
        if size == 0:  # nothing to compare with yet: the most promising first
            seed = _seed(highest[:strides] if strides >= 4 * k else limits[:count], k, scratch.histogram)
            if seed < np.inf:
                size, scored = _likeliest(seed, count, wanted, base, first, scratch, scores, rows, orders)
        for stride in range(strides):
            least = np.float32(scores[0]) if size == k else np.float32(0.0)
            if highest[stride] < least:
                continue
            for i in range(stride * STRIDE, min(count, (stride + 1) * STRIDE)):
                if limits[i] < least or limits[i] <= 0:
                    continue
                row = first + i
                score = _score(row, running[i], wanted, base)
                scored += 1
                if score > 0:
                    size = _offer(scores, rows, orders, size, score, row, (row + 1) << 20)
                    if size == k:
                        least = np.float32(scores[0])
    return size, scored, walked


@jit
def _best_changed(wanted, base, delta, mask, lookup, scores, rows, orders, size):
    """The same for documents of the delta, all scored in full."""
    for i in range(len(wanted.columns)):
        lookup[wanted.columns[i]] = wanted.offsets[i]
    for document in range(len(delta.scale)):
        if len(mask) and not mask[document]:
            continue
        total = np.int64(0)
        for p in range(delta.starts[document], delta.starts[document + 1]):
            total += wanted.sums[lookup[delta.columns[p]] + delta.codes[p]]
        if total > 0:
            score = min(1.0, total * wanted.unit * delta.scale[document])
            size = _offer(scores, rows, orders, size, score, len(base.scale) + document, delta.orders[document])
    for i in range(len(wanted.columns)):
        lookup[wanted.columns[i]] = 0
    return size


@jit
def best(
    texts, folds, rules, terms, shift, peak, base, common, delta, mask, delta_mask, scratch,
    queries, scores, rows, sizes, efforts,
):  # fmt: skip
    """The best of each of these queries (a range of `texts`), best first: scores[q, :sizes[q]] and rows likewise.

    `efforts` has of each query the postings walked, the dense rows added and the documents scored in full.
    """
    orders = np.empty(scores.shape[1], np.int64)
    for query in range(queries[0], queries[1]):
        columns, codes = _counted(texts, query, folds, rules, terms, shift)
        sizes[query] = 0
        if len(columns) == 0:
            continue
        wanted = prepare(columns, codes, rules, terms.idf, peak, base.slots, common)
        found, at = scores[query], rows[query]
        size, scored, walked = _best(wanted, base, common, mask, scratch, found, at, orders)
        if len(delta.scale):
            size = _best_changed(wanted, base, delta, delta_mask, scratch.lookup, found, at, orders, size)
        for last in range(size - 1, 0, -1):  # the worst of the heap to its end, until it is in order
            _swap(found, at, orders, 0, last)
            _sift(found, at, orders, 0, last)
        sizes[query] = size
        efforts[query, 0], efforts[query, 1], efforts[query, 2] = walked, len(wanted.rows), scored
