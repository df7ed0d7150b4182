"""Why no answer came: the server, its certificate, or the proxy on the way."""

from urllib.parse import urlsplit

from streamlab.follow.follower import Log
from streamlab.follow.message import sentence
from streamlab.tape import End

LOGIN = "It asks for a user and a password; its URL takes them: http://user:password@host:port."


def no_connection(log: Log, end: End) -> str:
    """Return the sentence for a request that got no connection."""
    where, via = urlsplit(str(log.meta.get("url") or "")).netloc, through(log)
    ways = f"{f' to {where}' if where else ''}{f' through {via}' if via else ''}"
    detail = f": {sentence(end.detail)}" if end.detail else ""
    return f"no connection{ways}{detail}. {_hint(end.detail, via)}"


def _hint(detail: str, via: str) -> str:
    if "CERTIFICATE_VERIFY_FAILED" in detail:
        way = "Name the file of its authority in SSL_CERT_FILE"
        if "mismatch" in detail:
            way = "Ask by a name that the certificate has"
        elif "expired" in detail:
            way = "Renew the server's certificate"
        return f"{way}, or pass verify= an ssl.SSLContext that trusts it."
    if via:
        without = "Check the proxy; to go without, leave out proxy= or unset the variable."
        return LOGIN if "407" in detail else without
    if "SSL" in detail:
        return "Check the URL: its scheme and port, and whether the server speaks TLS there."
    return "Start the server, or check the URL."


def through(log: Log) -> str:
    """Return the proxy of a request and its source, in words; "" without one."""
    proxy = log.meta.get("proxy")
    return f"the proxy {sentence(str(proxy))}" if proxy else ""
