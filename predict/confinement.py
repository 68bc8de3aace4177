"""No network for this process, whatever it runs: the kernel refuses it new sockets and the memory of other processes.

Linux filters the system calls of a process (seccomp, `man 2 seccomp`); a filter cannot be taken off again, and holds
for every thread and every program that is started from here. On other systems nothing is filtered.
"""

import ctypes
import platform
import struct
import sys
from dataclasses import dataclass
from typing import Final

_NO_NEW_PRIVILEGES: Final = 38  # prctl: asked for before somebody without privileges may filter
_SET_FILTER, _ALL_THREADS = 1, 1
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06  # instructions of classic BPF
_CALL, _MACHINE = 0, 4  # where `struct seccomp_data` has them
_ALLOWED, _REFUSED = 0x7FFF0000, 0x00050001  # the second is EPERM
_OTHER_NUMBERS: Final = 0x40000000  # calls of the x32 ABI have numbers from here on


@dataclass(frozen=True, slots=True)
class _Machine:
    """Numbers of a processor: its own for the audit, that of `seccomp`, and those of the calls that are refused."""

    audit: int
    seccomp: int
    refused: tuple[int, ...]


_EVERYWHERE: Final = (425, 438)  # io_uring_setup (it opens sockets, too), pidfd_getfd
_MACHINES: Final = {  # socket, ptrace, process_vm_readv, process_vm_writev
    "x86_64": _Machine(0xC000003E, 317, (41, 101, 310, 311, *_EVERYWHERE)),
    "aarch64": _Machine(0xC00000B7, 277, (198, 117, 270, 271, *_EVERYWHERE)),
}


def confine() -> bool:
    """Give up the network for good; False where this system cannot be asked to."""
    machine = _MACHINES.get(platform.machine()) if sys.platform == "linux" else None
    if machine is None or sys.byteorder != "little":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        return False
    code = _program(machine)
    lines = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("HxxxxxxP", len(code) // struct.calcsize("HBBI"), ctypes.addressof(lines))
    installed = libc.syscall(machine.seccomp, _SET_FILTER, _ALL_THREADS, ctypes.create_string_buffer(program))
    return bool(installed == 0)


def _program(machine: _Machine) -> bytes:
    """Write the filter: calls by another processor's numbers are refused, and those that are listed."""
    calls = len(machine.refused)
    steps = [
        (_LOAD, 0, 0, _MACHINE),
        (_EQUAL, 0, calls + 3, machine.audit),
        (_LOAD, 0, 0, _CALL),
        (_AT_LEAST, calls + 1, 0, _OTHER_NUMBERS),
        *((_EQUAL, calls - place, 0, call) for place, call in enumerate(machine.refused)),
        (_RETURN, 0, 0, _ALLOWED),
        (_RETURN, 0, 0, _REFUSED),
    ]
    return b"".join(struct.pack("HBBI", *step) for step in steps)
