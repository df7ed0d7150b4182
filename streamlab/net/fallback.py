"""Streams of somebody else's backend, stamped in the user tier: the fallback.

For trio, for event loops that cannot watch a socket, and for whatever comes next.
"""

from __future__ import annotations

import ssl
from typing import Any

from streamlab.net.stamping import Exchange
from streamlab.tape import Clock, Stamp


class ForeignStream(Exchange):
    """A stream of somebody else's backend, stamped by the clock after each read."""

    def __init__(self, inner: Any, clock: Clock) -> None:
        super().__init__(clock)
        self._inner = inner

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what the stream below gave."""
        data: bytes = await self._inner.read(max_bytes, timeout)
        seen_ns = self._clock()
        self.got(Stamp(seen_ns, seen_ns), data)
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of `buffer`."""
        self.sends(buffer)
        await self._inner.write(buffer, timeout)

    async def aclose(self) -> None:
        """Close the stream below."""
        await self._inner.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> ForeignStream:
        """Return the stream below with its own TLS on top."""
        inner = await self._inner.start_tls(ssl_context, server_hostname, timeout)
        return ForeignStream(inner, self._clock)

    def get_extra_info(self, info: str) -> Any:
        """Ask the stream below."""
        return self._inner.get_extra_info(info)
