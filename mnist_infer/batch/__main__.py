"""`python -m mnist_infer.batch` is `mnist-infer-batch`."""

from mnist_infer.batch.cli import main

main()
