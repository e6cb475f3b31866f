"""Starts the runtime client in a function's process whose clock is shifted: `python shifted.py SECONDS HANDLER`.

Runs alone there, without the rest of the emulator. `time.monotonic` and all waiting go on in real time, and so do
programs that the function starts in turn.
"""

from __future__ import annotations

import os
import runpy
import sys
import time
from datetime import timedelta
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any


def main() -> None:
    """Shift the clock and become the runtime client."""
    _, seconds, *rest = sys.argv
    _time_machine().travel(timedelta(seconds=float(seconds)), tick=True).start()
    time.time()  # the first look starts the new clock
    sys.argv[1:] = rest
    runpy.run_module("awslambdaric", run_name="__main__", alter_sys=True)


def _time_machine() -> Any:
    """Import it from where it lies: the search path leads to what hides it."""
    source = Path(os.environ["LAMBDA_RUNTIME_DIR"]) / "time_machine" / "__init__.py"
    spec: Any = spec_from_file_location("time_machine", source, submodule_search_locations=[])
    module = sys.modules["time_machine"] = module_from_spec(spec)  # there its own extension looks for it
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main()
