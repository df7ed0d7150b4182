"""A forward proxy: CONNECT tunnels, and absolute URLs over clear HTTP.

``GET http://proxy.invalid/`` through the proxy returns the list of requests so far.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from urllib.parse import urlsplit

from tests.servers.listening import end_with_stdin, listening

log: list[str] = []


async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        head = await reader.readuntil(b"\r\n\r\n")
        method, target, _ = head.split(b"\r\n", 1)[0].decode().split(" ", 2)
        if method == "CONNECT":
            log.append(f"CONNECT {target}")
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await join(reader, writer, int(target.rpartition(":")[2]), b"")
        elif (url := urlsplit(target)).hostname == "proxy.invalid":
            body = json.dumps(log).encode()
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
        else:
            log.append(f"{method} {target}")
            path = url._replace(scheme="", netloc="").geturl()
            head = head.replace(target.encode(), path.encode(), 1)
            await join(reader, writer, url.port or 80, head)
    writer.close()


async def join(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int, head: bytes
) -> None:
    there, back = await asyncio.open_connection("127.0.0.1", port)
    back.write(head)
    await asyncio.gather(pump(reader, back), pump(there, writer))


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


async def main() -> None:
    server = await asyncio.start_server(handle, sock=listening())
    await server.serve_forever()


if __name__ == "__main__":
    end_with_stdin()
    asyncio.run(main())
