"""The security headers of every response, errors included."""

from __future__ import annotations

_CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'{webassembly}",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    )
)


def for_pages(*, compile_webassembly: bool) -> dict[str, str]:
    """Return the headers of a page.

    Args:
        compile_webassembly: Whether the page may, which it needs to run a network by itself.
    """
    webassembly = " 'wasm-unsafe-eval'" if compile_webassembly else ""
    return {
        "Cache-Control": "no-cache",  # An upgraded server shows its new page at once.
        "Content-Security-Policy": _CONTENT_SECURITY_POLICY.format(webassembly=webassembly),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }


FOR_DATA = {
    # Should a browser ever show it as a page, that page may do nothing.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
"""For the answer to a POST, which is never a page."""
