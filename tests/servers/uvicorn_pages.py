"""The pages under uvicorn, over HTTP/1.1."""

import uvicorn

from tests.servers.listening import end_with_stdin, listening
from tests.servers.pages import app

if __name__ == "__main__":
    end_with_stdin()
    config = uvicorn.Config(app, log_level="error", lifespan="off")
    uvicorn.Server(config).run(sockets=[listening()])
