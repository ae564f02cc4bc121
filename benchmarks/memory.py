"""Peak memory of a piece of work, in a process of its own."""

import os
import subprocess
import sys

# The high-water mark of the child itself: ru_maxrss would include the parent's, which execve inherits.
PRINT_PEAK = """
try:
    with open("/proc/self/status") as status:
        print(next(int(line.split()[1]) for line in status if line.startswith("VmHWM")))
except FileNotFoundError:
    import resource
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def peak_memory(work: str) -> int:
    """Return the peak resident memory of a fresh process that runs this code, in the system's unit."""
    command = [sys.executable, "-c", work + PRINT_PEAK]
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    return int(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout)
