"""Certificate authorities and connection settings of the index client."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import NetworkError

if TYPE_CHECKING:
    import ssl

__all__ = ["CERTIFICATE_VARIABLES", "create_ssl_context"]

CERTIFICATE_VARIABLES = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def create_ssl_context(environ: Mapping[str, str]) -> ssl.SSLContext:
    """Return a context that verifies with the machine's authorities or the ones named.

    The first of `CERTIFICATE_VARIABLES` that is set names a file (or a directory) of
    authorities; SSL_CERT_DIR is honoured as well. Raises NetworkError if it cannot be read.
    """
    import ssl  # loads OpenSSL, which not every run needs

    for name in CERTIFICATE_VARIABLES:
        place = environ.get(name)
        if not place:
            continue
        try:
            if Path(place).is_dir():
                return ssl.create_default_context(capath=place)
            return ssl.create_default_context(cafile=place)
        except (OSError, ssl.SSLError) as error:
            raise NetworkError(
                f"the certificate authorities that {name} names cannot be read",
                where=place,
                details=str(error),
                hint=f"correct {name}, or unset it",
            ) from error
    context = ssl.create_default_context(capath=environ.get("SSL_CERT_DIR") or None)
    if not context.cert_store_stats()["x509_ca"] and not environ.get("SSL_CERT_DIR"):
        import certifi

        context.load_verify_locations(certifi.where())
    return context
