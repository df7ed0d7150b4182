"""Sends events of a given size at a given pace, with a given MSS, and tells when it sent each.

Arguments: the MSS (0 for the kernel's own), and for TLS the files of a certificate and its key.
``GET /N_EVENTS/N_BYTES/GAP_US`` answers with so many events, each in one write; the next
request on the port, ``GET /log``, with the end and the time of each write, as JSON.
"""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import sys
import threading
import time

from tests.servers.listening import end_with_stdin

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
SETTLE_NS = 50_000_000  # from the head to the first event


def listen(mss: int) -> socket.socket:
    """Return a socket that listens on a free port, after printing the port."""
    sock = socket.socket()
    if mss:  # of the listening socket, because the handshake agrees on it
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, mss)
    sock.bind(("127.0.0.1", 0))
    sock.listen(64)
    print(sock.getsockname()[1], flush=True)
    return sock


def send(sock: socket.socket, n_events: int, n_bytes: int, gap_us: int) -> list[list[int]]:
    """Send the events at absolute times; return the end and the time of each write."""
    event = b"data: " + b"x" * (n_bytes - 8) + b"\n\n"
    sock.sendall(HEAD)
    due_ns, log = time.perf_counter_ns() + SETTLE_NS, []
    for n in range(1, n_events + 1):
        time.sleep(max(due_ns - time.perf_counter_ns(), 0) / 1e9)
        log.append([n * n_bytes, time.perf_counter_ns()])
        sock.sendall(event)
        due_ns += gap_us * 1000
    return log


class Server:
    """Answers each connection in a thread of its own."""

    def __init__(self, context: ssl.SSLContext | None) -> None:
        self._context = context
        self._log: list[list[int]] = []

    def answer(self, sock: socket.socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with contextlib.suppress(OSError):
            if self._context:
                sock = self._context.wrap_socket(sock, server_side=True)
            path = sock.recv(65536).split(b" ")[1].decode()
            if path == "/log":
                body = json.dumps(self._log).encode()
                sock.sendall(HEAD + body)
            else:
                self._log = send(sock, *map(int, path.split("/")[1:]))
        sock.close()


def main(mss: str, *certificate: str) -> None:
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
    listening, server = listen(int(mss)), Server(context)
    while True:
        sock, _ = listening.accept()
        threading.Thread(target=server.answer, args=(sock,), daemon=True).start()


if __name__ == "__main__":
    end_with_stdin()
    main(*sys.argv[1:])
