"""Each report, sent over a real socket: recorded right, and the same when it is loaded."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

import streamlab as sl
from tests.cli.prompt import piped
from tests.dialects.reports import CASES, body_of, content_type_of, wrong

FAILING = [name for name, case in CASES.items() if "cli_exit" in case["right"]]


@contextmanager
def sending(case: dict[str, Any]) -> Iterator[str]:
    """Answer every connection with a body that ends where the connection closes."""
    head = f"HTTP/1.1 200 OK\r\ncontent-type: {content_type_of(case)}\r\n\r\n".encode()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    answer(connection)

        def answer(connection: socket.socket) -> None:
            asked = connection.makefile("rb")
            fields = dict(
                line.lower().split(b":", 1)
                for line in iter(asked.readline, b"\r\n")
                if b":" in line
            )
            asked.read(int(fields.get(b"content-length", 0)))
            connection.sendall(head + body_of(case))
            if case.get("close") == "rst":  # once the client has read what was sent
                connection.settimeout(0.05)
                with suppress(TimeoutError):
                    connection.recv(65536)
                connection.setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                )

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/x"
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(5)


@pytest.mark.parametrize("name", CASES)
def test_a_report_is_recorded_and_loaded_right(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    with sending(case) as url:
        endpoint = sl.endpoint(url, dialect=case["dialect"], model="m")
        prompt = None if case["dialect"] == "sse" else "hi"
        rec = sl.record(endpoint, prompt, think_tags=case.get("think_tags", False))

    assert wrong(rec, case["right"]) == {}
    assert wrong(sl.load(rec.save(tmp_path / "a.jsonl")), case["right"]) == {}


@pytest.mark.parametrize("name", FAILING)
def test_the_command_fails_too(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    with sending(case) as url:
        command = ("record", "--url", url, "--dialect", case["dialect"], "-m", "m", "hi")
        done = piped(*command, cwd=tmp_path)

    assert done.code == case["right"]["cli_exit"]
    assert case["right"]["problem"] in done.err
