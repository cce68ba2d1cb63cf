"""The tests, as a package of its own: some libraries install one of the same name."""
