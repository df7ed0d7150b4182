"""``python -m tests.benchmarks NAME …`` runs the benchmark in ``tests/benchmarks/NAME.py``.

A benchmark is a module with ``main(argv)``, which measures, prints a table and returns
an exit code or None.  To add one, add the file.
"""

import sys
from importlib import import_module
from pathlib import Path

NAMES = sorted(path.stem for path in Path(__file__).parent.glob("[!_]*.py"))


def main(argv: list[str]) -> int:
    if not argv or argv[0] not in NAMES:
        print(f"usage: python -m tests.benchmarks {{{','.join(NAMES)}}} …", file=sys.stderr)
        return 2
    return import_module(f"tests.benchmarks.{argv[0]}").main(argv[1:]) or 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
