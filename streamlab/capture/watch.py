"""Streams in the background: a thread each, so that the cell returns at once."""

import asyncio
import math
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from inspect import signature
from typing import Literal, ParamSpec
from urllib.parse import urlsplit

from streamlab.capture.api import arecorded, recorded
from streamlab.capture.options import RequestOptions, described
from streamlab.capture.request import OwnRequest
from streamlab.endpoints.endpoint import Endpoint, Prompt
from streamlab.errors import UsageError
from streamlab.live.display import Showing, close_left_open, execution, show_models
from streamlab.recording import Recording
from streamlab.tape import Recorder

STOPPING_S = 5.0  # a stopped stream ends within milliseconds; more is a defect

P = ParamSpec("P")
Mode = Literal["sync", "async"]


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream of a watch."""

    name: str
    mode: Mode
    own: OwnRequest

    def run(self) -> Recording:
        """Stream to the end, in this thread; an async stream on a loop of its own."""
        if self.mode == "sync":
            return recorded(self.own)
        return asyncio.run(arecorded(self.own))


class Watch:
    """Streams that run in threads: one, or several on one axis of time, with one view."""

    def __init__(self, streams: Sequence[Stream], live: bool = True) -> None:
        self._streams, several = streams, len(streams) > 1
        models = [each.own.model(each.name * several, each.mode) for each in streams]
        self._ended: dict[str, Recording | BaseException] = {}
        self._lock = threading.Lock()
        self._cell, self._execution = execution()
        thread = partial(threading.Thread, name="streamlab-watch", daemon=True)
        self._threads = [thread(target=self._work, args=(each,)) for each in streams]
        try:
            self._shown = show_models(models, self.stop) if live else Showing()
            _running.append(self)  # before a thread can end, and remove it
            for started in self._threads:
                started.start()
        except RuntimeError as failed:  # no more threads; in a browser there are none
            _running[:] = [each for each in _running if each is not self]
            self.stop()
            raise UsageError(
                f"sl.watch streams in a thread, and none can be started here: {failed}. "
                "Use sl.record, or await sl.arecord."
            ) from None

    @property
    def recorder(self) -> Recorder:
        """The tape as it grows; of several streams the first's."""
        return self._streams[0].own.session.recorder

    @property
    def done(self) -> bool:
        """Whether all streams have ended."""
        return not any(thread.is_alive() for thread in self._threads)

    @property
    def recordings(self) -> dict[str, Recording]:
        """The recordings by the names of their streams, once all have ended.

        UsageError while a stream runs: wait for it, or stop it.
        """
        if all(each.own.session.enough for each in self._streams):
            # They were stopped, here or in the view, or have just ended.
            self._join(STOPPING_S)
        if not self.done:
            raise UsageError(
                "a recording exists when its stream has ended, and this one runs. "
                "Call .wait() for it, or .stop() to end it."
            )
        found = {}
        for each in self._streams:
            found[each.name] = ended = self._ended[each.name]
            if isinstance(ended, BaseException):
                raise ended
        return found  # type: ignore[return-value]  # all are recordings

    @property
    def recording(self) -> Recording:
        """The recording; of several streams the first's.  Raises as `recordings` does."""
        return next(iter(self.recordings.values()))

    def wait(self, timeout_s: float | None = None) -> Recording:
        """Wait until all streams have ended, and return the recording, of several the first.

        TimeoutError if a stream still runs after `timeout_s`; it goes on.
        """
        self._join(timeout_s)
        if not self.done:
            raise TimeoutError(f"the stream still runs after {timeout_s:g} s; .stop() ends it")
        self._shown.freeze()  # frozen in the background, it is said once more in this cell
        return self.recording

    def stop(self) -> None:
        """End all streams now; what has arrived is kept."""
        for each in self._streams:
            each.own.stop("closed", "Stop was pressed")

    def __repr__(self) -> str:
        if self.done:
            return "\n".join(map(repr, self._ended.values()))
        tapes = [each.own.session.recorder for each in self._streams]
        label = ", ".join(str(tape.meta.get("label", "")) for tape in tapes)
        n_reads = sum(map(len, tapes))
        return f"<Watch {label!r}: {n_reads} reads so far; .stop() ends it>"

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        """Show the frozen view again: after a reload of its page, for example."""
        return dict(self._shown.frozen or {"text/plain": repr(self)})

    def _join(self, timeout_s: float | None) -> None:
        end_s = math.inf if timeout_s is None else time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(None if end_s == math.inf else max(end_s - time.monotonic(), 0))

    def _work(self, stream: Stream) -> None:
        ended: Recording | BaseException
        try:
            ended = stream.run()
        except BaseException as exc:
            ended = exc
        with self._lock:
            self._ended[stream.name] = ended
            is_last = len(self._ended) == len(self._streams)
        if is_last:
            _running.remove(self)
            self._shown.freeze()

    def give_way(self, cell: str, now: str) -> None:
        """Stop, if an earlier execution of the cell that runs `now` began these streams."""
        if cell and self._cell == cell and self._execution != now:
            self._shown.close()  # its output is gone
            self.stop()


