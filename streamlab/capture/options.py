"""The options of a call: the parameters that `record` and similar functions share."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import wraps
from inspect import iscoroutinefunction, signature
from os import PathLike, fspath
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar, cast

import httpx

from streamlab.dialects import FUNCTION
from streamlab.endpoints.endpoint import Endpoint, Prompt
from streamlab.errors import UsageError

P = ParamSpec("P")
R = TypeVar("R")


class Unset(Enum):
    """The type of `UNSET`: an argument that was not given, where None has a meaning."""

    UNSET = "UNSET"

    def __repr__(self) -> str:
        return self.value


UNSET: Final = Unset.UNSET

Timeout = float | httpx.Timeout | None | Unset


@dataclass(frozen=True, slots=True)
class RequestOptions:
    """One request of our own, as the call described it."""

    endpoint: Endpoint
    prompt: Prompt | None = None
    body: Mapping[str, object] = field(default_factory=dict)
    save: Path | None = None
    live: bool | None = None  # None is the default of the function: only `watch` shows a view
    label: str = ""
    client: Any = None
    timeout: Timeout = UNSET
    max_bytes: int | None = None
    max_decoded_bytes: int | None = None
    think_tags: bool = False
    stall_timeout_s: float | None = None
    deadline_s: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.endpoint, Endpoint):
            raise UsageError(
                f"the first argument says where to ask, and {type(self.endpoint).__name__} "
                'came. Pass sl.openai("gpt-4o-mini"), sl.endpoint(url) or '
                'sl.serve().endpoint("steady").'
            )
        if self.save is not None and self.save.suffix != ".jsonl":
            raise UsageError(
                "save= keeps a journal while the stream runs, whose name ends in .jsonl, and "
                f"{fspath(self.save)!r} came. For another format call rec.save(…) afterwards."
            )
        checked_timeout(self.stall_timeout_s, "stall_timeout_s")
        checked_timeout(self.deadline_s, "deadline_s")
        check_bytes(max_bytes=self.max_bytes, max_decoded_bytes=self.max_decoded_bytes)

    @property
    def reading(self) -> dict[str, object]:
        """Return how to read the events, for the metadata; a function has only its name."""
        reader = self.endpoint.reader
        named = {FUNCTION: getattr(reader, "__name__", "")} if callable(reader) else reader
        tags, dialect = self.think_tags, self.endpoint.dialect
        given = {"reader": named, "think_tags": tags, "dialect": dialect}
        return {key: value for key, value in given.items() if value}

    @property
    def http(self) -> dict[str, Any]:
        """Return the endpoint's options of the client, with the timeout of this call."""
        given = {} if self.timeout is UNSET else {"timeout": self.timeout}
        return {**self.endpoint.http, **given}


def described(
    endpoint: Endpoint,
    prompt: Prompt | None = None,
    *,
    save: str | PathLike[str] | None = None,
    live: bool | None = None,
    label: str = "",
    client: Any = None,
    timeout: Timeout = UNSET,
    max_bytes: int | None = None,
    max_decoded_bytes: int | None = None,
    think_tags: bool = False,
    stall_timeout_s: float | None = None,
    deadline_s: float | None = None,
    json: Mapping[str, object] | None = None,
    **body: object,
) -> RequestOptions:
    """Return the options of a call; `record` describes the parameters."""
    if not isinstance(json, Mapping | None):
        raise UsageError(
            f"json= is a mapping of fields, and {type(json).__name__} came. "
            'Pass a dict, such as json={"label": "x"}.'
        )
    path = None if save is None else Path(save)
    fields = {**(json or {}), **body}
    limits = timeout, max_bytes, max_decoded_bytes, think_tags, stall_timeout_s, deadline_s
    return RequestOptions(endpoint, prompt, fields, path, live, label, client, *limits)


def takes(
    describe: Callable[P, RequestOptions],
) -> Callable[[Callable[[RequestOptions], R]], Callable[P, R]]:
    """Give a function of `RequestOptions` the parameters of `describe`.

    So the parameters of four functions are written once, and a type checker and ``help``
    show them for each function.
    """

    def decorate(function: Callable[[RequestOptions], R]) -> Callable[P, R]:
        returned = signature(function, eval_str=True).return_annotation
        shown = signature(describe, eval_str=True).replace(return_annotation=returned)

        def described_by(*args: P.args, **options: P.kwargs) -> RequestOptions:
            try:
                shown.bind(*args, **options)
            except TypeError as exc:  # else it would name `describe`
                raise TypeError(f"{function.__name__}(): {exc}") from None
            return describe(*args, **options)

        def call(*args: P.args, **options: P.kwargs) -> R:
            return function(described_by(*args, **options))

        async def acall(*args: P.args, **options: P.kwargs) -> object:
            return await cast("Any", function)(described_by(*args, **options))

        # Other libraries ask whether a function is a coroutine function.
        is_async = iscoroutinefunction(function)
        called = wraps(function)(cast("Callable[P, R]", acall) if is_async else call)
        vars(called)["__signature__"] = shown
        # Tools that find `__wrapped__` would show the parameters of `function` instead.
        del vars(called)["__wrapped__"]
        return called

    return decorate


def checked_timeout(timeout: object, name: str = "timeout") -> Any:
    """Return a timeout in the form of httpx, or raise UsageError; None waits for ever."""
    if timeout is None or isinstance(timeout, httpx.Timeout):
        return timeout
    if timeout == math.inf:  # a socket refuses it
        return None
    if isinstance(timeout, int | float) and not isinstance(timeout, bool) and timeout > 0:
        return httpx.Timeout(timeout)
    also = ", or an httpx.Timeout" if name == "timeout" else ""
    raise UsageError(
        f"{name} is a number of seconds above 0{also}, not {timeout!r}. "
        f"Pass {name}=60, or None to wait for ever."
    )


def check_bytes(**limits: int | None) -> None:
    """Raise UsageError unless each limit is a number of bytes, or None for no limit."""
    for name, n_bytes in limits.items():
        if n_bytes is not None and (type(n_bytes) is not int or n_bytes < 0):
            raise UsageError(
                f"{name} is a whole number of bytes, 0 or more, not {n_bytes!r}. "
                f"Pass {name}=1_000_000, or None for the default."
            )


def check_client(client: object, is_async: bool) -> None:
    """Raise UsageError unless it is a client of httpx or httpx2, of the right kind."""
    if hasattr(client, "send") and hasattr(client, "aclose") is is_async:
        return
    wanted = "an httpx.AsyncClient" if is_async else "an httpx.Client"
    raise UsageError(
        f"client= is {wanted} here, and {type(client).__name__} came. "
        "An httpx.Client goes to sl.record, for and with; an httpx.AsyncClient to sl.arecord, "
        "async for and async with."
    )
