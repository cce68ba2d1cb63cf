"""The command line `mnist-infer`: a thin face, with no logic of its own."""
