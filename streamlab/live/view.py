"""The scope as a widget, and the thread that feeds it.

Rule: a capture calls this module only to begin and to end.
"""

# A thread feeds the scope, also where the capture runs on the kernel's event loop.  A cell can
# block that loop, and the view must then still move: in the view a user sees that the loop is
# blocked.

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from streamlab.faces.state import State
from streamlab.live.feed import INTERVAL_NS, Feed
from streamlab.live.model import LiveModel

_HERE = Path(__file__).parent


class Scope(anywidget.AnyWidget):
    """The view in the browser: two traits, and messages.

    Attributes
    ----------
    state : dict
        The latest whole state: a front end that appears late begins with this state.
    stoppable : bool
        Whether there is a Stop button.
    """

    _esm = _HERE / "scope.mjs"
    _css = _HERE / "scope.css"
    state = traitlets.Dict().tag(sync=True)
    stoppable = traitlets.Bool(False).tag(sync=True)


class LiveView:
    """A scope that follows a model until `stop` is called.

    Parameters
    ----------
    on_stop : callable, optional
        Called when Stop is clicked, in the thread in which the click arrives.

    Attributes
    ----------
    failure : Exception or None
        Why the view stopped following, if it did; the capture goes on.
    """

    def __init__(self, model: LiveModel, on_stop: Callable[[], object] | None = None) -> None:
        self.failure: Exception | None = None
        self.on_stop = on_stop
        self.scope = Scope(stoppable=on_stop is not None)
        self.feed = Feed(model, self._keep, self.scope.send)
        self.scope.on_msg(self._hear)
        _let_clicks_through(self.scope.comm)
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to follow, in a thread whose messages belong to the cell that runs now."""
        # A kernel keeps the current cell in a context variable, and a new thread begins with an
        # empty context.  Without the copy, the kernel would attribute our messages to the cell
        # that runs at the time, and a stream can run longer than its cell.
        context = contextvars.copy_context()
        self._thread = threading.Thread(
            target=context.run, args=(self._run,), name="streamlab-live", daemon=True
        )
        self._thread.start()

    def stop(self) -> State:
        """Stop following; send the last state whole, and return it."""
        self._over.set()
        # The wait has a limit: a thread that hangs in a send to the front end must not keep
        # the cell from ending.
        if self._thread not in (None, threading.current_thread()):
            self._thread.join(timeout=2)
        return self.feed.finish()

    def _run(self) -> None:
        try:
            while not self._over.wait(INTERVAL_NS / 1e9):
                self.feed.tick()
        except Exception as exc:  # a view that fails must not disturb the capture
            self.failure = exc

    def _keep(self, state: State) -> None:
        self.scope.state = {**state}

    def _hear(self, _: object, message: object, __: object) -> None:
        """Handle a message of a front end: it needs a whole state, or Stop was clicked."""
        match message:
            case {"do": "resync"}:
                self.feed.resync()
            case {"do": "stop", "clicked_ms": int() | float() as clicked_ms} if self.on_stop:
                self.feed.model.stop_heard(self.feed.model.clock() / 1e6 - clicked_ms)
                self.on_stop()


def _let_clicks_through(comm: Any) -> None:
    """Let a click reach the thread to which the browser sent it, also while a cell runs."""
    # This sets an attribute of a foreign object, because nothing else helps.  JupyterLab sends
    # a click to a subshell, a thread that is free while a cell runs.  ipykernel 7.4 then takes
    # another shell: the one that sent the comm's last message.  Our messages are sent for the
    # cell, so a click would wait until the cell ends.  No option turns that off, and a subclass
    # does not help: ipywidgets makes the comm in a factory that all widgets share.
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = lambda _data, chosen: chosen
