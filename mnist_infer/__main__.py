"""The command `mnist-infer`, and `python -m mnist_infer`."""

import signal
import sys


def main() -> None:
    """Run the command line; until it has something to complete, Ctrl-C just ends the process."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        from mnist_infer.cli.main import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
