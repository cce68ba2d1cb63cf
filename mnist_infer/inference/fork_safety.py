"""Sessions after a fork: the new process must neither use nor free those of the old one."""

from __future__ import annotations

import ctypes
import os
import weakref
from typing import Any


class ForkSafe:
    """Holds an ONNX Runtime session that a forked process must neither use nor free."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self.is_abandoned = False
        """Whether another process made it: use it no more."""
        _sessions.add(self)

    def abandon(self) -> None:
        """Never use or free ONNX Runtime's session again: another process made it, before a fork.

        Its threads, and those that may hold its locks, did not come along: to free it could wait
        for them for ever, or crash.
        """
        self.is_abandoned = True
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._session))


_sessions: weakref.WeakSet[ForkSafe] = weakref.WeakSet()


def _abandon_all() -> None:
    for session in _sessions:
        session.abandon()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_abandon_all)
