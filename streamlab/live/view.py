"""The scope as a widget, and the thread that feeds it.

Rule: a capture calls this module only to begin and to end.
"""

# A thread feeds the scope, also where the capture runs on the kernel's event loop.  A cell can
# block that loop, and the view must then still move: in the view a user sees that the loop is
# blocked.

import contextvars
import re
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from streamlab.faces.state import View
from streamlab.live.feed import INTERVAL_NS, Feed
from streamlab.live.model import LiveModel

_HERE = Path(__file__).parent


def module(*names: str) -> str:
    """Return ES modules of this folder as one, the module that is shown last.

    A widget's module is loaded from text, so it cannot import a file.  The files stay modules
    of their own for tests: here their imports of each other, and the word export, are left out.
    """
    parts = [(_HERE / name).read_text("utf-8") for name in names]
    parts[:-1] = [re.sub(r"^export ", "", part, flags=re.M) for part in parts[:-1]]
    return re.sub(r'^import [^;]* from "\./[^;]*;\n', "", "\n".join(parts), flags=re.M)


class Scope(anywidget.AnyWidget):
    """The view in the browser: messages, and the last whole states for one that comes late."""

    _esm = module("held.mjs", "axis.mjs", "marks.mjs", "draw.mjs", "scope.mjs")
    _css = _HERE / "scope.css"
    state = traitlets.Dict().tag(sync=True)
    stoppable = traitlets.Bool(False).tag(sync=True)


class LiveView:
    """A scope that follows models until `stop` is called.

    `on_stop` is called in the thread in which a click on Stop arrives.  `failure` is why the
    view stopped early, if it did; `height_px` is 0 before the browser has drawn the scope.
    """

    def __init__(
        self, models: Sequence[LiveModel], on_stop: Callable[[], object] | None = None
    ) -> None:
        self.failure: Exception | None = None
        self.on_stop = on_stop
        self.height_px = 0
        self._on_release: Callable[[], object] = lambda: None
        self._n_front_ends, self._is_held = 0, False
        self.scope = Scope(stoppable=on_stop is not None)
        self.feed = Feed(models, self._keep, self._tell)
        self.scope.on_msg(self._hear)
        _let_clicks_through(self.scope.comm)
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def when_not_held(self, call: Callable[[], object]) -> None:
        """Call `call` now, or once the person who holds the display lets it go on."""
        if self._is_held:
            self._on_release = call
        else:
            call()

    @property
    def is_restored(self) -> bool:
        """Whether a page that was reloaded shows the scope: no update reaches its output."""
        return self._n_front_ends > 1

    def close(self) -> None:
        """Close the widget, and the layout that ipywidgets made for it."""
        layout = self.scope.layout
        self.scope.close()
        layout.close()

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

    def stop(self) -> View:
        """Stop following; send the last states whole, and return them."""
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

    def _keep(self, view: View) -> None:
        self.scope.state = {**view}

    def _tell(self, view: View) -> None:
        self.scope.send({**view})

    def _hear(self, _: object, message: object, __: object) -> None:
        match message:
            case {"do": "appear"}:
                self._n_front_ends += 1
                self.feed.resync()
            case {"do": "height", "height_px": int(height_px)}:
                self.height_px = min(max(height_px, 0), 4_000)
            case {"do": "resync"}:
                self.feed.resync()
            case {"do": "hold", "on": bool(is_held)}:
                self._is_held = is_held
                if not is_held:
                    self._on_release()
            case {"do": "stop", "clicked_ms": int() | float() as clicked_ms} if self.on_stop:
                first = self.feed.models[0]
                first.stop_heard(first.clock() / 1e6 - clicked_ms)
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
