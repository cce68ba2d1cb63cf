"""Pixels -> the 28x28 inputs of the network."""
