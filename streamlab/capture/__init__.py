"""One stream on tape: our own requests, and those of a tapped client."""
