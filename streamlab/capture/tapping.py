"""The front door to streams of others: `tap` a client, `attach` to a response.

Both record what somebody else's code receives, unchanged.
"""

from __future__ import annotations

from typing import Any

from streamlab.capture import attach as attaching
from streamlab.capture.api import made, remember
from streamlab.capture.attach import AsyncAttached, Attached
from streamlab.capture.tap import Tap
from streamlab.recording import Recording


def tap(client: Any, *, label: str = "", max_bytes: int | None = None) -> Tap[Recording]:
    """Record every response of a client, unchanged for whoever uses it.

    Parameters
    ----------
    client : httpx.Client, httpx.AsyncClient, httpx2.Client, httpx2.AsyncClient
        Or a subclass, such as ``openai.DefaultHttpxClient()``, or an SDK's client that holds
        one.  Its proxies, mounts, limits, timeouts, hooks and cookies stay its own.
    label : str
        What tables and pictures call the recordings; by default the path of the URL.
    max_bytes : int, optional
        End a recording once it has so many bytes of body; the client's stream goes on.

    Returns
    -------
    Tap
        With ``recordings``, ``running`` and ``close()``, which leaves the client as it was;
        a ``with`` block does that too.

    Raises
    ------
    UsageError
        If there is no httpx client in `client`.

    Notes
    -----
    Connections that were open before the tap were not opened through our sockets: what
    comes over them is stamped where httpx hands it over, and says so (``iterator``).

    Examples
    --------
    ::

        http = openai.DefaultHttpxClient()
        with sl.tap(http) as tap:
            client = openai.OpenAI(http_client=http)
            ...
        tap.recordings
    """
    return Tap(
        client,
        Recording,
        label=label,
        max_bytes=max_bytes,
        ended=lambda following: remember(following.recording),
    )


def attach(
    response: Any, *, label: str = "", max_bytes: int | None = None
) -> Attached[Recording] | AsyncAttached[Recording]:
    """Record a response made elsewhere, while you read it through what this returns.

    Parameters
    ----------
    response : response of httpx, httpx2, aiohttp or requests
        Opened as a stream, and not read yet.
    label : str
        What tables and pictures call the recording; by default the path of the URL.
    max_bytes : int, optional
        End the recording once it has so many bytes of body; your loop goes on.

    Returns
    -------
    Attached or AsyncAttached
        Loop over it for deltas, or over ``iter_lines()``, ``iter_events()``, ``iter_raw()`` and
        their async twins.  Once the response is read to its end or closed, or `close` or
        `aclose` was called, there is ``recording``.  What the library raises is raised.

    Raises
    ------
    UsageError
        If it is no such response, or has been read already, even in part.

    Notes
    -----
    When the request was sent, nobody saw: what counts from there (``ttft_ms``, ``e2e_eof_ms``)
    is NaN; gaps are known.  For all of it, `tap` an httpx client instead.

    Examples
    --------
    ::

        async with session.post(url, json=body) as response:  # aiohttp
            s = sl.attach(response)
            async for line in s.aiter_lines():
                if "42" in line:
                    break
        s.recording  # of what was read; the response was closed
    """

    return attaching.attach(response, made, label=label, max_bytes=max_bytes)
