"""`python -m mnist_infer` is `mnist-infer`."""

from mnist_infer.cli import main

main()
