"""What environment variables make of a client: the certificates to trust, and the proxy.

httpx reads the variables.  Where it cannot use a value, one sentence here names the variable.
"""

# A proxy's URL may contain a password, so no sentence quotes it.

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import httpx

from streamlab.errors import UsageError

_UNUSABLE = (ImportError, OSError, TypeError, ValueError, httpx.InvalidURL)


def ssl_context(trust_env: bool = True) -> ssl.SSLContext:
    """Return the process's SSL context, made as httpx makes its own.

    Raises
    ------
    UsageError
        If the certificates that SSL_CERT_FILE or SSL_CERT_DIR names cannot be read.
    """
    name = next(filter(os.environ.get, ("SSL_CERT_FILE", "SSL_CERT_DIR")), "")
    if not (trust_env and name):
        return _context("", 0)
    path = os.environ[name]
    try:
        return _context(path, os.stat(path).st_mtime_ns)
    except OSError as exc:  # an ssl.SSLError too
        raise UsageError(
            f"{name} names the certificates to trust, and {path!r} cannot be used: "
            f"{exc.strerror or exc}. Correct the variable or unset it, or pass verify=."
        ) from None


# A new context costs 26–45 ms, so one serves the process until a variable or its file changes.
@lru_cache(maxsize=2)
def _context(path: str, changed_ns: int) -> ssl.SSLContext:
    del changed_ns  # a part of the key
    return httpx.create_ssl_context(trust_env=bool(path))


def with_certificates(options: Mapping[str, Any], url: str) -> dict[str, Any]:
    """Return the options of a client for requests to `url`, with an SSL context."""
    if options.get("verify", True) is not True or "cert" in options:
        return dict(options)
    try:
        return {**options, "verify": ssl_context(bool(options.get("trust_env", True)))}
    except UsageError:
        # Without TLS the variable has no meaning.  A redirect to https is still verified, by
        # the certificates that httpx brings.
        if urlsplit(url).scheme == "https":
            raise
        return {**options, "verify": ssl_context(trust_env=False)}


@contextmanager
def explained(options: Mapping[str, Any]) -> Iterator[None]:
    """Raise a `UsageError` that names the option or the variable, if no client can be made."""
    try:
        yield
    except UsageError:
        raise
    except _UNUSABLE as exc:
        name = _culprit(options)
        raise UsageError(f"{_what(name, exc)} Correct {name}, or leave it out.") from None


def _culprit(options: Mapping[str, Any]) -> str:
    # Found by trying: without this option a client can be made; with this value it cannot.
    for name in options:
        if _makes_a_client({key: options[key] for key in options if key != name}):
            return f"{name}="
    for name in _proxy_variables("http", "https", "all"):
        if not _makes_a_client({"trust_env": False, "verify": False, "proxy": _proxy(name)}):
            return name
    return next(filter(os.environ.get, ("no_proxy", "NO_PROXY")), "SSL_CERT_FILE")


def _what(name: str, exc: Exception) -> str:
    if isinstance(exc, ImportError):
        package, extra = ("socksio", "socks") if "socks" in str(exc) else ("h2", "http2")
        return f"{name} needs the package {package}: install streamlab[{extra}]."
    if name.lower() == "no_proxy":
        odd = ", ".join(host for host in os.environ[name].split(",") if ":" in host)
        return f"{name} takes hosts and single addresses such as ::1, and {odd or exc} came."
    if "proxy" in name.lower():
        schemes = "http://, https://, socks5:// or socks5h://"
        return (
            f"{name} takes the URL of a proxy, which starts with {schemes}, and another came."
        )
    return f"{name} cannot be used: {exc}."


def _makes_a_client(options: Mapping[str, Any]) -> bool:
    try:
        httpx.Client(**options)
    except _UNUSABLE:
        return False
    return True


def source_of(proxy: str, scheme: str) -> str:
    """Return where a proxy came from: the name of a variable, or ``proxy=``."""
    where, names = urlsplit(proxy).netloc, _proxy_variables(scheme, "all")
    return next((name for name in names if where in _proxy(name)), "proxy=")


def _proxy_variables(*schemes: str) -> list[str]:  # those that are set, the first counts
    names = [n for each in schemes for n in (f"{each}_proxy", f"{each}_proxy".upper())]
    return list(filter(os.environ.get, names))


def _proxy(name: str) -> str:  # as httpx reads a variable
    value = os.environ[name]
    return value if "://" in value else f"http://{value}"
