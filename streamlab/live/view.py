"""The scope as a widget, and the thread that feeds it.

The thread is used everywhere, also where the capture runs on the kernel's event
loop: a loop that somebody blocks must not stop the view that would show it.

Rule: nothing in here is called by a capture, except to begin and to end.
"""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from streamlab.live.feed import INTERVAL_NS, Feed
from streamlab.live.model import LiveModel

_HERE = Path(__file__).parent


class Scope(anywidget.AnyWidget):
    """The view in the browser: two traits, and messages.

    Attributes
    ----------
    state : dict
        The latest whole state; what a front end that appears late begins with.
    stoppable : bool
        Whether there is a Stop button.
    """

    _esm = _HERE / "scope.mjs"
    _css = _HERE / "scope.css"
    state = traitlets.Dict().tag(sync=True)
    stoppable = traitlets.Bool(False).tag(sync=True)


class LiveView:
    """A scope that follows a model until it is told to stop.

    Parameters
    ----------
    model : LiveModel
    on_stop : callable, optional
        Called when Stop is clicked, from whatever thread the click arrives in.

    Attributes
    ----------
    scope : Scope
    feed : Feed
    failure : Exception or None
        Why the view stopped following, if it did; the capture never hears of it.
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
        """Begin to follow, in a thread that speaks for the cell that runs now."""
        context = contextvars.copy_context()  # a kernel keeps the current cell in there
        run = (self._run,)
        self._thread = threading.Thread(
            target=context.run, args=run, name="streamlab-live", daemon=True
        )
        self._thread.start()

    def stop(self) -> dict[str, Any]:
        """Follow no more; send the last state whole, and return it."""
        self._over.set()
        if self._thread not in (None, threading.current_thread()):
            self._thread.join(timeout=2)
        return self.feed.finish()

    def _run(self) -> None:
        try:
            while not self._over.wait(INTERVAL_NS / 1e9):
                self.feed.tick()
        except Exception as exc:  # a broken view must not be heard of in the capture
            self.failure = exc

    def _keep(self, state: dict[str, Any]) -> None:
        self.scope.state = state

    def _hear(self, _: object, message: Any, __: object) -> None:
        """Answer a front end: it wants the whole state, or Stop was clicked."""
        match message:
            case {"do": "resync"}:
                self.feed.resync()
            case {"do": "stop", "clicked_ms": int() | float() as clicked_ms} if self.on_stop:
                self.feed.model.stop_heard(self.feed.model.clock() / 1e6 - clicked_ms)
                self.on_stop()


def _let_clicks_through(comm: Any) -> None:
    """Let a click arrive where the browser sent it: in a thread that is free while a cell runs.

    JupyterLab sends it to a subshell of its own.  ipykernel 7.4 would hand it to the shell
    that spoke on this comm last: ours speaks for the cell, and that shell is busy.
    """
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = lambda _data, chosen: chosen
