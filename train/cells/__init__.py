"""The cell network: what a digit of a row is, seen on its paper with what stands beside it."""
