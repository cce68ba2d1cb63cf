"""The row network: reads a whole row of digits at once, and is trained on generated rows."""
