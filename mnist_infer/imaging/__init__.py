"""Pixels -> what the networks see: images of 28x28, rows and cells."""
