"""Why no answer came: the server, its certificate, or the proxy on the way."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from streamlab.follow.log import Log
from streamlab.follow.message import sentence
from streamlab.tape import End

LOGIN = "It asks for a user and a password; its URL takes them: http://user:password@host:port."


def no_connection(log: Log, end: End) -> str:
    """Return the sentence for a request that got no connection."""
    where = urlsplit(str(log.meta.get("url") or "")).netloc
    to, via = f" to {where}" if where else "", through(log)
    detail = f": {sentence(end.detail)}" if end.detail else ""
    return f"no connection{to}{f' through {via}' if via else ''}{detail}. {_hint(log, end)}"


def _hint(log: Log, end: End) -> str:
    if "CERTIFICATE_VERIFY_FAILED" in end.detail:
        trusting = "pass verify= an ssl.SSLContext that trusts it"
        return f"Name the file of its authority in SSL_CERT_FILE, or {trusting}."
    if through(log):
        source = _proxy(log)[1]
        without = (
            "leave out proxy=" if source == "proxy=" else f"unset {source}, or set NO_PROXY"
        )
        return LOGIN if "407" in end.detail else f"Check the proxy; to go without, {without}."
    if "SSL" in end.detail:
        return "Check the URL: its scheme and port, and whether the server speaks TLS there."
    return "Start the server, or check the URL."


def through(log: Log) -> str:
    """Return the proxy of a request and its source, in words; "" without one."""
    url, source = _proxy(log)
    return f"the proxy {sentence(url)} ({sentence(source)})" if url else ""


def _proxy(log: Log) -> tuple[str, str]:
    found = log.meta.get("proxy")
    proxy = found if isinstance(found, Mapping) else {}
    return str(proxy.get("url", "")), str(proxy.get("from", ""))
