"""Where and how to ask: an endpoint, and the request that it makes of a prompt.

Rule: the key is in one private field.  No repr shows the key, and it leaves this module in
the headers of a request only.
"""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from streamlab.dialects import DIALECTS, PLAIN, EventReader, checked, dialect_named
from streamlab.dialects.dialect import Dialect, Message
from streamlab.endpoints import redact
from streamlab.endpoints.echoes import Echoes
from streamlab.errors import MissingKeyError, UsageError

Prompt = str | Sequence[Message]

# The options of ``httpx.Client`` that are passed on unchanged.
_HTTP_OPTIONS = (
    "auth cert cookies default_encoding event_hooks follow_redirects http1 http2 limits"
    " max_redirects mounts params proxy timeout transport trust_env verify"
)


@dataclass(frozen=True, slots=True)
class Query:
    """One HTTP request, ready to be built by a client."""

    method: str
    url: str
    headers: dict[str, str] = field(repr=False)
    params: dict[str, str]
    json: dict[str, object] | None


@dataclass(frozen=True)
class Endpoint:
    """Where and how to ask.

    The attributes are the parameters of `endpoint`, which describes them.  `url` is the whole
    URL if `whole`, else the base URL of a provider.  For the lab, `model` is the name of the
    scenario.  `reader` is a mapping of paths, or a callable.  No repr shows the headers.
    """

    url: str
    dialect: str = "auto"
    model: str = ""
    json: Mapping[str, object] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    http: Mapping[str, Any] = field(default_factory=dict, repr=False)
    whole: bool = False
    method: str = ""
    reader: Mapping[str, str] | EventReader | None = None
    _key: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        check_characters(self.url, "the URL of the endpoint")
        if not _is_web(self.url):
            shown = self.url.partition("?")[0].rpartition("@")[2]  # no key is in this part
            raise UsageError(
                f"an endpoint needs a URL such as https://api.openai.com/v1, not {shown!r}. "
                "Start it with http:// or https:// and name a host."
            )
        if self.dialect != "auto":
            dialect_named(self.dialect)
        headers = {k: redact.clean(f"the header {k}", v) for k, v in self.headers.items()}
        object.__setattr__(self, "headers", headers)  # the way of a frozen dataclass
        if self._key is not None:
            object.__setattr__(self, "_key", redact.clean("the key", self._key) or None)
        for name in self.http.keys() - {*_HTTP_OPTIONS.split()}:
            raise UsageError(
                f"{name!r} is no option of an endpoint, which takes those of httpx.Client. "
                f"A field of the request goes to sl.record(…, {name}=…), or into json={{…}}."
            )

    def __repr__(self) -> str:
        model = f", model={self.model!r}" if self.model else ""
        url = redact.text(redact.url(self.url), self._known)
        return f"Endpoint({url!r}, dialect={self.dialect!r}{model})"

    @property
    def label(self) -> str:
        """A short name: the model, or the last part of the path, or the host."""
        parts = urlsplit(self.url)
        last = redact.text(parts.path, self._known).rstrip("/").rpartition("/")[2]
        return self.model or last or parts.hostname or ""

    @property
    def _known(self) -> Echoes:
        return Echoes([self._key or "", *redact.secrets_in(self.headers.items())])

    def query(self, prompt: Prompt | None, body: Mapping[str, object]) -> Query:
        """Return the request for a prompt; fields of `body` replace others.

        Raises UsageError if there is a prompt, and no dialect with a place for it.
        """
        fields = {**self.json, **body}
        dialect = self._asked_in()
        if dialect is None:
            return self._plain(prompt, fields)
        ask = dialect.ask(self.model, messages(prompt), fields)
        url = self.url if self.whole else self.url.rstrip("/") + ask.path
        headers = {**ask.headers, **self._key_header(dialect), **self.headers}
        return Query("POST", url, headers, ask.params, ask.json)

    def _plain(self, prompt: Prompt | None, fields: dict[str, object]) -> Query:
        if prompt is not None:
            raise UsageError(
                f"a prompt needs a dialect with a place for it, and {self!r} has none. "
                'Pass dialect="openai_chat", say, or the whole body as json=….'
            )
        method = self.method or ("POST" if fields else "GET")
        # Most servers without a dialect take a bearer token, as the base of the dialects sends.
        headers = {**self._key_header(dialect_named("sse")), **self.headers}
        return Query(method, self.url, headers, {}, fields or None)

    def _key_header(self, dialect: Dialect) -> dict[str, str]:
        return dialect.key_header(self._key) if self._key else {}

    def _asked_in(self) -> Dialect | None:
        if self.dialect in PLAIN:
            return None
        if self.dialect != "auto":
            return dialect_named(self.dialect)
        path, known = urlsplit(self.url).path, [d for d in DIALECTS.values() if d.base_url]
        return next((each for each in known if path.endswith(each.paths[0])), None)


