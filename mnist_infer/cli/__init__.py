"""The command line `mnist-infer`."""