def _with_options(function: Callable[P, Watch]) -> Callable[P, Watch]:
    # Show the parameters of `described` in help, beside those of `watch` itself.
    own, other = signature(function, eval_str=True), signature(described, eval_str=True)
    named = {name: own.parameters[name] for name in ("endpoint", "modes", "speed")}
    shown = sorted((other.parameters | named).values(), key=lambda each: each.kind)
    vars(function)["__signature__"] = own.replace(parameters=shown)
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
    asked = endpoint if isinstance(endpoint, Mapping) else {"": endpoint}
    if speed is not None:
        options["speed"] = _pace(asked, speed)
    streams = _streams(asked, prompt, _checked(modes), options)
    for each in watches():
        each.give_way(*execution())
    return Watch(streams, live=options.get("live") is not False)


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


def _streams(
    asked: Mapping[str, Endpoint],
    prompt: Prompt | None,
    modes: Sequence[Mode],
    options: Mapping[str, object],
) -> list[Stream]:
    pairs = [(key, mode) for key in asked for mode in modes]
    if not pairs or (len(pairs) > 1 and options.get("client") is not None):
        raise UsageError(
            "sl.watch takes one endpoint, or several without client=, and there were "
            f'{len(pairs)} streams. Pass for example {{"a": ep1, "b": ep2}}.'
        )
    describe: Callable[..., RequestOptions] = described
    requests = [describe(asked[key], prompt, **options) for key, _ in pairs]
    names = [f"{key} {mode}".strip() if len(modes) > 1 else str(key) for key, mode in pairs]
    if len(pairs) == 1:
        names = [*modes]
    else:
        requests = list(map(_renamed, requests, names))
    rows = zip(names, pairs, requests, strict=True)
    return [Stream(name, mode, OwnRequest(options)) for name, (_, mode), options in rows]


def _renamed(options: RequestOptions, name: str) -> RequestOptions:
    # Return the options of one of several streams: its label and journal have its name.
    label, path = options.label or options.endpoint.label, options.save
    if path is not None:
        path = path.with_stem(f"{path.stem}-{re.sub(r'[^0-9A-Za-z_-]+', '_', name)}")
    return replace(options, label=f"{label} {name}", save=path)


def _checked(modes: object) -> list[Mode]:
    known: tuple[Mode, ...] = ("sync", "async")
    given = [modes] if isinstance(modes, str) else modes
    if isinstance(given, Sequence) and given:
        found = [mode for each in given for mode in known if mode == each]
        if len(set(found)) == len(given):
            return found
    raise UsageError(
        f'modes= is "sync", "async" or both, each once, and {modes!r} came. '
        'Pass modes=("sync", "async").'
    )


def _pace(asked: Mapping[str, object], speed: object) -> object:
    # Return a speed; raise UsageError if it is none, or an endpoint is not the lab's.
    is_number = isinstance(speed, int | float) and not isinstance(speed, bool)
    hosts = {
        urlsplit(each.url).hostname for each in asked.values() if isinstance(each, Endpoint)
    }
    far = ", ".join(map(str, hosts - {"127.0.0.1", "localhost", "::1"}))
    if far or not (is_number and 0 < float(str(speed)) < math.inf):
        raise UsageError(
            f"speed= is a number above 0 and the pace of the lab, and {speed!r} came"
            f"{' for ' if far else ''}{far}. Pass speed=0.5 for half as fast, with an endpoint "
            "of sl.serve()."
        )
    return speed
