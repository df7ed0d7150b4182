"""``streamlab demo``: its output, its files and its time."""

import math
import re
import resource
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import streamlab as sl
from streamlab.cli import main
from tests.cli.prompt import Done, environment, in_terminal

COUNT = "1, 2, 3, 4, 5, 6, 7, 8, 9, 10"
FILES = ["async.jsonl", "lines.parquet", "staircase.png", "sync.jsonl", "sync_async.png"]


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> tuple[Path, Done, float]:
    """One demo in a terminal, from a cold start, and the seconds of CPU it took."""
    folder = tmp_path_factory.mktemp("demo")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = in_terminal("demo", cwd=folder, warm=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return folder, done, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_it_leaves_two_recordings_a_table_and_a_picture(demo):
    folder = demo[0] / "streamlab-demo"

    assert sorted(path.name for path in folder.iterdir()) == FILES
    assert [path.name for path in demo[0].iterdir()] == ["streamlab-demo"]
    for name in ("sync", "async"):
        rec = sl.load(folder / f"{name}.jsonl")
        assert (rec.text, rec.label, len(rec.lines)) == (COUNT, name, 62)
        assert rec.meta["request"]["temperature"] == 0
        assert rec.reads["server_sent_ns"].notna().all()
    table = pd.read_parquet(folder / "lines.parquet")
    assert table["recording"].value_counts().to_dict() == {"sync": 62, "async": 62}
    for picture in ("staircase.png", "sync_async.png"):
        assert (folder / picture).read_bytes().startswith(b"\x89PNG")


def test_it_shows_the_text_the_lines_the_comparison_and_where_everything_is(demo):
    out = re.sub(r"\x1b\[\d*[mK]", "", demo[1].out)

    assert demo[1].code == 0
    assert out.count(COUNT) == 2
    assert "     1 " in out
    assert "(blank) event 0: role 'assistant'" in out
    both = [sl.load(demo[0] / "streamlab-demo" / f"{name}.jsonl") for name in ("sync", "async")]
    known = [*map(math.isfinite, (rec.summary["ttft_ms"] for rec in both))]
    # A first read that a busy machine merged leaves a time open.
    row = r"ttft_ms +[\d.]+ +[\d.]+ \([+-][\d.]+\)" if all(known) else "ttft_ms"
    assert re.search(row, out)
    assert all(f"streamlab-demo/{name}" in out for name in FILES)
    lines = out.replace("\r", "\n").splitlines()
    # The hint names this Python by its path, which may be of any length.
    assert max(len(line) for line in lines if sys.executable not in line) <= 80


def test_it_needs_less_than_ten_seconds_of_work(demo):
    """Of CPU, which a busy machine does not stretch as it does the clock on the wall."""
    assert demo[2] < 10


def test_again_it_replaces_its_own_files_and_no_others(demo, capsys, monkeypatch, fast_lab):
    monkeypatch.setattr("streamlab.many.serve", lambda: fast_lab)
    folder = demo[0] / "streamlab-demo"
    (folder / "notes.txt").write_text("mine")

    assert main(["demo", str(folder)]) == 0
    assert sorted(path.name for path in folder.iterdir()) == sorted([*FILES, "notes.txt"])
    assert (folder / "notes.txt").read_text() == "mine"
    (folder / "notes.txt").unlink()


def test_a_file_in_its_place_is_left_alone(capsys, here):
    (here / "streamlab-demo").write_text("mine")

    assert main(["demo"]) == 2
    assert capsys.readouterr().err == (
        "streamlab: cannot open streamlab-demo: File exists. Check the path.\n"
    )
    assert (here / "streamlab-demo").read_text() == "mine"


def test_it_needs_nothing_of_the_network(capsys, here, monkeypatch):
    """No proxy, no certificates: the lab is on this machine."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "socks5://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "fd00::/8")
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent/cacert.pem")

    assert main(["demo"]) == 0
    assert sorted(path.name for path in (here / "streamlab-demo").iterdir()) == FILES


def test_its_hints_name_a_command_that_works_from_where_the_user_stands(here, monkeypatch):
    """In a fresh clone the command is not on the PATH."""
    script = here / ".venv/bin/streamlab"
    script.parent.mkdir(parents=True)
    script.write_text(
        f"#!{sys.executable}\nimport sys\nfrom streamlab.cli import main\nsys.exit(main())\n"
    )
    script.chmod(0o755)
    env = environment() | {"PATH": "/usr/bin:/bin"}

    def run(line):
        done = subprocess.run(line, shell=True, cwd=here, env=env, capture_output=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.decode()

    hint = run(".venv/bin/streamlab demo").rpartition("Next: ")[2].splitlines()[0]
    assert hint == ".venv/bin/streamlab show streamlab-demo/sync.jsonl"
    assert "62 lines" in run(hint)
