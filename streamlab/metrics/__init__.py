"""How much, and when: tables of one tape, and the numbers that follow from them.

Everything here is a view of a tape; nothing has a clock of its own.

- `schema`: the columns of the four tables, the one place
- `tables`: `Tables`, all that one tape adds up to; `views` and `lines` make the tables
- `latency`, `gaps`, `tokens`: one small function a metric; `summary` has them all
- `compare`: recordings side by side
"""

from streamlab.metrics.compare import compare
from streamlab.metrics.summary import METRICS, summary
from streamlab.metrics.tables import Tables

__all__ = ["METRICS", "Tables", "compare", "summary"]
