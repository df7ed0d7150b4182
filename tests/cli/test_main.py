"""The prompt as a whole: its help, its exit codes, and what it does not load."""

import json
import os
import re
import subprocess
import sys

import pytest

from streamlab import __version__, cli
from streamlab.cli import main
from tests.cli.conftest import event, saved
from tests.cli.prompt import environment, piped, start

COMMANDS = ("demo", "record", "serve", "show", "plot", "compare", "notebooks")
HEAVY = {"pandas", "numpy", "matplotlib", "pyarrow", "httpx", "rich", "anywidget", "ipywidgets"}

LOOK = """
import json, sys
from streamlab.cli import main
code = main(["--help"])
print(json.dumps([code, sorted(sys.modules)]))
"""


def test_help_names_the_commands_in_the_order_of_their_story(capsys):
    assert main(["--help"]) == 0

    said = capsys.readouterr().out
    places = [said.index(f"\n  {name} ") for name in COMMANDS]
    assert places == sorted(places)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_shows_examples(capsys, command):
    assert main([command, "--help"]) == 0

    said = capsys.readouterr().out
    assert f"Examples:\n    streamlab {command}" in said


@pytest.mark.parametrize("command", COMMANDS)
def test_the_first_line_of_every_help_fits_into_the_list(capsys, command):
    main(["--help"])
    line = next(
        x for x in capsys.readouterr().out.splitlines() if x.startswith(f"  {command} ")
    )

    assert line.endswith(".")
    assert not line.endswith("...")


def test_help_loads_nothing_heavy():
    done = subprocess.run(
        [sys.executable, "-c", LOOK], capture_output=True, env=environment(), check=True
    )
    code, modules = json.loads(done.stdout.splitlines()[-1])

    assert code == 0
    assert HEAVY.intersection(modules) == set()


def test_python_m_streamlab_is_the_same(here):
    assert piped("--version", cwd=here) == (0, f"streamlab {__version__}\n", "")


MISUSE = {
    "nothing": r"No such command 'nothing'\. Help: streamlab --help",
    "show": r"Missing argument '\S+'\. Help: streamlab show --help",
    "record --timeout soon": (
        r"--timeout takes a number of seconds above 0, and 'soon' came\. "
        r"Pass for example 60\.0\. Help: streamlab record --help"
    ),
    "record --timeout 0": r"--timeout takes a number of seconds above 0, and '0' came\. .*",
    "record --timeout nan": r"--timeout takes a number of seconds above 0, and 'nan' came\. .*",
    "record --max-bytes 1.5": r"--max-bytes takes a whole number of bytes .*, and '1.5' came.*",
    "record --temperature hot": r"--temperature takes a number, and 'hot' came\. .*",
    "serve --port 99999": r"--port takes a port from 0 to 65535, and '99999' came\. .*",
    "serve --speed fast": r"--speed takes a number above 0, and 'fast' came\. .*",
    "notebooks --copy-only FILE": (
        r"the notebooks are copied into a folder, and FILE is a file\. Pass a folder\."
    ),
}


@pytest.mark.parametrize(("line", "sentence"), MISUSE.items(), ids=MISUSE)
def test_misuse_is_one_sentence(capsys, here, line, sentence):
    (here / "FILE").write_text("mine")

    assert main(line.split()) == 2

    said = capsys.readouterr()
    assert said.out == ""
    assert re.fullmatch(rf"streamlab: {sentence}\n", said.err)


def test_completion_can_be_installed(capsys):
    assert main(["--help"]) == 0

    assert "--install-completion" in capsys.readouterr().out


def test_a_new_command_is_one_new_file(monkeypatch, capsys, tmp_path):
    (tmp_path / "cli").mkdir()
    (tmp_path / "cli" / "say_hello.py").write_text(
        "def run(name: str) -> int:\n    print('hello', name)\n    return 7\n"
    )
    monkeypatch.setattr(cli, "__path__", [*cli.__path__, str(tmp_path / "cli")])

    assert main(["say-hello", "Ada"]) == 7
    assert capsys.readouterr().out == "hello Ada\n"


def test_help_names_every_exit_code(capsys):
    main(["--help"])

    said = " ".join(capsys.readouterr().out.split())
    ends = said[said.index("Exit codes: ") :]
    codes = {0, cli.FAILED, cli.MISUSED, cli.INTERRUPTED, cli.UNREAD}
    assert {int(code) for code in re.findall(r"\b\d+\b", ends.partition("|")[0])} == codes
    assert '141 if the reader of a pipe stopped before the end, as in "streamlab show' in ends


def test_a_reader_that_leaves_is_no_reason_to_complain(here):
    long = saved(here / "long.jsonl", [(i, event(content="x" * 200)) for i in range(2000)])
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}

    with start("show", str(long), cwd=here, **streams) as process:
        os.read(process.stdout.fileno(), 100)
        process.stdout.close()
        complaints = process.stderr.read()

    assert complaints == b""
    assert process.returncode == 141
