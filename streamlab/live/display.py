"""To show a stream while it runs, and to leave something behind when it has ended.

The widget's mime bundle is published raw, under a display id of its own; at the end
the same output becomes static HTML with a text face.  That way works on old and
new kernels alike, and from any thread.  Where there is no kernel, nothing happens:
no display, no thread, no error.
"""

from __future__ import annotations

import contextvars
import sys
import threading
import uuid
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from streamlab.live.model import LiveLog, LiveModel

if TYPE_CHECKING:
    from streamlab.live.view import LiveView

WIDGET = "application/vnd.jupyter.widget-view+json"


class Showing:
    """A stream on show.  Outside a notebook it does nothing, and says nothing.

    Attributes
    ----------
    view : LiveView or None
        None where there is no kernel, and once the view is frozen or closed.
    """

    def __init__(
        self, model: LiveModel | None = None, on_stop: Callable[[], object] | None = None
    ) -> None:
        self.view: LiveView | None = None
        self._display_id = f"streamlab-{uuid.uuid4().hex}"
        self._frozen: dict[str, str] | None = None
        self._frozen_in: threading.Thread | None = None
        self._lock = threading.Lock()
        if model is not None:
            with _never_raising():
                self._open(model, on_stop)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.freeze()

    def freeze(self) -> None:
        """Take a last look and turn the output into static HTML.  Again does no harm.

        A capture in the background freezes from its own thread, and no cell may run
        just then; called again from a cell, it says the same again, once.
        """
        with self._lock, _never_raising():
            if self._frozen is None and self.view is not None:
                self._frozen = self._close(self.view)
                self._frozen_in = threading.current_thread()
            elif self._frozen is not None and _in_a_cell() and not self._said_in_a_cell:
                self._frozen_in = threading.current_thread()
                self._publish(self._frozen, update=True)

    def close(self) -> None:
        """Take the view away and leave nothing behind."""
        with self._lock, _never_raising():
            if self.view is not None:
                self._close(self.view, {"text/plain": ""})

    @property
    def _said_in_a_cell(self) -> bool:
        return self._frozen_in is threading.main_thread()

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
        state = view.stop()
        state["overview"] = view.feed.model.overview()
        if view.failure is not None:
            state["view_failed"] = f"{type(view.failure).__name__}: {view.failure}"
        if bundle is None:
            bundle = {"text/html": static_html(state), "text/plain": static_text(state)}
        self._publish(bundle, update=True)
        view.scope.close()
        return bundle

    def _publish(self, bundle: dict[str, Any], update: bool = False) -> None:
        """Publish as the cell that runs now, from whatever thread.

        Front ends find the output by its display id; but what executes notebooks
        without one listens to the running cell only.
        """
        here = contextvars.copy_context() if _in_a_cell() else contextvars.Context()
        here.run(
            _shell().display_pub.publish,
            data=bundle,
            metadata={},
            transient={"display_id": self._display_id},
            update=update,
        )


def in_notebook() -> bool:
    """Say whether this code runs in a Jupyter kernel, which has somewhere to show things."""
    return getattr(_shell(), "kernel", None) is not None


def show(
    what: LiveModel | LiveLog,
    on_stop: Callable[[], object] | None = None,
    *,
    dialect: str = "auto",
    label: str = "",
) -> Showing:
    """Show a stream in the running cell and return at once.

    Parameters
    ----------
    what : LiveModel, Recorder or Tape
        It is pulled from a thread, up to 18 times a second; it is never told anything.
    on_stop : callable, optional
        Makes a Stop button; called from any thread when it is clicked.
    dialect, label : str
        For a log; a model has its own.

    Returns
    -------
    Showing
        With ``freeze()`` for the end of the stream, and ``close()``; as a context manager
        it freezes at the end of its block, in whatever thread that is.
    """
    if not in_notebook():
        return Showing()
    model = what if isinstance(what, LiveModel) else LiveModel(what, dialect, label=label)
    return Showing(model, on_stop)


showing = show
"""The same, for ``with showing(log): …``: the end of the block freezes the view."""


def _shell() -> Any:
    """Return IPython's shell, if there is one; without importing IPython."""
    module = sys.modules.get("IPython")
    return module.get_ipython() if module is not None else None


def _in_a_cell() -> bool:
    return threading.current_thread() is threading.main_thread()


@contextmanager
def _never_raising() -> Iterator[None]:
    """Turn an error of the view into a warning: the capture beside it goes on."""
    try:
        yield
    except Exception as exc:
        said = f"the live view stopped: {exc!r}; the recording goes on"
        warnings.warn(said, RuntimeWarning, stacklevel=4)
