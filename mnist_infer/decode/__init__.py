"""Any source of a picture -> upright, opaque pixels, within limits."""
