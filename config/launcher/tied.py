"""Run a program that cannot outlive its parent: `python -S -E tied.py <parent pid> <signal> program args…`.

A program of its own rather than a `preexec_fn`, which is unsafe in a process with threads. It asks the kernel
for a signal at the parent's death (the request survives exec) and becomes the program. Standard library only:
it runs with `-S`, before any package could be found.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def tie_to_parent(death_signal: int = signal.SIGKILL) -> None:
    """Have the kernel send this process `death_signal` when the thread that started it ends."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")


def main() -> None:
    parent, death_signal, program = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    tie_to_parent(death_signal)
    if os.getppid() != parent:  # it died before the request was made
        sys.exit(1)
    os.execvp(program[0], program)  # noqa: S606


if __name__ == "__main__":
    main()
