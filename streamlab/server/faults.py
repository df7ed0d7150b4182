"""What goes wrong with streams, to be met on purpose.

Each fault says the same 40 words as ``steady`` and goes wrong on the way, or
does not stream at all.  To add one, write a function and name it in `FAULTS`.
"""

from __future__ import annotations

from streamlab.server.play import Scenario

FAULTS: dict[str, Scenario] = {}
