"""What environment variables make of a client: the certificates to trust, and the proxy."""

# httpx reads the variables.  Where it cannot use a value, one sentence here names the variable.
#
# A proxy's URL may contain a password, so no sentence quotes it.

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


def with_certificates(options: Mapping[str, Any], url: str) -> dict[str, Any]:
    """Return the options of a client for requests to `url`, with httpx's usual SSL context."""
    if options.get("verify", True) is not True or "cert" in options:
        return dict(options)
    trusted = filter(os.environ.get, ("SSL_CERT_FILE", "SSL_CERT_DIR"))
    name = next(trusted, "") if options.get("trust_env", True) else ""
    path = os.environ.get(name, "")
    try:
        return {**options, "verify": _context(path, os.stat(path).st_mtime_ns if path else 0)}
    except OSError as exc:  # an ssl.SSLError too
        # Without TLS the variable has no meaning.  A redirect to https is still verified, by
        # the certificates that httpx brings.
        if urlsplit(url).scheme == "http":
            return {**options, "verify": _context("", 0)}
        raise UsageError(
            f"{name} names the certificates to trust, and {path!r} cannot be used: "
            f"{exc.strerror or exc}. Correct the variable or unset it, or pass verify=."
        ) from None


# A new context costs 26–45 ms, so one serves the process until a variable or its file changes.
@lru_cache(maxsize=2)
def _context(path: str, changed_ns: int) -> ssl.SSLContext:
    del changed_ns  # a part of the key
    return httpx.create_ssl_context(trust_env=bool(path))


@contextmanager
def explained(options: Mapping[str, Any]) -> Iterator[None]:
    """Raise a `UsageError` that names the option or the variable, if no client can be made."""
    try:
        yield
    except _UNUSABLE as exc:
        name = _culprit(options)
        raise UsageError(f"{_what(name, exc)} Correct {name}, or leave it out.") from None


def _culprit(options: Mapping[str, Any]) -> str:
    # Found by trying: without this option a client can be made; with this value it cannot.
    for name in options:
        if _makes_a_client({key: options[key] for key in options if key != name}):
            return f"{name}="
    for name, url in _proxies("http", "https", "all").items():
        if not _makes_a_client({"trust_env": False, "verify": False, "proxy": url}):
            return name
    return next(filter(os.environ.get, ("no_proxy", "NO_PROXY")), "SSL_CERT_FILE")


def _makes_a_client(options: Mapping[str, Any]) -> bool:
    try:
        return bool(httpx.Client(**options))
    except _UNUSABLE:
        return False


def _what(name: str, exc: Exception) -> str:
    if isinstance(exc, ImportError):
        package, extra = ("socksio", "socks") if "socks" in str(exc) else ("h2", "http2")
        return f"{name} needs the package {package}: install streamlab[{extra}]."
    if name.lower() == "no_proxy":
        odd = ", ".join(host for host in os.environ[name].split(",") if ":" in host)
        return f"{name} takes hosts and single addresses such as ::1, and {odd or exc} came."
    if "proxy" in name.lower():
        return f"{name} takes a URL such as http://host:port or socks5://host:port."
    return f"{name} cannot be used: {exc}."


def source_of(proxy: str, scheme: str) -> str:
    """Return where a proxy came from: the name of a variable, or ``proxy=``."""
    where, proxies = urlsplit(proxy).netloc, _proxies(scheme, "all")
    return next((name for name, url in proxies.items() if where in url), "proxy=")


def _proxies(*schemes: str) -> dict[str, str]:  # as httpx reads the variables; the first counts
    names = [name for each in schemes for name in (f"{each}_proxy", f"{each}_proxy".upper())]
    set_ = {name: os.environ[name] for name in names if os.environ.get(name)}
    return {name: url if "://" in url else f"http://{url}" for name, url in set_.items()}
