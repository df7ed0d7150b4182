"""While it runs: a live view of a stream in a notebook.

The model needs no widget, the widget is loaded when something is shown, and
where there is no kernel nothing is: `show` and `showing` then do nothing.
"""

from streamlab.live.display import Showing, in_notebook, show, showing
from streamlab.live.model import LiveModel

__all__ = ["LiveModel", "Showing", "in_notebook", "show", "showing"]
