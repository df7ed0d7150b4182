"""``streamlab notebooks``: JupyterLab on a writable copy of the lessons."""

import json
import os
import re
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from streamlab.errors import UsageError

FOLDER = Path("streamlab-notebooks")
_GUESS = re.compile(r"""(\.(?:predict|check)\()("[^"]*"|[\w.]+)(?=[,)])""")


def run(
    folder: Annotated[Path, Argument(metavar="DIR", help="The folder for the copy.")] = FOLDER,
    options: Annotated[
        list[str] | None, Argument(metavar="OPTION", help="An option for JupyterLab, after --.")
    ] = None,
    no_browser: Annotated[bool, Option("--no-browser", help="Do not open a browser.")] = False,
    copy_only: Annotated[
        bool, Option("--copy-only", help="Only copy, for another editor.")
    ] = False,
) -> int:
    """Open JupyterLab on your own copy of the notebooks."""
    if folder.name.startswith("-"):  # an option for JupyterLab, and no folder before it
        folder, options = FOLDER, [str(folder), *(options or [])]
    if not copy_only and find_spec("jupyterlab") is None:
        raise UsageError(
            "the notebooks need JupyterLab, and it is not installed. "
            'Run: pip install "streamlab[notebooks]", or pass --copy-only.'
        )
    if folder.exists() and not folder.is_dir():
        raise UsageError(
            f"the notebooks are copied into a folder, and {folder} is a file. Pass a folder."
        )
    copied, kept = copy(shipped(), folder)
    left = "1 left as it was" if kept == 1 else f"{kept} left as they were"
    print(f"{copied} copied to {folder}{f', {left}' if kept else ''}.", flush=True)
    return 0 if copy_only else _jupyter(folder, no_browser, options or [])


def shipped(package: Path = Path(__file__).parents[1]) -> Path:
    """Return the folder of the notebooks, in the wheel or else in the checkout."""
    for folder in (package / "_notebooks", package.parent / "notebooks"):
        if any(folder.glob("*.ipynb")):
            return folder
    raise UsageError(
        "this installation of streamlab came without its notebooks. "
        "Install the wheel, or run from a checkout of the repository."
    )


def copy(source: Path, target: Path) -> tuple[int, int]:
    """Copy the files that `target` lacks; return how many were copied, and how many not."""
    files = [path.relative_to(source) for path in source.rglob("*") if _is_ours(path, source)]
    new = [name for name in files if not (target / name).exists()]
    for name in new:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        # Written and not copied: without the mode of a read-only installation.
        (target / name).write_bytes(cleared(source / name))
    return len(new), len(files) - len(new)


def cleared(path: Path) -> bytes:
    """Return a file; of a notebook its cells without outputs, counts and our own guesses."""
    if path.suffix != ".ipynb":
        return path.read_bytes()
    book = json.loads(path.read_text("utf-8"))
    for cell in book["cells"]:
        if cell["cell_type"] == "code":
            cell |= {"outputs": [], "execution_count": None}
        if "exercise" in cell["metadata"].get("tags", ()):
            cell["source"] = [_GUESS.sub(r"\1...", line) for line in cell["source"]]
    return json.dumps(book, indent=1, ensure_ascii=False).encode()


def _is_ours(path: Path, source: Path) -> bool:
    parts = path.relative_to(source).parts
    return path.is_file() and not any(part[0] == "." or part == "__pycache__" for part in parts)


def _jupyter(folder: Path, no_browser: bool, options: list[str]) -> int:
    # With exec, JupyterLab gets Ctrl-C and every other signal itself: its question before
    # stopping works, and there is no parent that would have to pass signals on.
    quiet = ["--no-browser"] if no_browser else []
    command = [sys.executable, "-m", "jupyterlab", *quiet, *options]
    os.chdir(folder)
    if os.name == "posix":
        os.execv(sys.executable, command)
    # On Windows, exec starts a new process and ends this one, so the shell would show its
    # prompt while JupyterLab still uses the terminal.  JupyterLab handles Ctrl-C.
    import subprocess

    process = subprocess.Popen(command)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue
