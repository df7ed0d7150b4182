"""Other HTTP libraries: which are loaded, and which exception means which end."""

# httpx and httpx2 have the same names.  A library that is not loaded has made no object, so
# this module imports none of them and looks in `sys.modules`.

import asyncio
import sys
from types import ModuleType

from httpx import Request

from streamlab.tape import How

# The exceptions of httpx and similar libraries; the first class that fits decides.
_HOW: dict[How, tuple[str, ...]] = {
    "connect": ("ConnectTimeout", "ConnectError", "ProxyError", "UnsupportedProtocol"),
    "timeout": ("TimeoutException",),
    "reset": ("NetworkError", "ProtocolError"),
    "error": ("RequestError",),
}

# The cores' exceptions come from bodies that are read straight from their connection.  Those of
# h2 and socksio pass the cores unmapped, where a server sends what is no HTTP/2 or SOCKS.
_HTTPX_KIN = ("httpx", "httpx2", "httpcore", "httpcore2", "h2.exceptions", "socksio")


def is_a(thing: object, library: str, name: str) -> bool:
    """Return whether `thing` is an instance of a library's class, if that is loaded."""
    return isinstance(thing, getattr(sys.modules.get(library), name, ()))


def httpx_of(response: object) -> ModuleType:
    """Return the library of a response: httpx2 or httpx."""
    return sys.modules["httpx2" if is_a(response, "httpx2", "Response") else "httpx"]


def content_of(request: Request) -> bytes | None:
    """Return the body of a request; None if it is streamed, because it is then unknown."""
    try:
        content: object = request.content
        return content if isinstance(content, bytes) else None
    except RuntimeError:  # httpx's RequestNotRead
        return None


def how_of(exc: BaseException) -> How | None:
    """Return how a stream that raised `exc` ended; None if the network did not fail."""
    for how, names in _HOW.items():
        if any(is_a(exc, library, name) for library in _HTTPX_KIN for name in names):
            return how
    return None


def is_cancellation(exc: BaseException) -> bool:
    """Return whether an exception cancels a task, of asyncio or of trio."""
    if isinstance(exc, BaseExceptionGroup):  # of trio, from a race of addresses
        return all(map(is_cancellation, exc.exceptions))
    return isinstance(exc, asyncio.CancelledError) or is_a(exc, "trio", "Cancelled")


def sentence(exc: BaseException) -> str:
    """Return an exception as one line: its class, and its message or that of its cause.

    The text of a request that HTTP does not allow is left out: it shows the header, or the key.
    """
    if any(is_a(exc, library, "LocalProtocolError") for library in _HTTPX_KIN):
        return type(exc).__name__
    # httpcore raises its errors "from None", without a message, but the context is there.
    said, cause = str(exc), exc.__cause__ or exc.__context__
    while not said and cause is not None:
        said, cause = str(cause), cause.__cause__ or cause.__context__
    text = " ".join(said.split())
    return f"{type(exc).__name__}: {text}" if text else type(exc).__name__
