"""The web server: a page to draw on, pictures over HTTP, and the Open Inference Protocol.

Needs the extra `serve`. Only the command `serve` imports it.
"""
