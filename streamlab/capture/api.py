"""How a user streams in the foreground: `record`, `arecord` and `stream`.

Each function makes a request of its options and reads the pieces to the end.  Meanwhile a
journal and a live view read the same tape.
"""

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager

from streamlab.capture.options import RequestOptions, described, takes
from streamlab.capture.request import OwnRequest, apieces, pieces
from streamlab.capture.session import last
from streamlab.capture.stream import Opening
from streamlab.live.display import show_models
from streamlab.recording import Recording
from streamlab.tape import journal

__all__ = ["arecord", "last", "record", "stream"]


@takes(described)
def record(options: RequestOptions) -> Recording:
    """Stream a completion to its end and return its recording.

    For many streams use `arecord`.  In 200 threads, 2 to 40 % of the reads were ``merged``: a
    thread that waits for Python's interpreter lock reads late.  With 200 `arecord`, at most
    0.4 %, more where other programs keep the machine busy.

    Parameters
    ----------
    endpoint : Endpoint
        Where to ask: ``sl.openai("gpt-4o-mini")``, ``lab.endpoint("steady")``, ….
    prompt : str or list of messages, optional
        The question.  The lab answers by scenario, whatever the prompt is.
    save : path, optional
        The file of a journal, written while the stream runs: the file survives a killed
        process.
    live : bool, optional
        Show the live scope, in a notebook; by default only `watch` does.
    label : str
        The name of the recording in tables and pictures.
    client : httpx.Client, optional
        Your client, with its pool and its options; by default a fresh connection is made.
        A connection that was open before is stamped in the ``iterator`` tier.  Ctrl-C or a
        cancellation ends your client's request at once, as its connections may serve others:
        bytes that this program had not read by then are not on tape.
    timeout : float or httpx.Timeout, optional
        Seconds without a byte; 60 by default, None to wait for ever.
    max_bytes : int, optional
        End the stream once so many bytes of body are recorded.
    max_decoded_bytes : int, optional
        End the stream once a compressed body has more bytes, decoded; by default 1 GiB.
    think_tags : bool
        Read the content between ``<think>`` and ``</think>`` as reasoning.
    stall_timeout_s : float, optional
        Seconds without a delta that adds something: comments, pings and empty events do not.
    deadline_s : float, optional
        Seconds for the whole request, from the call.
    json : mapping, optional
        Fields of the request's body, also those whose names are parameters here, such as
        ``label``.
    **body
        Further fields of the request's body, such as ``temperature=0``; they replace those of
        `json`.

    Returns
    -------
    Recording
        Always, once the request was tried: a failure is data, see ``rec.problem``.

    Raises
    ------
    UsageError
        If the call has no meaning; then nothing was sent.
    KeyboardInterrupt
        After Ctrl-C; ``sl.last`` has what had arrived.
    """
    return recorded(OwnRequest(options), live=bool(options.live))


@takes(described)
async def arecord(options: RequestOptions) -> Recording:
    """Stream a completion to its end on the running loop; see `record`.

    ``asyncio.gather`` runs many at once.  After a cancellation, ``sl.last`` has what had
    arrived, and CancelledError is raised again.
    """
    return await arecorded(OwnRequest(options), live=bool(options.live))


@takes(described)
def stream(options: RequestOptions) -> Opening:
    """Open a stream for a loop of your own, and record it while you read.

    Enter it by ``with`` and loop by ``for``, or by ``async with`` and ``async for``.  The loop
    yields deltas; ``iter_lines``, ``iter_events`` and ``iter_raw`` yield other parts, and so do
    their async twins ``aiter_lines``, ….  Afterwards ``.recording`` has the recording.
    Parameters as for `record`.

    Examples
    --------
    ::

        with sl.stream(ep, "Count to 10") as s:
            for delta in s:
                print(delta.text, end="")
        rec = s.recording
    """
    own = OwnRequest(options)
    return Opening(own, _beside(own, live=bool(options.live)))


def recorded(own: OwnRequest, live: bool = False) -> Recording:
    """Stream a request to its end and return its recording."""
    with _beside(own, live), contextlib.closing(pieces(own)) as arriving:
        for _ in arriving:
            pass
    return own.session.recording()


async def arecorded(own: OwnRequest, live: bool = False) -> Recording:
    """Stream a request to its end on the running loop and return its recording."""
    with _beside(own, live):
        async with contextlib.aclosing(apieces(own)) as arriving:
            async for _ in arriving:
                pass
    return own.session.recording()


@contextmanager
def _beside(own: OwnRequest, live: bool) -> Iterator[None]:
    # Keep a journal and show a view while a stream runs; both have their own threads.
    session, path = own.session, own.options.save
    book = None if path is None else journal.Journal(session.recorder, path)
    try:
        with show_models([own.model()], own.stop) if live else contextlib.nullcontext():
            yield
    except GeneratorExit:  # the collector takes what is in a cycle in any order
        session.end("closed")
        raise
    finally:
        if book is not None:  # the lab's send times are known only now
            tape = session.finish() if session.done else None
            book.close() if tape is None else book.close(tape.server_sent_ns, tape.sends)
