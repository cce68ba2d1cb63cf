"""Runs the command line: `python -m train`."""

from train.cli import app

if __name__ == "__main__":  # not in the processes that a fit starts
    app(prog_name="python -m train")
