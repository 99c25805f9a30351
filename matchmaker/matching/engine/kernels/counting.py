"""Texts to keys of terms, keys to a vocabulary, documents to postings."""

from __future__ import annotations

import numpy as np
from numba import njit

from matchmaker.matching.engine.layout import CODE, DECIMAL, FINISH, FUNCTION, HAN, JOINER, MANY, SEED, STEP, WORD

_S, _P, _F = np.uint64(SEED), np.uint64(STEP), np.uint64(FINISH)
_29, _32 = np.uint64(29), np.uint64(32)
_SPACE = np.uint32(32)

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
def unread(codes, pages):
    """Whether a page of folds is missing that these code points need."""
    for code in codes:  # noqa: SIM110 - numba compiles no generator here
        if pages[code >> 8] < 0:
            return True
    return False


@jit
def _widest(texts, folds, first, stop):
    """Folded characters of the longest of these documents, and one more."""
    most = 0
    for document in range(first, stop):
        begin, end = texts.begins[texts.documents[document]], texts.begins[texts.documents[document + 1]]
        size = 0
        for i in range(begin, end):
            entry = folds.table[folds.pages[texts.codes[i] >> 8], texts.codes[i] & 255]
            size += np.int64(entry & 31) if entry & MANY else 1
        most = max(most, size)
    return most + 1


@jit
def _fold(texts, text, folds, folded):
    """Write the folded characters of a text with their classes; returns how many."""
    size = 0
    for i in range(texts.begins[text], texts.begins[text + 1]):
        entry = folds.table[folds.pages[texts.codes[i] >> 8], texts.codes[i] & 255]
        if entry & MANY:
            entry &= MANY - 1
            at = entry >> 5
            for j in range(at, at + (entry & 31)):
                folded[size] = folds.many[j]
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
def _text_grams(folded, size, rules, chars, begins, ends, keys, spans, found):
    """Keys of the grams of one folded text from `found` on; their characters stand in `chars`."""
    used = 0
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
            found = _flush(chars, begins, ends, units, rules.max_gram, keys, spans, found)
        elif kind & WORD:
            units = 0
            while True:
                stop = i
                while stop < size and folded[stop] & WORD:
                    stop += 1
                if _says_nothing(folded, i, stop, rules.function_words, rules.longest):
                    found = _flush(chars, begins, ends, units, rules.max_gram, keys, spans, found)
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
            found = _flush(chars, begins, ends, units, rules.max_gram, keys, spans, found)
        else:
            i += 1
    return found


@jit
def _codes(tfs, grid, whole, codes):
    """Codes of weighted term frequencies: each that of the nearest value of the grid. One call for all of a document: a
    call counts the references of the arrays it is handed, which takes longer than looking a code up."""
    for i in range(len(codes)):
        number = np.int64(tfs[i])
        if number == tfs[i] and number < len(whole) and whole[number] >= 0:
            codes[i] = whole[number]
            continue
        at = np.searchsorted(grid, tfs[i])
        if at == len(grid) or (at > 0 and tfs[i] - grid[at - 1] <= grid[at] - tfs[i]):
            at -= 1
        codes[i] = at


