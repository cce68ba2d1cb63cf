"""`mnist-infer batch`: all the images of a folder or bucket -> Parquet, on Ray, resumable.

The work is cut into parts once, and each part becomes one file, which appears whole or not at all.
So a run that was killed goes on where it was, and no image has two rows.
"""
