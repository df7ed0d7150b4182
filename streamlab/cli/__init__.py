"""The commands of the prompt: one command, one file.

A command is a module of this room without an underscore; the module has the command's name.
Its function ``run`` takes the arguments and returns the exit code (None means 0).  To add a
command, add its file and its test; its help is in ``help.toml``, else the docstring of ``run``.

Rule 1: only this module turns errors into sentences and exit codes.
Rule 2: a command imports what is heavy when it runs, so that ``--help`` is fast.
"""

import os
import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from functools import partial, wraps
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Annotated

import typer

from streamlab.cli._terminal import itself, say
from streamlab.errors import MissingKeyError, StreamlabError

__all__ = ["main"]

# Shells report a process that a signal killed as 128 + the signal's number: 130 for SIGINT (2),
# 141 for SIGPIPE (13).  Python turns both signals into exceptions, so the command has to return
# these codes itself.  Scripts then get the same codes as from other programs.
FAILED, MISUSED, INTERRUPTED, UNREAD = 1, 2, 130, 141

# typer has a copy of click inside, or uses the package, depending on its version.  Only some of
# click's errors have a name in typer; the base of all of them has none.
Misuse: type[Exception] = typer.BadParameter.__mro__[2]

# The order in the help.  Other commands come after these, by the alphabet.
STORY = ("demo", "record", "serve", "show", "plot", "compare", "lens", "notebooks")

# The help of each command, by its name.
HELP: Mapping[str, str] = tomllib.loads(
    Path(__file__).with_name("help.toml").read_text("utf-8")
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command, by default with the arguments of the process; return its exit code."""
    # A stream may have any character, and the terminal's encoding may lack it.  A question mark
    # is better than a UnicodeEncodeError in the middle of an answer.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    arguments = None if argv is None else list(argv)
    try:
        code = _app()(arguments, prog_name="streamlab", standalone_mode=False)
    except Misuse as misuse:
        say(_misuse(misuse))
        return MISUSED
    except (typer.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except SystemExit as done:  # the installation of completion
        code = done.code
    return code if isinstance(code, int) else 0


def _misuse(misuse: Exception) -> str:
    said = misuse.format_message()  # type: ignore[attr-defined]
    parameter = getattr(misuse, "param", None)
    if parameter is not None and (ours := str(misuse.message)).startswith("takes "):  # type: ignore[attr-defined]
        said = f"{parameter.opts[0]} {ours}"
    context = getattr(misuse, "ctx", None)
    command = "streamlab" if context is None else context.command_path
    return f"{said} Help: {command.replace('streamlab', itself(), 1)} --help"


def _app() -> typer.Typer:
    app = typer.Typer(
        help=HELP["streamlab"],
        no_args_is_help=True,
        rich_markup_mode=None,  # rich's help takes as long as everything else together
        pretty_exceptions_enable=False,  # they print local variables, which may hold a key
    )
    app.callback()(_all)
    for module in _commands():
        name = module.__name__.rpartition(".")[2].replace("_", "-")
        app.command(name, help=HELP.get(name))(_guarded(module.run))
    return app


def _version(wanted: bool) -> None:
    if wanted:
        from streamlab import __version__

        print(f"streamlab {__version__}")
        raise typer.Exit


def _all(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None: ...


_all.__doc__ = HELP["streamlab"]


def _commands() -> list[ModuleType]:
    names = [found.name for found in iter_modules(__path__) if found.name[0] != "_"]
    first = [name for name in STORY if name in names]
    others = sorted(set(names) - set(first))
    return [import_module(f"{__name__}.{name}") for name in first + others]


def _guarded(run: Callable[..., int | None]) -> Callable[..., None]:
    """Return a command that exits with the code of its `run` or of its error."""

    @wraps(run)
    def command(**arguments: object) -> None:
        raise typer.Exit(_code_of(partial(run, **arguments)))

    return command


def _code_of(run: Callable[[], int | None]) -> int:
    try:
        code = run() or 0
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _stop_writing()
        return UNREAD
    except (StreamlabError, OSError) as error:
        say(_sentence(error))
        return MISUSED
    return code


def _sentence(error: Exception) -> str:
    if isinstance(error, MissingKeyError):
        return (
            f"{error.provider} needs a key and {error.variable} is not set. Set it, name "
            "another variable by --api-key-env, or stream from the lab: --lab count-to-ten."
        )
    if isinstance(error, OSError) and error.filename is not None:
        return f"cannot open {error.filename}: {error.strerror}. Check the path."
    return str(error)


def _stop_writing() -> None:
    """Discard the text that is still buffered, because no reader is left."""
    # When Python exits, it flushes standard output once more.  That would fail again and print
    # a traceback, so the descriptor must lead to the null device until then.
    if sys.stdout is sys.__stdout__ and sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
