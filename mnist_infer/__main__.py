"""The command `mnist-infer`, and `python -m mnist_infer`."""

# Not `signal`, which is Python on top of it: Ctrl-C during its import would show a traceback.
import _signal
import sys


def main() -> None:
    """Run the command line; until it has something to complete, Ctrl-C just ends the process."""
    if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
    try:
        from mnist_infer.cli.main import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
