"""Numbers that the compiled and the plain path agree on."""

# A folded character is its code point in 21 bits and its class above them.
CODE = (1 << 21) - 1
HAN, WORD, FUNCTION, DECIMAL, JOINER = (1 << bit for bit in range(21, 26))
MANY = 1 << 31
"""Marks a character that folds to none or to several: then offset << 5 | length in the table of those."""

SEED, STEP, FINISH = 0x243F6A8885A308D3, 0x9E3779B97F4A7C15, 0xD6E8FEB86659FD93
"""A term is known by a 64-bit hash. Among ten million terms two agree with a chance of 3 in a million."""

BLOCK = 1 << 16
"""Documents whose running sums fit the cache of a core, and whose numbers within the block fit 16 bits."""

CODES = 256
"""Term frequencies are kept in a byte (`tokens.grid`)."""

STEPS = 16
"""The dense rows of common terms hold 1 + ln tf in so many steps for 1, rounded up."""
