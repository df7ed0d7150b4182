"""The pages under hypercorn, over TLS, with HTTP/2 for clients that ask for it.

Arguments: the files of the certificate and of its key.
"""

import asyncio
import sys

from hypercorn.asyncio import serve
from hypercorn.config import Config

from tests.servers.listening import end_with_stdin, listening
from tests.servers.pages import app

if __name__ == "__main__":
    end_with_stdin()
    sock = listening()
    config = Config()
    config.bind = [f"fd://{sock.fileno()}"]
    config.certfile, config.keyfile = sys.argv[1:]
    config.alpn_protocols = ["h2", "http/1.1"]
    config.loglevel = "ERROR"
    asyncio.run(serve(app, config))
