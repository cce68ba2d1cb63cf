"""A page -> lines -> digits with boxes."""
