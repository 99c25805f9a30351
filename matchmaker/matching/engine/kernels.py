"""The inner loops, compiled: tokenising, counting, scatter-adding, finding the best. Extra `fast` (numba).

Nothing here is needed for a right answer: `tokens`, `segments` and `rank` hold the same in numpy and scipy, and tests
compare the two. Loops run without the interpreter's lock, so that threads share the work. Sums are of whole numbers
where an order could depend on them: they are the same in whatever order they are added.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from matchmaker.matching.engine.layout import (
    BLOCK,
    CODE,
    DECIMAL,
    FINISH,
    FUNCTION,
    HAN,
    JOINER,
    MANY,
    SEED,
    STEP,
    STEPS,
    WORD,
)

_S, _P, _F = np.uint64(SEED), np.uint64(STEP), np.uint64(FINISH)
_29, _32 = np.uint64(29), np.uint64(32)
_SPACE = np.uint32(32)

_TILE = 1 << 12  # documents whose common terms are summed at once
_STRIDE = 64  # documents that are passed over together where none can be among the best

jit = njit(nogil=True, cache=True)


# --- tokens ---------------------------------------------------------------------------------------------------------


@jit
def _extend(state, character):
    state = (state ^ np.uint64(character)) * _P
    return state ^ (state >> _29)


@jit
def _finish(state):
    state = (state ^ (state >> _32)) * _F
    return state ^ (state >> _32)


@jit
def _fold(codes, start, stop, pages, table, many, folded):
    """Write the folded characters with their classes; returns how many."""
    size = 0
    for i in range(start, stop):
        entry = table[pages[codes[i] >> 8], codes[i] & 255]
        if entry & MANY:
            entry &= MANY - 1
            at = entry >> 5
            for j in range(at, at + (entry & 31)):
                folded[size] = many[j]
                size += 1
        else:
            folded[size] = entry
            size += 1
    return size


@jit
def _flush(chars, begins, ends, units, max_gram, keys, spans, found):
    """Keys of every 1 to max_gram neighbouring units, each a hash of its characters and of the joiners between."""
    for first in range(units):
        state, position = _S, begins[first]
        for last in range(first, min(units, first + max_gram)):
            while position < ends[last]:
                state = _extend(state, chars[position])
                position += 1
            keys[found] = _finish(state)
            spans[found, 0], spans[found, 1] = begins[first], ends[last]
            found += 1
    return found


@jit
def _says_nothing(folded, start, stop, function_words, longest):
    if stop - start <= 2:
        decimal = True
        for i in range(start, stop):
            decimal = decimal and (folded[i] & DECIMAL) != 0
        if decimal:
            return True
    if stop - start > longest:
        return False
    state = _S
    for i in range(start, stop):
        state = _extend(state, folded[i] & CODE)
    key = _finish(state)
    at = np.searchsorted(function_words, key)
    return at < len(function_words) and function_words[at] == key


@jit
def _stem(chars, begin, end):
    """End of the singular of the word chars[begin:end], as `text._stem`; may change its last character."""
    size = end - begin
    if size <= 3:
        return end
    for i in range(begin, end):
        c = chars[i] | np.uint32(32)
        if not (97 <= c <= 122 and chars[i] < 128):
            return end
    a, b, c = chars[end - 3], chars[end - 2], chars[end - 1]
    if c != 115:  # s
        return end
    before = chars[end - 4]
    if a == 105 and b == 101 and before != 97 and before != 101:  # ies, not aies or eies
        chars[end - 3] = 121  # y
        return end - 2
    if b == 101:  # es
        if (
            (a == 115 and before == 115) or a == 120 or (a == 104 and (before == 99 or before == 115))
        ):  # sses xes ches shes
            return end - 2
        if a != 97 and a != 101 and a != 111:
            return end - 1
    if b != 105 and b != 117 and b != 115:
        return end - 1
    return end


@jit
def _text_grams(folded, size, max_gram, function_words, longest, chars, begins, ends, keys, spans, used, found):
    """Keys of the grams of one folded text from `found` on; their characters stand in `chars` from `used` on."""
    i = 0
    while i < size:
        kind = folded[i]
        if kind & HAN:
            if kind & FUNCTION:
                i += 1
                continue
            units = 0
            while i < size and folded[i] & HAN and not folded[i] & FUNCTION:
                chars[used] = folded[i] & CODE
                begins[units], ends[units] = used, used + 1
                units, used, i = units + 1, used + 1, i + 1
            found = _flush(chars, begins, ends, units, max_gram, keys, spans, found)
        elif kind & WORD:
            units = 0
            while True:
                stop = i
                while stop < size and folded[stop] & WORD:
                    stop += 1
                if _says_nothing(folded, i, stop, function_words, longest):
                    found = _flush(chars, begins, ends, units, max_gram, keys, spans, found)
                    units = 0
                else:
                    if units:
                        chars[used] = _SPACE
                        used += 1
                    begin = used
                    for j in range(i, stop):
                        chars[used] = folded[j] & CODE
                        used += 1
                    used = _stem(chars, begin, used)
                    begins[units], ends[units] = begin, used
                    units += 1
                i = stop
                if stop + 1 < size and folded[stop] & JOINER and folded[stop + 1] & WORD:
                    i += 1
                else:
                    break
            found = _flush(chars, begins, ends, units, max_gram, keys, spans, found)
        else:
            i += 1
    return used, found


@jit
def _code(tf, grid, whole):
    """Code of a weighted term frequency: that of the nearest value of the grid."""
    number = np.int64(tf)
    if number == tf and number < len(whole) and whole[number] >= 0:
        return np.uint8(whole[number])
    at = np.searchsorted(grid, tf)
    if at == len(grid):
        return np.uint8(len(grid) - 1)
    if at > 0 and tf - grid[at - 1] <= grid[at] - tf:
        at -= 1
    return np.uint8(at)


@jit
def count(codes, texts, weights, documents, pages, table, many, growth, max_gram, function_words, longest, grid, whole):
    """Distinct terms of each document: (starts, keys ascending within a document, codes)."""
    most = 0
    for document in range(len(documents) - 1):
        size = texts[documents[document + 1]] - texts[documents[document]]
        most = max(most, size)
    widest = most * growth + 1
    folded, chars = np.empty(widest, np.uint32), np.empty(2 * widest, np.uint32)
    begins, ends = np.empty(widest, np.int64), np.empty(widest, np.int64)
    grams = np.empty(widest * max_gram, np.uint64)
    values = np.empty(widest * max_gram, np.float64)
    spans = np.empty((widest * max_gram, 2), np.int64)
    starts = np.zeros(len(documents), np.int64)
    capacity = 1024
    keys, tfs = np.empty(capacity, np.uint64), np.empty(capacity, np.uint8)
    total = 0
    for document in range(len(documents) - 1):
        found = 0
        for t in range(documents[document], documents[document + 1]):
            size = _fold(codes, texts[t], texts[t + 1], pages, table, many, folded)
            before = found
            _, found = _text_grams(
                folded, size, max_gram, function_words, longest, chars, begins, ends, grams, spans, 0, found
            )
            values[before:found] = weights[t]
        if total + found > capacity:
            capacity = 2 * (total + found)
            more_keys, more_tfs = np.empty(capacity, np.uint64), np.empty(capacity, np.uint8)
            more_keys[:total], more_tfs[:total] = keys[:total], tfs[:total]
            keys, tfs = more_keys, more_tfs
        order = np.argsort(grams[:found], kind="mergesort")
        at = 0
        while at < found:
            key, tf = grams[order[at]], 0.0
            while at < found and grams[order[at]] == key:
                tf += values[order[at]]
                at += 1
            keys[total], tfs[total] = key, _code(tf, grid, whole)
            total += 1
        starts[document + 1] = total
    return starts, keys[:total], tfs[:total]


@jit
def intern(
    codes, texts, weights, documents, pages, table, many, growth, max_gram, function_words, longest, grid, whole,
    slots, keys, counts, last, term_ends, term_chars, terms, keep, starts, rows, tfs, written,
):  # fmt: skip
    """Count documents against a vocabulary that grows: (documents done, terms, entries written).

    Stops where a document might not fit into what the arrays still hold; the caller enlarges them and calls again.
    `last` is where a term was last written: at or after the start of a document, the document has it already.
    """
    most = 0
    for document in range(len(documents) - 1):
        most = max(most, texts[documents[document + 1]] - texts[documents[document]])
    widest = most * growth + 1
    folded, chars = np.empty(widest, np.uint32), np.empty(2 * widest, np.uint32)
    begins, ends = np.empty(widest, np.int64), np.empty(widest, np.int64)
    grams = np.empty(widest * max_gram, np.uint64)
    spans = np.empty((widest * max_gram, 2), np.int64)
    homes = np.empty(widest * max_gram, np.int64)
    values = np.empty(widest * max_gram, np.float64)
    mask = np.uint64(len(slots) - 1)
    for document in range(len(documents) - 1):
        first, last_text = documents[document], documents[document + 1]
        size = (texts[last_text] - texts[first]) * growth + 1
        if (
            terms + size * max_gram > len(keys)
            or 2 * (terms + size * max_gram) > len(slots)
            or term_ends[terms] + size * max_gram * (max_gram + 1) > len(term_chars)
            or written + size * max_gram > len(rows)
        ):
            return document, terms, written
        begin = written
        for t in range(first, last_text):
            length = _fold(codes, texts[t], texts[t + 1], pages, table, many, folded)
            _, found = _text_grams(
                folded, length, max_gram, function_words, longest, chars, begins, ends, grams, spans, 0, 0
            )
            for i in range(found):  # apart from the next loop, so that cache misses overlap
                home = grams[i] & mask
                while slots[home] >= 0 and keys[slots[home]] != grams[i]:
                    home = (home + np.uint64(1)) & mask
                homes[i] = home
            for i in range(found):
                home = np.uint64(homes[i])
                while slots[home] >= 0 and keys[slots[home]] != grams[i]:
                    home = (home + np.uint64(1)) & mask
                term = slots[home]
                if term < 0:
                    term = terms
                    slots[home], keys[term], counts[term], last[term] = term, grams[i], 0, -1
                    end = term_ends[term]
                    for j in range(spans[i, 0], spans[i, 1]):
                        term_chars[end] = chars[j]
                        end += 1
                    term_ends[term + 1] = end
                    terms += 1
                if last[term] >= begin:
                    values[last[term] - begin] += weights[t]
                else:
                    last[term], rows[written], values[written - begin] = written, term, weights[t]
                    counts[term] += 1
                    written += 1
        for i in range(begin, written):
            tfs[i] = _code(values[i - begin], grid, whole)
        if not keep:  # the background counts, but is not indexed: what it wrote is written over
            for i in range(begin, written):
                last[rows[i]] = -1
            written = begin
        else:
            starts[document + 1] = written
    return len(documents) - 1, terms, written


@jit
def rehash(slots, keys, terms):
    mask = np.uint64(len(slots) - 1)
    slots[:] = -1
    for term in range(terms):
        home = keys[term] & mask
        while slots[home] >= 0:
            home = (home + np.uint64(1)) & mask
        slots[home] = term


# --- segments -------------------------------------------------------------------------------------------------------


@jit
def invert(order, starts, rows, tfs, columns, slots, idf, damp, steps, first_common, offsets, docs, codes, cstarts,
           cslots, ccodes, dense, scale, peak):  # fmt: skip
    """One block: the rare terms of documents `order` by term (offsets, docs, codes), the common ones by document."""
    for i in range(len(order)):
        for p in range(starts[order[i]], starts[order[i] + 1]):
            column = columns[rows[p]]
            if slots[column] < 0:
                offsets[column + 1] += 1
    for column in range(len(offsets) - 1):
        offsets[column + 1] += offsets[column]
    common = first_common
    for i in range(len(order)):
        total = 0.0
        for p in range(starts[order[i]], starts[order[i] + 1]):
            column, code = columns[rows[p]], tfs[p]
            weight = damp[code] * idf[column]
            total += weight * weight
            peak[column] = max(peak[column], code)
            if slots[column] < 0:
                at = offsets[column]
                docs[at], codes[at] = i, code
                offsets[column] += 1
            else:
                cslots[common], ccodes[common] = slots[column], code
                dense[slots[column], i] = steps[code]
                common += 1
        scale[i] = 1 / np.sqrt(total) if total else 0.0
        cstarts[i + 1] = common
    for column in range(len(offsets) - 1, 0, -1):
        offsets[column] = offsets[column - 1]
    offsets[0] = 0
    return common


# --- queries --------------------------------------------------------------------------------------------------------


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