@jit
def distinct(texts, document, folds, rules):
    """Distinct terms of a document in the order they are met: (how many, keys, codes)."""
    widest = _widest(texts, folds, document, document + 1)
    folded, chars = np.empty(widest, np.uint32), np.empty(2 * widest, np.uint32)
    begins, ends = np.empty(widest, np.int64), np.empty(widest, np.int64)
    grams, spans = np.empty(widest * rules.max_gram, np.uint64), np.empty((widest * rules.max_gram, 2), np.int64)
    keys, tfs = np.empty(widest * rules.max_gram, np.uint64), np.empty(widest * rules.max_gram, np.float64)
    room = 16
    while room < 2 * len(grams):
        room *= 2
    slots, mask = np.full(room, -1, np.int32), np.uint64(room - 1)
    terms = 0
    for text in range(texts.documents[document], texts.documents[document + 1]):
        size = _fold(texts, text, folds, folded)
        found = _text_grams(folded, size, rules, chars, begins, ends, grams, spans, 0)
        for i in range(found):
            home = grams[i] & mask
            while slots[home] >= 0 and keys[slots[home]] != grams[i]:
                home = (home + np.uint64(1)) & mask
            if slots[home] < 0:
                slots[home], keys[terms], tfs[terms] = terms, grams[i], 0.0
                terms += 1
            tfs[slots[home]] += texts.weights[text]
    codes = np.empty(terms, np.uint8)
    _codes(tfs, rules.grid, rules.whole, codes)
    return terms, keys, codes


@jit
def count(texts, folds, rules):
    """Distinct terms of each document: (starts, keys ascending within a document, codes)."""
    starts = np.zeros(len(texts.documents), np.int64)
    capacity = 1024
    keys, tfs = np.empty(capacity, np.uint64), np.empty(capacity, np.uint8)
    total = 0
    for document in range(len(texts.documents) - 1):
        found, grams, codes = distinct(texts, document, folds, rules)
        if total + found > capacity:
            capacity = 2 * (total + found)
            more_keys, more_tfs = np.empty(capacity, np.uint64), np.empty(capacity, np.uint8)
            more_keys[:total], more_tfs[:total] = keys[:total], tfs[:total]
            keys, tfs = more_keys, more_tfs
        order = np.argsort(grams[:found])
        for at in range(found):
            keys[total + at], tfs[total + at] = grams[order[at]], codes[order[at]]
        total += found
        starts[document + 1] = total
    return starts, keys[:total], tfs[:total]


@jit
def intern(
    texts, folds, rules, slots, keys, counts, last, term_ends, term_chars, terms, keep, starts, rows, tfs, written
):
    """Count documents against a vocabulary that grows: (documents done, terms, entries written, room needed).

    Stops where a document might not fit into what the arrays still hold; the caller enlarges them for the grams that it
    needs and calls again. `last` is where a term was last written: at or after the start of a document, the document
    has it already.
    """
    max_gram, documents = rules.max_gram, texts.documents
    widest = _widest(texts, folds, 0, len(documents) - 1)
    folded, chars = np.empty(widest, np.uint32), np.empty(2 * widest, np.uint32)
    begins, ends = np.empty(widest, np.int64), np.empty(widest, np.int64)
    grams = np.empty(widest * max_gram, np.uint64)
    spans = np.empty((widest * max_gram, 2), np.int64)
    homes = np.empty(widest * max_gram, np.int64)
    values = np.empty(widest * max_gram, np.float64)
    mask = np.uint64(len(slots) - 1)
    for document in range(len(documents) - 1):
        first, last_text = documents[document], documents[document + 1]
        room = _widest(texts, folds, document, document + 1) * max_gram
        if (
            terms + room > len(keys)
            or 2 * (terms + room) > len(slots)
            or term_ends[terms] + room * (max_gram + 1) > len(term_chars)
            or written + room > len(rows)
        ):
            return document, terms, written, room
        begin = written
        for t in range(first, last_text):
            length = _fold(texts, t, folds, folded)
            found = _text_grams(folded, length, rules, chars, begins, ends, grams, spans, 0)
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
                    values[last[term] - begin] += texts.weights[t]
                else:
                    last[term], rows[written], values[written - begin] = written, term, texts.weights[t]
                    counts[term] += 1
                    written += 1
        _codes(values, rules.grid, rules.whole, tfs[begin:written])
        if not keep:  # the background counts, but is not indexed: what it wrote is written over
            for i in range(begin, written):
                last[rows[i]] = -1
            written = begin
        else:
            starts[document + 1] = written
    return len(documents) - 1, terms, written, 0


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