def messages(prompt: Prompt | None) -> list[Message]:
    """Return a prompt as chat messages; raise UsageError if it is neither text nor a list."""
    if prompt is None:
        return []
    if isinstance(prompt, str):
        return [{"role": "user", "content": prompt}]
    found = list(prompt) if isinstance(prompt, list | tuple) else None
    if found is not None and all(isinstance(message, Mapping) for message in found):
        return found
    raise UsageError(
        f"a prompt is text or a list of messages, not {type(prompt).__name__}. "
        'Pass "Count to 10" or [{"role": "user", "content": "Count to 10"}].'
    )


def endpoint(
    url: str,
    *,
    dialect: str = "auto",
    model: str = "",
    headers: Mapping[str, str] | None = None,
    json: Mapping[str, object] | None = None,
    method: str = "",
    api_key: str | None = None,
    text: str = "",
    reasoning: str = "",
    done: str = "",
    tokens: str = "",
    reader: EventReader | None = None,
    **http: Any,
) -> Endpoint:
    """Return an endpoint for a whole URL.

    Parameters
    ----------
    url : str
        The whole URL with its path, as for ``curl``.
    dialect : str
        A provider's format, ``"sse"``, ``"ndjson"`` or ``"auto"``, which finds the dialect by
        the URL, the content type and the first event.
    model : str
        Goes into the body, where the dialect has a place for it.
    headers, json : mapping
        Of every request.
    method : str
        By default POST with a body or a prompt, else GET.
    api_key : str
        Sent in the header of the dialect; as a bearer token if the dialect has none.
    text, reasoning : str
        For a server without a dialect: paths in the JSON of an event, such as ``$.response`` or
        ``$.choices[0].text``.  The recording keeps them.
    done : str
        The path of a value that only the last event has, such as true or the finish reason; or
        a word, such as ``[DONE]``.
    tokens : str
        The path of the number of tokens so far, of an event's list of tokens, or of the usage.
    reader : callable
        In place of paths: takes an event with ``type``, ``data`` and ``json``; returns its
        text, or deltas.  A recording that is loaded needs it again: ``sl.load(reader=…)``.
    **http
        Options of ``httpx.Client``: ``verify``, ``proxy``, ``timeout``, ``http2``, ….

    Raises
    ------
    UsageError
        If `url` is not a URL, the dialect is unknown, or a path is none.
    """
    paths = {"text": text, "reasoning": reasoning, "done": done, "tokens": tokens}
    paths = {name: path for name, path in paths.items() if path}
    checked(paths)
    sent = (json or {}, headers or {}, http, True, method.upper())
    return Endpoint(url, dialect, model, *sent, reader or paths or None, api_key)


def provider(
    name: str,
    model: str,
    *,
    base_url: str | None = None,
    api_key: str | None = None,
    headers: Mapping[str, str] | None = None,
    json: Mapping[str, object] | None = None,
    **http: Any,
) -> Endpoint:
    """Return an endpoint of the provider whose dialect is `name`.

    The base URL and the key come from the arguments, else from the provider's usual
    environment variables, else the base URL is the provider's own, which needs a key.
    """
    dialect = dialect_named(name)
    variable = dialect.base_url_variable
    own_url = base_url or (os.environ.get(variable) if variable else None)
    key = api_key or next(filter(None, map(_from_environment, dialect.key_variables)), None)
    if key is None and own_url is None and dialect.key_variables:
        word = name.partition("_")[0]
        company = "OpenAI" if word == "openai" else word.capitalize()
        raise MissingKeyError(company, dialect.key_variables[0])
    if own_url:
        check_characters(own_url, "base_url=" if base_url else str(variable))
    url = dialect.root(own_url) if own_url else dialect.base_url
    return Endpoint(url, name, model, json or {}, headers or {}, http, _key=key)


def _from_environment(name: str) -> str:
    return redact.clean(f"the variable {name}", os.environ.get(name, ""))


def check_characters(url: str, source: str) -> None:
    """Raise UsageError if a URL has a newline, a tab or another control character."""
    # `urlsplit` removes them without a word, and httpx refuses them later.
    if found := re.search("[\\0-\\x1f\\x7f]", url):
        raise UsageError(
            f"a URL has no control characters, and {source} has {found[0]!r} at position "
            f"{found.start()}, of {len(url)} characters. Remove it."
        )


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != -1
    except ValueError:  # brackets without an IPv6 address, or a port that is no number
        return False
