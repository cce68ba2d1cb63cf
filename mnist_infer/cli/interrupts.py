"""Ctrl-C ends the wait for an answer at once, but never cuts an answer short."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

INTERRUPTED = 130
"""The exit code after Ctrl-C, as of a shell."""

_PATIENCE_SECONDS = 0.5
"""How long the main thread may take to react to Ctrl-C."""


def raise_interrupts() -> None:
    """Let Ctrl-C raise `KeyboardInterrupt`, where until now it ended the process."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)


class Interrupts:
    """What Ctrl-C does while answers are found and written."""

    def __init__(self) -> None:
        self.happened = False
        self.is_answering = True
        """Whether an answer is being found, which may be given up."""

    def take(self, end_output: Callable[[], None]) -> None:
        """Handle Ctrl-C from here on.

        A run that was started to ignore it, as a shell's background job is, goes on ignoring it;
        SIGTERM ends that.

        Args:
            end_output: Completes what was written. It is called, in another thread, where the
                main one is in C code that does not return, as with a model that loops for ever.
        """
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            return
        arrived, arriving = os.pipe()
        if sys.platform != "win32":
            os.set_blocking(arriving, False)
        signal.set_wakeup_fd(arriving, warn_on_full_buffer=False)
        threading.Thread(target=self._watch, args=(arrived, end_output), daemon=True).start()
        signal.signal(signal.SIGINT, self._interrupt)

    def _interrupt(self, *_: Any) -> None:
        insists, self.happened = self.happened, True
        if self.is_answering or insists:
            raise KeyboardInterrupt

    def _watch(self, arrived: int, end_output: Callable[[], None]) -> None:
        os.read(arrived, 1)
        time.sleep(_PATIENCE_SECONDS)
        if not self.happened:  # Python calls no handler while C code is at work.
            end_output()
            os._exit(INTERRUPTED)
