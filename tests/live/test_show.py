"""Outside a notebook a live view is nothing, and costs nothing."""

import subprocess
import sys
import threading

from streamlab import live
from tests.live.growing import Growing


def test_outside_a_notebook_nothing_happens():
    threads = threading.active_count()
    with live.showing(Growing(), on_stop=lambda: None) as shown:
        assert shown.view is None
        assert threading.active_count() == threads
    handle = live.show(Growing())
    handle.freeze()
    handle.freeze()
    handle.close()


def test_an_error_inside_goes_through():
    try:
        with live.showing(Growing()):
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    else:
        raise AssertionError("the interrupt was swallowed")


def test_this_is_no_notebook():
    assert live.in_notebook() is False


def test_importing_the_room_loads_no_widgets():
    heavy = "{'anywidget', 'ipywidgets', 'IPython'}"
    code = f"import sys, streamlab.live; print({heavy} & set(sys.modules))"
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert out.stdout == "set()\n"
