"""While it runs: a live view of a stream in a notebook.

The model needs no widgets.  Widgets are loaded when something is shown; without a kernel
nothing is shown, and `show_models` does nothing.
"""

from streamlab.live.display import Showing, in_notebook, show_models
from streamlab.live.model import LiveModel

__all__ = ["LiveModel", "Showing", "in_notebook", "show_models"]
