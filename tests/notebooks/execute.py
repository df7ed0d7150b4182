"""The notebooks: execute them, and save their outputs.

``python -m tests.notebooks.execute`` executes all of ``notebooks/`` in place, and
``… execute 00`` those whose names begin so, ``… execute curl`` what curl writes in them, for
machines without it.  A notebook runs in a real kernel, in an empty
folder, without keys and without a way to the internet; an error in it changes no file.

The saved file has outputs, and no part that would differ without a reason: no times, no widget
state, no version of Python; its pictures have a palette, which makes them small.
"""

import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path

import nbclient
import nbformat

import streamlab as sl
from streamlab.lessons import curl
from streamlab.lessons.curl import COMMITTED

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "notebooks"
NOWHERE = "http://127.0.0.1:9"
CURLS = ("-N", "", "-N --raw --http1.1")
WIDGET = "application/vnd.jupyter.widget-view+json"
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def notebooks():
    """Return the paths of the notebooks, in their order."""
    return sorted(FOLDER.glob("*.ipynb"))


def read(path):
    """Return a notebook as it is in the file."""
    return nbformat.read(path, as_version=4)


def execute(book, folder):
    """Execute the cells of a notebook in a folder; return it.

    Raises
    ------
    CellExecutionError
        If a cell does; the cells before it have their outputs.
    """
    return asyncio.run(aexecute(book, folder))


async def aexecute(book, folder):
    """Execute a notebook; several can run at the same time."""
    client = nbclient.NotebookClient(
        book,
        timeout=60,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,
        store_widget_state=False,
        resources={"metadata": {"path": str(folder)}},
    )
    await client.async_execute(env=offline())
    return book


def offline():
    """Return an environment in which all but loopback is out of reach, without keys."""
    env = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    proxies = {"http_proxy", "https_proxy", "all_proxy"}
    env |= dict.fromkeys(proxies | {name.upper() for name in proxies}, NOWHERE)
    env |= dict.fromkeys(("no_proxy", "NO_PROXY"), "127.0.0.1,localhost")
    python_path = os.pathsep.join(filter(None, [str(ROOT), env.get("PYTHONPATH")]))
    return env | {"PYTHONPATH": python_path, "PYTHONWARNINGS": "default"}


def tidy(book):
    """Take away what differs from run to run and from machine to machine; return the book."""
    book.metadata = nbformat.from_dict(
        {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    )
    for cell in book.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(WIDGET, None)  # it has a face in text beside it
    return book


def committed_curls():
    """Return what the package has of curl: by its flags, a pair of ms and text a write."""
    return json.loads(COMMITTED.read_text("utf-8"))


def run_curls():
    """Run curl against the lab, and keep what it writes in the package."""
    url = f"{sl.serve().base_url}/chat/completions"
    ask = {"model": "count-to-ten", "messages": [], "stream": True}
    written = {}
    for flags in CURLS:
        run = curl(*flags.split(), url, json=ask)
        texts = [piece.decode() for piece in run.pieces]
        written[flags] = [*zip(map(round, run.times_ms), texts, strict=True)]
    COMMITTED.write_text(json.dumps(written, indent=0) + "\n", "utf-8")


def main(prefixes):
    """Execute and save the notebooks whose names begin with one of `prefixes`."""
    if "curl".startswith(prefixes):
        run_curls()
    for path in notebooks():
        if path.name.startswith(prefixes):
            with tempfile.TemporaryDirectory() as folder:
                book = execute(read(path), folder)
            nbformat.write(tidy(book), path)
            print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB", flush=True)


if __name__ == "__main__":
    main(tuple(sys.argv[1:]) or ("",))
