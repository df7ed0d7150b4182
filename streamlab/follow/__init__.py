"""From bytes to meaning, live and afterwards: where the tape meets the decoders.

- `follower`: `Follower`, the reads of a log as lines, events and deltas
- `problem`: what went wrong with a stream, in one sentence
"""

from streamlab.follow.follower import Follower, Log, News

__all__ = ["Follower", "Log", "News"]
