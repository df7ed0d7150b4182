"""Streams in the background: a thread each, so that the cell returns at once."""

from __future__ import annotations

import asyncio
import math
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from inspect import signature
from typing import Literal, ParamSpec
from urllib.parse import urlsplit

from streamlab.capture.api import arecorded, recorded
from streamlab.capture.options import RequestOptions, described
from streamlab.capture.request import OwnRequest
from streamlab.endpoints.endpoint import Endpoint, Prompt
from streamlab.errors import UsageError
from streamlab.live import Showing, close_left_open, execution, show_models
from streamlab.recording import Recording
from streamlab.tape import Recorder

STOPPING_S = 5.0  # a stopped stream ends within milliseconds; more is a defect

P = ParamSpec("P")
Mode = Literal["sync", "async"]


class Watch:
    """Streams that run in threads: one, or several on one axis of time.

    Parameters
    ----------
    owns : mapping of str to OwnRequest
        The requests, by the names of their streams.
    modes : sequence of str
        How each is run: ``sync`` in its thread, ``async`` on a loop of its own in its thread.
    shown : Showing
        The view; it freezes when all streams have ended.
    """

    def __init__(
        self, owns: Mapping[str, OwnRequest], modes: Sequence[Mode], shown: Showing
    ) -> None:
        self._owns, self._shown = dict(owns), shown
        self._ended: dict[str, Recording | BaseException] = {}
        self._lock = threading.Lock()
        self._cell, self._execution = execution()
        self._threads = [
            threading.Thread(target=self._work, args=pair, name="streamlab-watch", daemon=True)
            for pair in zip(self._owns, modes, strict=True)
        ]
        _running.append(self)
        for thread in self._threads:
            thread.start()

    @property
    def recorder(self) -> Recorder:
        """The tape as it grows; of several streams the first's."""
        return next(iter(self._owns.values())).session.recorder

    @property
    def done(self) -> bool:
        """Whether all streams have ended."""
        return not any(thread.is_alive() for thread in self._threads)

    @property
    def recordings(self) -> dict[str, Recording]:
        """The recordings by the names of their streams, once all have ended.

        Raises
        ------
        UsageError
            While a stream runs: wait for it, or stop it.
        """
        if all(own.session.enough for own in self._owns.values()):
            # They were stopped, here or in the view, or have just ended.
            self._join(STOPPING_S)
        if not self.done:
            raise UsageError(
                "a recording exists when its stream has ended, and this one runs. "
                "Call .wait() for it, or .stop() to end it."
            )
        for failure in self._ended.values():
            if isinstance(failure, BaseException):
                raise failure
        found = {name: self._ended[name] for name in self._owns}
        return {name: rec for name, rec in found.items() if isinstance(rec, Recording)}

    @property
    def recording(self) -> Recording:
        """The recording; of several streams the first's.  Raises as `recordings` does."""
        return next(iter(self.recordings.values()))

    def wait(self, timeout_s: float | None = None) -> Recording:
        """Wait until all streams have ended, and return the recording, of several the first.

        Raises
        ------
        TimeoutError
            If a stream still runs after `timeout_s`; it goes on.
        """
        self._join(timeout_s)
        if not self.done:
            raise TimeoutError(f"the stream still runs after {timeout_s:g} s; .stop() ends it")
        self._shown.freeze()  # frozen in the background, it is said once more in this cell
        return self.recording

    def stop(self) -> None:
        """End all streams now; what has arrived is kept."""
        for own in self._owns.values():
            own.stop("closed", "Stop was pressed")

    def __repr__(self) -> str:
        if self.done:
            return "\n".join(map(repr, self._ended.values()))
        tapes = [own.session.recorder for own in self._owns.values()]
        label = ", ".join(str(tape.meta.get("label", "")) for tape in tapes)
        n_reads = sum(map(len, tapes))
        return f"<Watch {label!r}: {n_reads} reads so far; .stop() ends it>"

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        """Show the frozen view again: after a reload of its page, for example."""
        frozen = self._shown.frozen if self.done else None
        return dict(frozen or {"text/plain": repr(self)})

    def _join(self, timeout_s: float | None) -> None:
        end_s = None if timeout_s is None else time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(None if end_s is None else max(end_s - time.monotonic(), 0))

    def _work(self, name: str, mode: Mode) -> None:
        own = self._owns[name]
        ended: Recording | BaseException
        try:
            ended = recorded(own) if mode == "sync" else asyncio.run(arecorded(own))
        except BaseException as exc:
            ended = exc
        with self._lock:
            self._ended[name] = ended
            is_last = len(self._ended) == len(self._owns)
        if is_last:
            _running.remove(self)
            self._shown.freeze()


def _with_options(function: Callable[P, Watch]) -> Callable[P, Watch]:
    """Show the parameters of `described` beside those of `watch` itself, in help."""
    own, shown = signature(function, eval_str=True), signature(described, eval_str=True)
    parameters = shown.parameters | {
        name: own.parameters[name] for name in ("endpoint", "modes", "speed")
    }
    ordered = sorted(parameters.values(), key=lambda each: each.kind)
    vars(function)["__signature__"] = own.replace(parameters=ordered)
    return function


