"""What importing the loop does to everybody else."""

import subprocess
import sys

from tests.server import ROOT

ALTERED = """
import pkgutil, sys, types
import web.loop
for module in pkgutil.iter_modules(web.loop.__path__):
    __import__(f"web.loop.{module.name}")

def is_altered(name, module):
    values = [each for each in vars(module).values() if isinstance(each, types.ModuleType)]
    package, _, last = name.rpartition(".")
    found = getattr(sys.modules.get(package), last, module)
    is_another = isinstance(found, types.ModuleType) and found is not module
    return is_another or any(each.__name__.startswith("eventlet.green") for each in values)

others = [each for each in sys.modules.items() if not each[0].startswith(("eventlet", "__patched"))]
print(*(name for name, module in others if is_altered(name, module)))
"""


def test_no_library_is_left_waiting_for_the_loop():
    """Servers of threads stood still in the tests: in the place of `http.server` was one with
    eventlet's sockets and locks.
    """
    run = subprocess.run(
        [sys.executable, "-c", ALTERED], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == []
