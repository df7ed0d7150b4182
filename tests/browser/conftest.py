"""A real browser and a real JupyterLab, both on loopback only, and stopped afterwards.

Without chromium these tests are skipped by name; with STREAMLAB_REQUIRE_BROWSER=1
they fail instead, so that a skipped test is not taken for a passed one.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import urllib.request
from contextlib import suppress
from importlib.util import find_spec

import nbformat
import psutil
import pytest

from tests.browser import lesson
from tests.browser.pages import ROOT, wait_for_notebook
from tests.waiting import until

FAILED = pytest.StashKey[bool]()
LESSONS = ("01_on_the_wire.ipynb", "04_whose_stutter.ipynb")
SETTINGS = {"fetchNews": "false", "checkForUpdates": False}
"""JupyterLab must not ask the network for news."""

STAY_HERE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
"""A page cannot leave this machine.  A route of Playwright would do, but without a cache."""


def missing(what):
    """Skip, or fail where a browser is required."""
    if os.environ.get("STREAMLAB_REQUIRE_BROWSER") == "1":
        pytest.fail(f"{what}, and STREAMLAB_REQUIRE_BROWSER=1")
    pytest.skip(what)


@pytest.fixture(scope="session")
def chromium():
    """Return a headless chromium."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        missing("no chromium on this machine")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        options = ["--no-sandbox", STAY_HERE]
        browser = playwright.chromium.launch(executable_path=path, args=options)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def jupyterlab(tmp_path_factory):
    """Start a JupyterLab of this Python; return its address and its folder."""
    folder = tmp_path_factory.mktemp("jupyterlab")
    port = free_port()
    (folder / "notebooks").mkdir()
    with (folder / "log.txt").open("w") as log:
        options = {"env": environment(folder), "cwd": ROOT, "stdout": log, "stderr": log}
        server = subprocess.Popen(command(folder, port), **options)
        parent = subprocess.Popen(warm_kernels(folder), **options)
    try:
        wait_for(f"http://127.0.0.1:{port}/api/status", server, folder / "log.txt")
        until(lambda: (folder / "kernels").exists() or parent.poll() is not None)
        yield f"http://127.0.0.1:{port}", folder / "notebooks"
    finally:
        shut_down(server)
        shut_down(parent)


@pytest.fixture(scope="session")
def window(chromium):
    """Return the page of all tests; `errors` are those of its scripts."""
    return new_window(chromium)


def new_window(chromium):
    window = chromium.new_page(viewport={"width": 1100, "height": 900})
    window.errors = []
    window.on("pageerror", lambda error: window.errors.append(str(error)))
    return window


@pytest.fixture(scope="session")
def lessons(jupyterlab, chromium):
    """Run all of these lessons at the same time, each in a page; return the pages by name.

    A lesson mostly waits for its streams.
    """
    pages = {name: new_window(chromium) for name in LESSONS}
    for name, page in pages.items():
        lesson.open_copy(page, jupyterlab, name)
        lesson.begin_all(page)
    for page in pages.values():
        lesson.wait_for_all(page)
    return pages


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


@pytest.fixture
def page(window, tmp_path, request):
    """Return the page, empty; keep a picture of it if the test failed."""
    window.goto("about:blank")
    window.errors.clear()
    yield window
    if FAILED in request.node.stash:
        window.screenshot(path=tmp_path / "last.png")
    window.emulate_media(reduced_motion="null")  # None would leave it as it is


APPS = {"lab": "lab/tree/{}?reset", "notebook": "notebooks/{}"}
"""The front ends that one server has, and where they open a notebook."""


@pytest.fixture
def notebook(jupyterlab, page):
    """Return a function that opens a notebook of the given cells, its kernel idle."""
    url, folder = jupyterlab

    def open_notebook(name, *cells, app="lab"):
        if app == "notebook" and find_spec("notebook") is None:
            missing("no Notebook 7 in this environment")
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
        book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
        nbformat.write(book, folder / name)
        page.goto(f"{url}/{APPS[app].format(name)}")
        wait_for_notebook(page)
        return folder / name

    return open_notebook


def environment(folder):
    """Return an environment in which nothing of the user's own is read or written."""
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    names += ("JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR")
    settings = folder / "JUPYTERLAB_SETTINGS_DIR" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text(json.dumps(SETTINGS))
    python_path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    own = {name: str(folder / name) for name in names}
    return os.environ | own | {"PYTHONPATH": python_path}


def command(folder, port):
    """Return the command line of a JupyterLab without token, extensions or news."""
    options = {
        "ServerApp.port": port,
        "ServerApp.port_retries": 0,
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.open_browser": False,
        "ServerApp.allow_root": True,
        "ServerApp.root_dir": folder / "notebooks",
        "IdentityProvider.token": "",
        "LabApp.expose_app_in_browser": True,
        "JupyterNotebookApp.expose_app_in_browser": True,
        "LabApp.extension_manager": "readonly",
        "LabApp.news_url": None,
        "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
    }
    return [sys.executable, "-m", "jupyterlab", *(f"--{k}={v}" for k, v in options.items())]


def warm_kernels(folder):
    """Let the kernels of `folder` be forks; return the command of the process they are of."""
    socket_path = str(folder / "kernels")
    spec = folder / "JUPYTER_DATA_DIR" / "kernels" / "python3"
    spec.mkdir(parents=True)
    argv = [sys.executable, str(ROOT / "tests/browser/kernels.py"), socket_path]
    about = {"display_name": "Python 3 (ipykernel)", "language": "python"}
    about |= {"argv": [*argv, "{connection_file}"], "metadata": {"debugger": True}}
    (spec / "kernel.json").write_text(json.dumps(about))
    return [sys.executable, "-m", "tests.browser.kernels", socket_path]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(url, server, log):
    """Wait until a server answers; fail with its log if it does not."""
    with suppress(AssertionError):
        until(lambda: server.poll() is not None or answers(url), pause_s=0.1)
    if not answers(url):
        pytest.fail(f"JupyterLab did not start:\n{log.read_text()[-2000:]}")


def answers(url):
    try:
        urllib.request.urlopen(url, timeout=5).close()
    except OSError:
        return False
    return True


def shut_down(server):
    """End a server, its kernels and their labs at once: asked, they take seconds."""
    family = psutil.Process(server.pid).children(recursive=True)
    server.kill()  # first, or it would start its kernels again
    for process in family:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    server.wait()
