"""What a query adds to each document, and the best of them."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from matchmaker.matching.engine.layout import BLOCK, STEPS

_TILE = 1 << 12  # documents whose common terms are summed at once
_STRIDE = 64  # documents that are passed over together where none can be among the best

jit = njit(nogil=True, cache=True)


@jit
def columns_of(wanted, keys, buckets, shift):
    """Column of each key, -1 where the index has no such term. Keys are hashes: each bucket holds one or two."""
    found = np.empty(len(wanted), np.int32)
    for i in range(len(wanted)):
        bucket = np.int64(wanted[i] >> np.uint64(shift))
        found[i] = -1
        for column in range(buckets[bucket], buckets[bucket + 1]):
            if keys[column] == wanted[i]:
                found[i] = column
                break
    return found


@jit
def prepare(columns, tfs, idf, damp, steps, peak, slots, common):
    """What a query adds for each term and code: see `rank._Wanted`."""
    norm, size, highest, commons, most, least = 0.0, 256, 0.0, 0, 0.0, 0.0
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
    return offsets, sums, lookup, 1 / units, rare_columns, rare_offsets, rows, shares, 1 / (STEPS * finest)


@jit
def _scatter(columns, offsets, sums, starts, docs, codes, base, running):
    for i in range(len(columns)):
        column, offset = columns[i], offsets[i]
        for p in range(base + np.int64(starts[column]), base + np.int64(starts[column + 1])):
            running[docs[p]] += sums[offset + codes[p]]


@jit
def _common_sum(row, cstarts, cslots, ccodes, lookup, sums):
    total = np.int64(0)
    for p in range(cstarts[row], cstarts[row + 1]):
        total += sums[lookup[cslots[p]] + ccodes[p]]
    return total


@jit
def every(
    columns, offsets, sums, lookup, unit, starts, bases, docs, codes, cstarts, cslots, ccodes, scale, running, out
):
    """Score of every row."""
    for block in range(len(bases) - 1):
        first = block * BLOCK
        size = min(BLOCK, len(scale) - first)
        running[:size] = 0
        _scatter(columns, offsets, sums, starts[block], docs, codes, bases[block], running)
        for i in range(size):
            total = running[i] + _common_sum(first + i, cstarts, cslots, ccodes, lookup, sums)
            out[first + i] = min(1.0, total * unit * scale[first + i])


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


@njit(nogil=True, cache=True, fastmath={"nnan", "ninf", "nsz"})
def _limits(running, tile, scale, unit, step, limits):
    """The most that each document can score, and the most of all."""
    highest = np.float32(0.0)
    for i in range(len(tile)):
        limits[i] = (np.float32(running[i]) * unit + np.float32(tile[i]) * step) * scale[i]
    for i in range(len(tile)):
        highest = max(highest, limits[i])
    return highest


@njit(nogil=True, cache=True, fastmath={"nnan", "ninf", "nsz"})
def _highest(limits, start, stop):
    highest = np.float32(0.0)
    for i in range(start, stop):
        highest = max(highest, limits[i])
    return highest


@jit
def _seed(limits, size, highest, k, mask, first, histogram):
    """A limit that at least k documents of the block reach; infinite where fewer reach any."""
    histogram[:] = 0
    steps = np.float32(len(histogram) - 1) / highest
    for i in range(size):
        if len(mask) == 0 or mask[first + i]:
            histogram[np.int64(limits[i] * steps)] += 1
    seen = 0
    for bucket in range(len(histogram) - 1, 0, -1):
        seen += histogram[bucket]
        if seen >= k:
            return np.float32(bucket) / steps
    return np.float32(np.inf)


@jit
def best(columns, offsets, sums, lookup, unit, rows_wanted, shares, step, starts, bases, docs, codes, cstarts, cslots,
         ccodes, dense, common, scale, mask, running, limits, scores, rows, orders):  # fmt: skip
    """The len(scores) best rows of the base into a heap: (its size, documents scored in full).

    Exact: a document is passed over only where the most that it can score (its rare terms, and its common ones rounded
    up) is below the worst of those kept.
    """
    k, size, scored = len(scores), 0, 0
    unit32, step32 = np.float32(unit * 1.000001), np.float32(step * 1.000001)
    histogram, tile = np.empty(2048, np.int32), np.empty(_TILE, np.uint16)
    for block in range(len(bases) - 1):
        first = block * BLOCK
        count = min(BLOCK, len(scale) - first)
        running[:count] = 0
        _scatter(columns, offsets, sums, starts[block], docs, codes, bases[block], running)
        highest = np.float32(0.0)
        for start in range(0, count, _TILE):
            stop = min(count, start + _TILE)
            tile[: stop - start] = 0
            for i in range(len(rows_wanted)):
                at = first * common + np.int64(rows_wanted[i]) * count
                _add_row(tile[: stop - start], dense[at + start : at + stop], shares[i])
            highest = max(
                highest,
                _limits(
                    running[start:stop], tile[: stop - start], scale[first + start : first + stop], unit32, step32,
                    limits[start:stop],
                ),
            )  # fmt: skip
        seed = np.float32(np.inf)
        if size < k and highest > 0:  # nothing to compare with yet: the most promising first
            seed = _seed(limits, count, highest, k, mask, first, histogram)
        for turn in range(2 if seed < np.inf else 1):
            for start in range(0, count, _STRIDE):
                stop = min(count, start + _STRIDE)
                least = np.float32(scores[0]) if size == k else np.float32(0.0)
                if turn == 0 and seed < np.inf:
                    least = max(least, seed)
                if _highest(limits, start, stop) < least:
                    continue
                for i in range(start, stop):
                    row = first + i
                    if limits[i] < least or limits[i] <= 0 or (len(mask) and not mask[row]):
                        continue
                    if turn and limits[i] >= seed:
                        continue
                    total = running[i] + _common_sum(row, cstarts, cslots, ccodes, lookup, sums)
                    scored += 1
                    if total > 0:
                        score = min(1.0, total * unit * scale[row])
                        size = _offer(scores, rows, orders, size, score, row, (row + 1) << 20)
                        if size == k:
                            least = max(least, np.float32(scores[0]))
    return size, scored


@jit
def best_changed(columns, offsets, sums, unit, dstarts, dcolumns, dcodes, dscale, dorders, dmask, base, lookup, scores,
                 rows, orders, size):  # fmt: skip
    """The same for documents of the delta, all scored in full; `lookup` is a scratch of zeros, one for each term."""
    for i in range(len(columns)):
        lookup[columns[i]] = offsets[i]
    for document in range(len(dscale)):
        if len(dmask) and not dmask[document]:
            continue
        total = np.int64(0)
        for p in range(dstarts[document], dstarts[document + 1]):
            total += sums[lookup[dcolumns[p]] + dcodes[p]]
        if total > 0:
            score = min(1.0, total * unit * dscale[document])
            size = _offer(scores, rows, orders, size, score, base + document, dorders[document])
    for i in range(len(columns)):
        lookup[columns[i]] = 0
    return size
