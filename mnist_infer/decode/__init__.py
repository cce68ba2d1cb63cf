"""Any source of a picture -> upright, opaque pixels, within limits.

To *decode* a picture is to turn its file into pixels. To *read* one is to find its digits
(`Recognizer.read`).
"""
