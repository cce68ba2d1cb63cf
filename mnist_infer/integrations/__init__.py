"""Ray Data and Spark."""
