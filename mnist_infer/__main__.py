"""The command `mnist-infer`, and `python -m mnist_infer`."""

import sys


def main() -> None:
    """Run the command line; Ctrl-C is quiet from here on, while it is still importing too."""
    try:
        from mnist_infer.cli.main import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
