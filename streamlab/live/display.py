"""Shows a stream while it runs, and replaces the view by static HTML when it has ended.

The widget's mime bundle is published raw, under a display id of its own.  At the end, the
same output becomes static HTML with a text face.  This works on old and new kernels, and from
any thread.  Without a kernel nothing happens: no display, no thread, no error.
"""

from __future__ import annotations

import contextvars
import sys
import threading
import uuid
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from streamlab.dialects import EventReader
from streamlab.follow import Log
from streamlab.follow.text import duration, one_line
from streamlab.live.model import LiveModel

if TYPE_CHECKING:
    from streamlab.live.view import LiveView

WIDGET = "application/vnd.jupyter.widget-view+json"


class Showing:
    """A stream that is shown.  Outside a notebook it does nothing, silently.

    Attributes
    ----------
    view : LiveView or None
        None without a kernel, and once the view is frozen or closed.
    """

    def __init__(
        self, model: LiveModel | None = None, on_stop: Callable[[], object] | None = None
    ) -> None:
        self.view: LiveView | None = None
        self._display_id = f"streamlab-{uuid.uuid4().hex}"
        self._frozen: dict[str, str] | None = None
        self._said_in_a_cell = False
        self._lock = threading.Lock()
        if model is not None:
            with _never_raising():
                self._open(model, on_stop)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.freeze()

    def freeze(self) -> None:
        """Pull a last time and turn the output into static HTML.  A second call is harmless."""
        # A capture in the background freezes from its own thread, and at that time no cell may
        # run.  A tool that executes notebooks then misses the update, because it collects only
        # what is published while it runs a cell.  So the first later call from a cell publishes
        # the same bundle once more.
        with self._lock, _never_raising():
            if self._frozen is None and self.view is not None:
                self._frozen = self._close(self.view)
                self._said_in_a_cell = _in_a_cell()
            elif self._frozen is not None and _in_a_cell() and not self._said_in_a_cell:
                self._said_in_a_cell = True
                self._publish(self._frozen, update=True)

    def close(self) -> None:
        """Remove the view and its output."""
        with self._lock, _never_raising():
            if self.view is not None:
                self._close(self.view, {"text/plain": ""})

    def _open(self, model: LiveModel, on_stop: Callable[[], object] | None) -> None:
        from streamlab.live.view import LiveView

        view = LiveView(model, on_stop)
        view.feed.tick()
        model_id = {"version_major": 2, "version_minor": 0, "model_id": view.scope.model_id}
        face = f"streamlab scope: {model.label}".rstrip(": ")
        self._publish({WIDGET: model_id, "text/plain": face})
        self.view = view
        view.start()

    def _close(self, view: LiveView, bundle: dict[str, str] | None = None) -> dict[str, str]:
        from streamlab.faces.frozen import static_html, static_text

        self.view = None
        said = _said(view.stop()["stop_waited_ms"], view.failure)
        if bundle is None:
            tables = view.feed.model.tables()
            html = static_html(tables, said=said, kept="sl.last")
            text = static_text(tables, said=said, kept="sl.last")
            bundle = {"text/html": html, "text/plain": text}
        self._publish(bundle, update=True)
        view.scope.close()
        return bundle

    def _publish(self, bundle: Mapping[str, object], update: bool = False) -> None:
        """Publish for the cell that runs now, from any thread."""
        # A front end finds the output by its display id, but a tool that executes notebooks
        # only collects messages of the running cell.  ipykernel looks that cell up in a
        # context variable: our thread holds a copy from the cell that began the stream,
        # which may be over.  In an empty context the kernel falls back on the running cell.
        here = contextvars.copy_context() if _in_a_cell() else contextvars.Context()
        here.run(
            _shell().display_pub.publish,
            data=bundle,
            metadata={},
            transient={"display_id": self._display_id},
            update=update,
        )


def in_notebook() -> bool:
    """Return whether this code runs in a Jupyter kernel, which can show widgets."""
    return getattr(_shell(), "kernel", None) is not None


def show(
    log: Log,
    on_stop: Callable[[], object] | None = None,
    *,
    dialect: str = "auto",
    label: str = "",
    reader: EventReader | None = None,
) -> Showing:
    """Show a stream in the running cell and return at once.

    The result has ``freeze()`` for the end of the stream, and ``close()``.  As a context
    manager it freezes at the end of its block.

    Parameters
    ----------
    log : Recorder or Tape
        A thread reads the log, up to 18 times a second.
    on_stop : callable, optional
        Makes a Stop button; called from any thread when the button is clicked.
    dialect, label : str
        How to read the events, and the name to show.
    reader : callable, optional
        A function that reads the events.
    """
    if not in_notebook():
        return Showing()
    return Showing(LiveModel(log, dialect, label=label, reader=reader), on_stop)


def _said(stop_waited_ms: float | None, failure: Exception | None) -> str:
    """Return what only the view knows: how long a click waited, and why the view failed."""
    parts = []
    if stop_waited_ms is not None:
        parts.append(f"Stop was clicked; the click waited {duration(stop_waited_ms)}.")
    if failure is not None:
        said = one_line(f"{type(failure).__name__}: {failure}", 200)
        parts.append(f"The live view stopped early: {said}.")
    return " ".join(parts)


def _shell() -> Any:
    """Return IPython's shell, if there is one, without importing IPython."""
    module = sys.modules.get("IPython")
    return module.get_ipython() if module is not None else None


def _in_a_cell() -> bool:
    """Return whether this is the main thread: a kernel runs its cells there."""
    return threading.current_thread() is threading.main_thread()


@contextmanager
def _never_raising() -> Iterator[None]:
    """Turn an error of the view into a warning, so that the capture goes on."""
    try:
        yield
    except Exception as exc:
        said = f"the live view stopped: {exc!r}; the recording goes on"
        warnings.warn(said, RuntimeWarning, stacklevel=4)
