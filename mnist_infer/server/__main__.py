"""`python -m mnist_infer.server` is `mnist-infer-serve`."""

from mnist_infer.server.cli import main

main()
