"""The lab's process: it starts anywhere, is shared, and ends with its parent."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from streamlab.endpoints.endpoint import Endpoint
from streamlab.errors import LabError, UnknownNameError, UsageError
from streamlab.many import serve
from tests.waiting import is_asleep, until

ROOT = Path(__file__).parents[2]

PARENT = """
import sys, time
from streamlab.many import serve
lab = serve()
print(lab.pid, flush=True)
{then}
"""


def start_parent(then: str, **kwargs) -> subprocess.Popen[str]:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", PARENT.format(then=then)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env, **kwargs)


def is_gone(pid: int) -> bool:
    """Say whether a process has ended; a zombie counts as ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_the_same_call_returns_the_same_lab_and_other_arguments_another(lab, fast_lab):
    assert serve() is lab
    assert serve(speed=20) is fast_lab
    assert fast_lab.url != lab.url


def test_a_closed_lab_is_started_anew_and_closing_twice_is_harmless():
    first = serve(speed=3)
    first.close()
    first.close()
    assert not first.alive
    assert repr(first) == f"<Lab {first.url}, closed>"

    with serve(speed=3) as second:
        assert second is not first
        assert second.alive
    assert not second.alive


def test_a_lab_shows_where_it_is_and_what_it_plays(lab):
    assert lab.url.startswith("http://127.0.0.1:")
    assert lab.base_url == f"{lab.url}/v1"
    assert set(lab.scenarios) >= {
        "count-to-ten",
        "steady",
        "bursty",
        "stall",
        "slow-first-token",
        "long",
    }
    assert "reset" in lab.faults
    assert repr(lab) == f"<Lab {lab.url} plays {', '.join(lab.scenarios)}>"


def test_an_endpoint_has_the_address_the_dialect_and_the_scenario(lab):
    def at(url, dialect, scenario):
        """No proxy stands before the lab, and it has no certificate to verify."""
        return Endpoint(url, dialect, scenario, http={"trust_env": False, "verify": False})

    assert lab.endpoint() == at(lab.base_url, "openai_chat", "count-to-ten")
    assert lab.endpoint("reset", "sse") == at(f"{lab.url}/sse/reset", "sse", "reset")
    assert lab.endpoint(dialect="gemini") == at(lab.url, "gemini", "count-to-ten")
    assert lab.address("reset", "sse") == f"{lab.url}/sse/reset"


def test_an_unknown_scenario_or_dialect_is_refused_with_what_there_is(lab):
    with pytest.raises(
        UnknownNameError, match=r"^no scenario 'stedy'; .*Did you mean 'steady'\?$"
    ):
        lab.endpoint("stedy")
    with pytest.raises(UnknownNameError, match=r"^no dialect of the lab 'soap'; there are: "):
        lab.endpoint("steady", "soap")


def test_a_taken_port_is_one_sentence(lab):
    port = int(lab.url.rpartition(":")[2])

    with pytest.raises(LabError) as caught:
        serve(port=port)

    sentence = f"port {port} of 127.0.0.1 is taken. Choose another, or port 0 for any free one."
    assert str(caught.value) == sentence


def test_an_impossible_port_is_one_sentence():
    with pytest.raises(
        LabError, match=r"^the lab cannot listen on port 70000 of 127\.0\.0\.1: "
    ):
        serve(port=70000)


@pytest.mark.parametrize("speed", [0, -1, float("nan"), float("inf")])
def test_an_impossible_speed_is_refused(speed):
    with pytest.raises(UsageError, match=r"^speed must be a number above 0, and .* came\."):
        serve(speed=speed)


def test_a_lab_dies_with_a_parent_that_is_killed():
    with start_parent("time.sleep(60)") as parent:
        pid = int(parent.stdout.readline())
        assert not is_gone(pid)
        parent.kill()
    until(lambda: is_gone(pid))


def test_a_lab_dies_with_a_killed_parent_although_a_forked_child_lives_on():
    """The child holds the other end of the lab's standard input open."""
    then = "import os; child = os.fork(); child and print(child, flush=True); time.sleep(60)"
    with start_parent(then) as parent:
        pid, child = int(parent.stdout.readline()), int(parent.stdout.readline())
        parent.kill()
        parent.wait()
        try:
            until(lambda: is_gone(pid))
        finally:
            os.kill(child, signal.SIGKILL)


def test_a_forked_child_starts_a_lab_of_its_own_and_leaves_its_parents_alone():
    then = (
        "import os\n"
        "if child := os.fork():\n"
        "    os.waitpid(child, 0)\n"
        "    print(lab.alive, serve() is lab, flush=True)\n"
        "else:\n"
        "    print(serve().pid, flush=True)"
    )
    with start_parent(then) as parent:
        pid, child_pid = int(parent.stdout.readline()), int(parent.stdout.readline())
        assert parent.stdout.readline() == "True True\n"

    assert pid != child_pid
    assert is_gone(child_pid)


def test_in_a_forked_child_a_lab_says_what_it_is():
    then = (
        "import os\n"
        "if child := os.fork():\n"
        "    os.waitpid(child, 0)\n"
        "    print(lab, flush=True)\n"
        "else:\n"
        "    print(lab, os.getppid(), flush=True)"
    )
    with start_parent(then) as parent:
        parent.stdout.readline()
        in_child, owner = parent.stdout.readline().rsplit(maxsplit=1)
        in_parent = parent.stdout.readline()

    assert in_child.endswith(f" of process {owner}, of which this is a fork>")
    assert " plays " in in_parent


def test_a_lab_ends_with_a_parent_that_ends_by_itself():
    with start_parent("pass") as parent:
        pid = int(parent.stdout.readline())
    assert parent.returncode == 0
    until(lambda: is_gone(pid))


def test_a_ctrl_c_for_the_parent_leaves_the_lab_running():
    """A terminal sends a Ctrl-C to the whole process group."""
    then = "try: time.sleep(60)\nexcept KeyboardInterrupt: print(lab.alive, flush=True)"
    with start_parent(then, start_new_session=True) as parent:
        parent.stdout.readline()
        until(lambda: is_asleep(parent.pid))
        os.killpg(parent.pid, signal.SIGINT)
        assert parent.stdout.readline() == "True\n"


def test_a_lab_starts_whatever_lies_in_the_working_directory(tmp_path):
    for name in ("json.py", "h11.py", "selectors.py"):
        (tmp_path / name).write_text("raise SystemExit('shadowed')")
    code = (
        f"import sys; sys.path[:] = [*filter(None, sys.path), {str(ROOT)!r}]\n"
        "from streamlab.many import serve\n"
        "with serve() as lab: print(lab.alive)"
    )

    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (done.stdout, done.stderr) == ("True\n", "")


def test_the_foreground_ends_cleanly_at_ctrl_c_and_prints_nothing():
    code = "from streamlab.server.lab import run; run(ready=lambda url: print(url, flush=True))"
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", code], env=env, **pipes) as process:
        assert process.stdout.readline().startswith("http://127.0.0.1:")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)

    assert (process.returncode, out, err) == (0, "", "")


def test_where_no_process_can_start_it_says_so_in_one_sentence(monkeypatch):
    def refuse(*_args, **_kws):
        raise OSError("emscripten does not support processes.")

    monkeypatch.setattr(subprocess, "Popen", refuse)

    with pytest.raises(LabError, match=r"^the lab is a process of its own, and none can be"):
        serve(speed=3)
