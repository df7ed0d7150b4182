"""Keys stay with the server they were meant for, wherever it redirects us.

httpx drops ``Authorization`` where a redirect leaves the origin; but ``x-api-key``,
``x-goog-api-key`` and their like would go along.
"""

from __future__ import annotations

import httpx

from streamlab.endpoints import redact


class Home:
    """The origin of a client's first request; elsewhere its requests go without keys."""

    def __init__(self) -> None:
        self._url: httpx.URL | None = None

    def guard(self, request: httpx.Request) -> None:
        """Take the keys out of a request that leaves; an event hook of a sync client."""
        self._url = self._url or request.url
        if not self._is_home(request.url):
            for name in filter(redact.is_secret_name, list(request.headers)):
                del request.headers[name]

    async def aguard(self, request: httpx.Request) -> None:
        """Take the keys out of a request that leaves; the hook of an async client."""
        self.guard(request)

    def _is_home(self, url: httpx.URL) -> bool:
        home = self._url
        assert home is not None
        if url.host != home.host:
            return False
        is_upgrade = (home.scheme, url.scheme) == ("http", "https")
        ports = (home.port, url.port)  # None is the scheme's own
        return (is_upgrade and ports == (None, None)) or (
            url.scheme == home.scheme and url.port == home.port
        )
