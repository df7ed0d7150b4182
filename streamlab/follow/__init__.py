"""From bytes to meaning, live and afterwards: where the tape meets the decoders.

- `follower`: `Follower`, the reads of a log as lines, events and deltas
- `problem`: the problem of a stream, in one sentence
- `message`: the message in an error that a server sent
- `text`: untrusted text made harmless, a sparkline, a number of things
"""

from streamlab.follow.follower import Follower, Log

__all__ = ["Follower", "Log"]
