"""A server that sends bytes as they are: what no HTTP library would send."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Thread

Answer = Callable[[socket.socket, bytes], None]
"""Takes the connection and the request's bytes; what it does not close is closed after it."""


@contextmanager
def raw_server(answer: Answer) -> Iterator[str]:
    """Serve each connection in a thread; yield ``http://127.0.0.1:PORT``."""
    listener = socket.create_server(("127.0.0.1", 0))
    threads: list[Thread] = []

    def serve() -> None:
        with suppress(OSError):
            while True:
                threads.append(Thread(target=_one, args=(listener.accept()[0], answer)))
                threads[-1].start()

    accepting = Thread(target=serve, daemon=True)
    accepting.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for thread in (accepting, *threads):
            thread.join(20)


def _one(sock: socket.socket, answer: Answer) -> None:
    with sock, suppress(OSError):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        answer(sock, request_of(sock))


def request_of(sock: socket.socket) -> bytes:
    """Return one request, head and body."""
    data = b""
    while b"\r\n\r\n" not in data and (more := sock.recv(65536)):
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            while len(body) < int(line.partition(b":")[2]) and (more := sock.recv(65536)):
                body += more
    return head + b"\r\n\r\n" + body


def sends(data: bytes) -> Answer:
    """Return an answer that sends these bytes."""

    def answer(sock: socket.socket, _request: bytes) -> None:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(65536):  # else the close resets the connection, and bytes are lost
            pass

    return answer
