"""The scenarios of the lab: every module of this folder is one.

A module has one constant, ``SCENARIO``.  To add a scenario, add a file.
"""

from importlib import import_module
from pkgutil import iter_modules

from streamlab.server.response import Scenario

__all__ = ["discover"]


def discover() -> dict[str, Scenario]:
    """Return the scenarios of this folder by name, in the order of their files."""
    names = (module.name for module in iter_modules(__path__, f"{__name__}."))
    found: list[Scenario] = [import_module(name).SCENARIO for name in names]
    return {scenario.name: scenario for scenario in found}
