"""How much, and when: the tables of one tape, and the numbers computed from them.

Everything here is a view of a tape; no module here reads a clock.

- `schema`: the columns of the four tables, in one place
- `tables`: `Tables`, all tables of one tape; `views` and `lines` make them
- `arrivals`: when rows arrived, and the gaps between their arrivals
- `latency`, `intervals`, `tokens`: one small function for each metric; `summary` has them all
- `compare`: recordings side by side
"""

from streamlab.metrics.compare import compare
from streamlab.metrics.summary import METRICS, summary
from streamlab.metrics.tables import Tables

__all__ = ["METRICS", "Tables", "compare", "summary"]
