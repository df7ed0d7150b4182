"""One stream on tape: requests of our own, and those of a client that somebody taps."""
