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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from streamlab.follow.text import distinct, duration, one_line
from streamlab.live.model import LiveModel

if TYPE_CHECKING:
    from streamlab.live.view import LiveView

WIDGET = "application/vnd.jupyter.widget-view+json"


class Showing:
    """A stream that is shown; `view` is None without a kernel, and once it is frozen."""

    def __init__(
        self, models: Sequence[LiveModel] = (), on_stop: Callable[[], object] | None = None
    ) -> None:
        self.view: LiveView | None = None
        self._display_id = f"streamlab-{uuid.uuid4().hex}"
        self.frozen: dict[str, str] | None = None  # what replaced the view at the end
        self._said_in_a_cell = False
        self._lock = threading.Lock()
        self._cell = execution()[0]
        if models:
            with _never_raising():
                self._open(models, on_stop)

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
            if self.frozen is None and self.view is not None:
                self.frozen = self._close(self.view)
                self._said_in_a_cell = _in_a_cell()
            elif self.frozen is not None and _in_a_cell() and not self._said_in_a_cell:
                self._said_in_a_cell = True
                self._publish(self.frozen, update=True)

    def close(self) -> None:
        """Remove the view and its output."""
        with self._lock, _never_raising():
            if self.view is not None:
                self._close(self.view, {"text/plain": ""})

    def _open(self, models: Sequence[LiveModel], on_stop: Callable[[], object] | None) -> None:
        from streamlab.live.view import LiveView

        close_left_open(self._cell)
        view = LiveView(models, on_stop)
        view.feed.tick()
        model_id = {"version_major": 2, "version_minor": 0, "model_id": view.scope.model_id}
        face = f"streamlab scope: {models[0].label}".rstrip(": ")
        self._publish({WIDGET: model_id, "text/plain": face})
        self.view = view
        view.start()

    def _close(self, view: LiveView, bundle: dict[str, str] | None = None) -> dict[str, str]:
        self.view = None
        said = _said(view.stop()["streams"][0]["stop_waited_ms"], view.failure)
        bundle = bundle or _frozen(view.feed.models, said, view.height_px)
        view.when_not_held(lambda: self._replace(view, bundle))
        return bundle

    def _replace(self, view: LiveView, bundle: dict[str, str]) -> None:
        self._publish(bundle, update=True)
        # After a reload, the page no longer knows the display id, and the output stays a
        # widget.  A closed widget would vanish from it.  So the scope stays open, with its last
        # state, until its cell runs again.
        if view.is_restored:
            _left_open.setdefault(self._cell, []).append(view)
        else:
            view.close()

    def _publish(self, bundle: Mapping[str, object], update: bool = False) -> None:
        # A front end finds the output by its display id, but a tool that executes notebooks
        # only collects messages of the running cell.  ipykernel looks that cell up in a
        # context variable: our thread holds a copy from the cell that began the stream,
        # which may be over.  In an empty context the kernel falls back on the running cell.
        here = contextvars.copy_context() if _in_a_cell() else contextvars.Context()
        publish, ids = _shell().display_pub.publish, {"display_id": self._display_id}
        here.run(publish, data=bundle, metadata={}, transient=ids, update=update)


def in_notebook() -> bool:
    """Return whether this code runs in a Jupyter kernel, which can show widgets."""
    return getattr(_shell(), "kernel", None) is not None


def show_models(
    models: Sequence[LiveModel], on_stop: Callable[[], object] | None = None
) -> Showing:
    """Show streams in the running cell, on one axis of time, and return at once.

    As a context manager the result freezes at the end of its block.  `on_stop` makes a Stop
    button, and is called from any thread when the button is clicked.
    """
    if not in_notebook():
        _tell_marimo()
        return Showing()
    return Showing(models, on_stop)


def execution() -> tuple[str, str]:
    """Return the cell that runs now, and which of its executions; empty if not known."""
    parent: Any = getattr(_shell(), "get_parent", dict)()
    header, metadata = parent.get("header") or {}, parent.get("metadata") or {}
    return str(metadata.get("cellId") or ""), str(header.get("msg_id") or "")


def close_left_open(cell: str | None = None) -> None:
    """Close the scopes that reloaded pages of a cell still show; by default of all cells."""
    for name in [*_left_open] if cell is None else [cell]:
        for view in _left_open.pop(name, []):
            view.close()


_left_open: dict[str, list[LiveView]] = {}


def _frozen(models: Sequence[LiveModel], said: str, height_px: int) -> dict[str, str]:
    """Return the static bundle of streams that have ended, as high as the scope was."""
    from streamlab.faces import frozen, several

    names = distinct(model.name for model in models)  # they are cut to one length
    tables = {name: model.tables() for name, model in zip(names, models, strict=True)}
    if len(tables) > 1:
        html, text = several.static_html(tables, said), several.static_text(tables, said)
    else:
        (only,) = tables.values()
        html = frozen.static_html(only, said=said, kept="sl.last")
        text = frozen.static_text(only, said=said, kept="sl.last")
    style = f"height:{height_px}px;overflow:auto;resize:vertical" if height_px else ""
    return {"text/html": f'<div style="{style}">{html}</div>', "text/plain": text}


def _said(stop_waited_ms: float | None, failure: Exception | None) -> str:
    parts = []
    if stop_waited_ms is not None:
        parts.append(f"Stop was clicked; the click waited {duration(stop_waited_ms)}.")
    if failure is not None:
        said = one_line(f"{type(failure).__name__}: {failure}", 200)
        parts.append(f"The live view stopped early: {said}.")
    return " ".join(parts)


def _tell_marimo() -> None:
    """Say once that a marimo notebook shows no scope, because it has no Jupyter kernel."""
    marimo = sys.modules.get("marimo")
    if getattr(marimo, "running_in_notebook", bool)():
        said = "the live scope needs a Jupyter kernel, and marimo has none. Show the recording"
        warnings.warn(f"{said} in a cell, once its stream has ended.", stacklevel=5)


def _shell() -> Any:
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
