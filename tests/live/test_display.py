"""Outside a notebook a live view does nothing, and costs nothing."""

import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest
from ipywidgets.widgets import widget

from streamlab import live
from streamlab.live import display
from tests.live.growing import DONE, Growing, chat


class Shell:
    """What a view needs of IPython's shell in a kernel; keeps what is published."""

    def __init__(self):
        self.kernel = object()
        self.display_pub = SimpleNamespace(publish=self.publish)
        self.published = []

    def publish(self, data, metadata, transient, update):
        self.published.append((sorted(data), transient["display_id"], update))


@pytest.fixture
def shell(monkeypatch):
    shell = Shell()
    monkeypatch.setattr(display, "_shell", lambda: shell)
    return shell


WIDGET = ["application/vnd.jupyter.widget-view+json", "text/plain"]
STATIC = ["text/html", "text/plain"]


def test_an_output_is_shown_once_and_replaced_once(shell):
    log = Growing()
    with live.show_models([live.LiveModel(log)]):
        log.read(10, chat("x") + DONE)
        log.end("eof")
    (first, name, new), (last, same_name, update) = shell.published

    assert (first, new, last, update) == (WIDGET, False, STATIC, True)
    assert name == same_name


def test_frozen_in_the_background_it_is_said_once_more_in_a_cell(shell):
    shown = live.show_models([live.LiveModel(Growing())])
    thread = threading.Thread(target=shown.freeze)
    thread.start()
    thread.join()
    shown.freeze()
    shown.freeze()

    assert [bundle for bundle, *_ in shell.published] == [WIDGET, STATIC, STATIC]


def test_frozen_in_a_cell_it_is_not_said_again(shell):
    shown = live.show_models([live.LiveModel(Growing())])
    shown.freeze()
    shown.freeze()
    shown.close()

    assert [bundle for bundle, *_ in shell.published] == [WIDGET, STATIC]


def test_a_view_that_is_held_is_replaced_when_it_is_let_go(shell):
    shown = live.show_models([live.LiveModel(Growing())])
    view = shown.view
    view.scope._handle_custom_msg({"do": "hold", "on": True}, [])
    shown.freeze()
    held = [bundle for bundle, *_ in shell.published]
    view.scope._handle_custom_msg({"do": "hold", "on": False}, [])

    assert held == [WIDGET]
    assert [bundle for bundle, *_ in shell.published] == [WIDGET, STATIC]
    assert view.scope.comm is None


def test_a_scope_that_a_reloaded_page_shows_is_left_open_until_its_cell_runs_again(
    shell, monkeypatch
):
    parent = {"header": {"msg_id": "1"}, "metadata": {"cellId": "a"}}
    monkeypatch.setattr(shell, "get_parent", lambda: parent, raising=False)
    shown = live.show_models([live.LiveModel(Growing())])
    scope = shown.view.scope
    for _ in range(2):
        scope._handle_custom_msg({"do": "appear"}, [])
    shown.freeze()

    assert scope.comm is not None
    assert scope.state["streams"][0]["number"] > 0

    again = live.show_models([live.LiveModel(Growing())])
    assert scope.comm is None
    again.close()


def test_a_closed_view_leaves_no_widget(shell):
    before = len(widget._instances)
    for _ in range(3):
        with live.show_models([live.LiveModel(Growing())]):
            pass

    assert len(widget._instances) == before


def test_the_frozen_view_is_as_high_as_the_scope(shell):
    shown = live.show_models([live.LiveModel(Growing())])
    shown.view.scope._handle_custom_msg({"do": "height", "height_px": 710}, [])
    shown.freeze()

    assert shown.frozen["text/html"].startswith('<div style="height:710px;overflow:auto;')


def test_a_view_that_cannot_be_shown_leaves_the_capture_alone(shell):
    shell.display_pub = None
    with (
        pytest.warns(RuntimeWarning, match="the live view stopped"),
        live.show_models([live.LiveModel(Growing())]),
    ):
        captured = True

    assert captured


def test_no_thread_is_left_behind(shell):
    for _ in range(3):
        with live.show_models([live.LiveModel(Growing())]):
            pass

    assert "streamlab-live" not in [thread.name for thread in threading.enumerate()]


def test_outside_a_notebook_nothing_happens():
    threads = threading.active_count()
    with live.show_models([live.LiveModel(Growing())], on_stop=lambda: None) as shown:
        assert shown.view is None
        assert threading.active_count() == threads
    handle = live.show_models([live.LiveModel(Growing())])
    handle.freeze()
    handle.freeze()
    handle.close()


def test_an_error_inside_goes_through():
    try:
        with live.show_models([live.LiveModel(Growing())]):
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    else:
        raise AssertionError("the interrupt was swallowed")


def test_marimo_is_told_in_one_sentence(monkeypatch):
    marimo = SimpleNamespace(running_in_notebook=lambda: True)
    monkeypatch.setitem(sys.modules, "marimo", marimo)
    with pytest.warns(UserWarning, match="marimo has none. Show the recording in a cell"):
        shown = live.show_models([live.LiveModel(Growing())])

    assert shown.view is None


def test_this_is_no_notebook():
    assert live.in_notebook() is False


def test_importing_the_room_loads_no_widgets():
    heavy = "{'anywidget', 'ipywidgets', 'IPython'}"
    code = f"import sys, streamlab.live; print({heavy} & set(sys.modules))"
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert out.stdout == "set()\n"
