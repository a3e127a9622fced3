"""Becomes another program, after tying its life to the parent's and giving up root.

Run as a script (see `children.spawn`), never imported: between fork and exec a process with threads may run no Python,
so the work that needs a child process of its own is done here. Arguments: the parent's pid, the signal to get when the
parent dies, the uid and gid to take (-1: keep), 1 to keep the right to pass closed directories, then the command.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG, PR_SET_SECUREBITS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 1, 28, 47, 2
SECBIT_NO_SETUID_FIXUP = 1 << 2
CAP_DAC_OVERRIDE = 1
CAPABILITY_VERSION_3 = 0x20080522


class _CapHeader(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _CapData(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def main(arguments: list[str]) -> None:
    parent, death_signal, uid, gid, pass_closed_directories = (int(value) for value in arguments[:5])
    command = arguments[5:]
    if uid >= 0:
        _become(uid, gid, pass_closed_directories=bool(pass_closed_directories))
    if sys.platform == "linux":
        _call("prctl", PR_SET_PDEATHSIG, death_signal, 0, 0, 0)  # last: a change of account clears it
        if os.getppid() != parent:
            sys.exit("the parent is already gone")
    os.execv(command[0], command)  # noqa: S606 - a fixed argument list, no shell wanted


def _become(uid: int, gid: int, *, pass_closed_directories: bool) -> None:
    if pass_closed_directories:
        # Keeps capabilities when root is given up, and makes access(2), by which initdb looks for postgres, heed them.
        _call("prctl", PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    if pass_closed_directories:
        mask = 1 << CAP_DAC_OVERRIDE
        data = (_CapData * 2)(_CapData(mask, mask, mask))
        _call("capset", ctypes.byref(_CapHeader(CAPABILITY_VERSION_3, 0)), data)
        _call("prctl", PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0)


def _call(function: str, *arguments: object) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, function)(*arguments) != 0:
        sys.exit(f"{function}: {os.strerror(ctypes.get_errno())}")


if __name__ == "__main__":
    main(sys.argv[1:])
