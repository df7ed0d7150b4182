"""What the tests do with a page of JupyterLab, whichever notebook it shows."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
KERNEL_IS_IDLE = """() => {
    const context = window.jupyterapp?.shell.currentWidget?.sessionContext;
    return context?.isReady && context.session?.kernel?.status === "idle";
}"""


def wait_for_notebook(page):
    """Wait until a notebook is shown and its kernel is idle."""
    page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=30_000)
    page.wait_for_function(KERNEL_IS_IDLE, timeout=30_000)


def execute(page, command_id):
    """Run a command of JupyterLab.  Not awaited: it would end with the cell it runs."""
    page.evaluate("id => { window.jupyterapp.commands.execute(id); }", command_id)


def let_it_draw(page):
    """Wait until the page has drawn what is new: the frame under way, and one more."""
    frame = "await new Promise(requestAnimationFrame);"
    page.evaluate(f"async () => {{ {frame} {frame} }}")
