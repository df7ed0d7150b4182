"""Connections that another backend opens, stamped by the clock: the user tier."""

# For trio, and for event loops that cannot watch a socket.

from __future__ import annotations

from typing import Any

from httpcore import AsyncNetworkStream

from streamlab.net.connection import Exchange
from streamlab.tape import Stamp


class FallbackStream(Exchange):
    """A connection of another backend, stamped by the clock after each read."""

    def __init__(self, inner: AsyncNetworkStream) -> None:
        super().__init__()
        self._inner = inner

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what the connection below returned, and stamp it."""
        data: bytes = await self._inner.read(max_bytes, timeout)
        seen_ns = self._clock()
        self.got(Stamp(seen_ns, seen_ns), data)
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of `buffer`."""
        self.sends(buffer)
        await self._inner.write(buffer, timeout)

    async def aclose(self) -> None:
        """Close the connection below."""
        await self._inner.aclose()

    async def start_tls(self, *args: Any, **options: Any) -> FallbackStream:
        """Return the connection below with its own TLS on top."""
        return FallbackStream(await self._inner.start_tls(*args, **options))

    def get_extra_info(self, info: str) -> object:
        """Return the answer of the connection below."""
        return self._inner.get_extra_info(info)
