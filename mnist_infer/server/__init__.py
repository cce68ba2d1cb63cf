"""The web server: a page to draw on, pictures over HTTP, and the Open Inference Protocol.

Needs the extra `serve`. Nothing else in `mnist_infer` imports it.
"""