@_with_options
def watch(
    endpoint: Endpoint | Mapping[str, Endpoint],
    prompt: Prompt | None = None,
    *,
    modes: Mode | Sequence[Mode] = "sync",
    speed: float | None = None,
    **options: object,
) -> Watch:
    """Stream in the background and return at once, with the live scope in a notebook.

    The Stop button, or ``.stop()``, ends the stream; ``.wait()`` waits for its end; then
    ``.recording`` has the recording, or ``.recordings`` those of several streams.  Running the
    cell again stops the streams of its earlier run.

    Parameters
    ----------
    endpoint : Endpoint, or mapping of str to Endpoint
        Where to ask.  Several endpoints, ``{"a": ep1, "b": ep2}``, are streams on one axis.
    modes : str or sequence of str
        ``"sync"``, by `record` in a thread; ``"async"``, by `arecord` on a loop of its own;
        ``("sync", "async")``, both beside each other, a request each.
    speed : float, optional
        Of the lab: 0.25 plays its streams four times as slowly, for a projector.
    **options
        Those of `record`.  ``live=False`` shows nothing; of several streams, each journal of
        ``save=`` has the stream's name in its own.

    Raises
    ------
    UsageError
        If the call has no meaning; then nothing was sent.
    """
    describe: Callable[..., RequestOptions] = described
    options |= _paced(endpoint, speed)
    endpoints = endpoint if isinstance(endpoint, Mapping) else {"": endpoint}
    asked = {name: describe(each, prompt, **options) for name, each in endpoints.items()}
    streams = _named(asked, _checked(modes))
    owns = {name: OwnRequest(options) for name, (options, _) in streams.items()}
    how = [mode for _, mode in streams.values()]
    _stop_earlier()
    pairs = zip(owns.items(), how, strict=True)
    models = [own.model(name if len(owns) > 1 else "", mode) for (name, own), mode in pairs]
    stop = [own.stop for own in owns.values()]
    shown = Showing()
    if options.get("live") is not False:
        shown = show_models(models, lambda: [end() for end in stop])
    return Watch(owns, how, shown)


def watches() -> list[Watch]:
    """Return the watches whose streams run, oldest first."""
    return [*_running]


def stop_all() -> list[Watch]:
    """Stop the streams of all watches, and return these watches."""
    stopped = watches()
    for each in stopped:
        each.stop()
    close_left_open()
    return stopped


_running: list[Watch] = []


def _stop_earlier() -> None:
    """Stop the streams that an earlier execution of the running cell began."""
    cell, now = execution()
    for each in watches():
        if cell and each._cell == cell and each._execution != now:
            each._shown.close()  # its output is gone
            each.stop()


def _named(
    asked: Mapping[str, RequestOptions], modes: Sequence[Mode]
) -> dict[str, tuple[RequestOptions, Mode]]:
    """Return the streams by name: the endpoint's, the mode, or both."""
    if not asked:
        raise UsageError(
            'no endpoint came. Pass one, or a mapping such as {"a": ep1, "b": ep2}.'
        )
    several = len(asked) * len(modes) > 1
    if several and next(iter(asked.values())).client is not None:
        raise UsageError(
            "client= is the client of one stream, and several are to be watched. "
            "Call sl.watch once for each client."
        )
    streams = {}
    for name, options in asked.items():
        for mode in modes:
            parts = [str(name)] * bool(name) + [mode] * (len(modes) > 1 or not name)
            called = " ".join(parts)
            streams[called] = _renamed(options, called) if several else options, mode
    return streams


def _renamed(options: RequestOptions, name: str) -> RequestOptions:
    """Return the options of one of several streams: its label and journal have its name."""
    label, path = options.label or options.endpoint.label, options.save
    if path is not None:
        path = path.with_stem(f"{path.stem}-{re.sub(r'[^0-9A-Za-z_-]+', '_', name)}")
    return replace(options, label=f"{label} {name}", save=path)


def _checked(modes: object) -> list[Mode]:
    known: tuple[Mode, ...] = ("sync", "async")
    given = (
        [modes]
        if isinstance(modes, str)
        else list(modes)
        if isinstance(modes, Sequence)
        else []
    )
    found = [mode for wanted in given for mode in known if mode == wanted]
    if not found or len(set(found)) != len(given):
        raise UsageError(
            f'modes= is "sync", "async" or both, each once, and {modes!r} came. '
            'Pass modes=("sync", "async").'
        )
    return found


def _paced(endpoint: object, speed: object) -> dict[str, object]:
    """Return the field by which the lab plays faster or slower."""
    if speed is None:
        return {}
    is_number = isinstance(speed, int | float) and not isinstance(speed, bool)
    if not (is_number and 0 < float(str(speed)) < math.inf):
        raise UsageError(
            f"speed= is a number above 0, and {speed!r} came. 0.5 is half as fast."
        )
    asked = endpoint.values() if isinstance(endpoint, Mapping) else [endpoint]
    hosts = {urlsplit(each.url).hostname for each in asked if isinstance(each, Endpoint)}
    if far := hosts - {"127.0.0.1", "localhost", "::1"}:
        raise UsageError(
            f"speed= changes the pace of the lab, and {min(map(str, far))} is not the lab. "
            'Pass sl.serve().endpoint("steady"), or leave speed= out.'
        )
    return {"speed": speed}
