"""Kernels that have imported what notebooks need: forks of one process.

A kernel takes two seconds to import pandas, matplotlib and the like.  ``… kernels SOCKET`` is
the process that has done so.  ``… kernels SOCKET FILE`` is what JupyterLab starts as a kernel:
it asks for a fork, passes signals on to it, and ends with it.
"""

import json
import os
import signal
import socket
import sys
import threading

IMPORTED = ["ipykernel.kernelapp", "ipykernel.ipkernel", "IPython.core.completer"]
IMPORTED += [
    "streamlab.capture.api",
    "streamlab.plots",
    "streamlab.many",
    "matplotlib.backends.backend_agg",
]


def fork_on_request(path):
    """Be the process that kernels are forks of."""
    for name in IMPORTED:
        __import__(name)
    assert "ipywidgets" not in sys.modules  # it looks for its kernel when it is imported
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # no child is left as a zombie
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        while True:
            client = listener.accept()[0]
            asked = json.loads(client.makefile().readline())
            if os.fork() == 0:
                listener.close()
                be_a_kernel(client, **asked)
            client.close()


def be_a_kernel(client, file, cwd, env):
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    client.sendall(b"%d\n" % os.getpid())
    threading.Thread(target=end_with, args=(client,), daemon=True).start()
    os.chdir(cwd)
    sys.path[0] = ""
    os.environ.clear()
    os.environ.update(env)
    sys.argv = ["ipykernel_launcher", "-f", file]
    from ipykernel import kernelapp

    kernelapp.launch_new_instance()
    sys.exit()


def end_with(client):
    """End when the process that JupyterLab knows has ended."""
    client.recv(1)
    os.kill(os.getpid(), signal.SIGKILL)


def stand_for_a_kernel(path, file):
    """Be the process that JupyterLab knows: as long as the fork lives."""
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(path)
        asked = {"file": file, "cwd": os.getcwd(), "env": dict(os.environ)}
        server.sendall(json.dumps(asked).encode() + b"\n")
        pid = int(server.makefile().readline())
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda number, _: os.kill(pid, number))
        server.recv(1)


if __name__ == "__main__":
    (fork_on_request if len(sys.argv) == 2 else stand_for_a_kernel)(*sys.argv[1:])
