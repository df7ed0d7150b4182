"""One stream on tape: a request of our own, or one of a tapped client."""
