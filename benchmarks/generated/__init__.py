"""Generated pictures of digits and rows that nothing was trained on, kind by kind."""
