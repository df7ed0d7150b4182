"""The ES modules of the scope: their units run in Node.js, if it is there."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from streamlab.live.view import Scope, module

HERE = Path(__file__).parent / "modules"
NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="no node on this machine")


@needs_node
def test_the_units_of_the_modules_pass():
    files = sorted(map(str, HERE.glob("*.test.mjs")))
    done = subprocess.run([NODE, "--test", *files], capture_output=True, text=True)

    assert len(files) == 2
    assert done.returncode == 0, done.stdout + done.stderr


@needs_node
def test_the_modules_joined_are_one_that_renders(tmp_path):
    joined = module("held.mjs", "axis.mjs", "marks.mjs", "draw.mjs", "scope.mjs")
    (tmp_path / "scope.mjs").write_text(joined)
    (tmp_path / "told.mjs").write_text(
        'import scope from "./scope.mjs"; console.log(typeof scope.render);'
    )
    done = subprocess.run([NODE, tmp_path / "told.mjs"], capture_output=True, text=True)

    assert done.stdout == "function\n", done.stderr
    assert not re.search(r"^import ", joined, re.MULTILINE)
    assert Scope._esm == joined


def test_nothing_is_loaded_from_elsewhere():
    """No CDN, no build: the module is the text of our files."""
    for path in Path(module.__code__.co_filename).parent.glob("*.*s*"):
        assert "://" not in path.read_text("utf-8"), path
