"""The answer to `import x` of something that is not pinned: which `%pyartifacts add` brings it."""

import sys

from .loaded import normalize

__all__ = ["DISTRIBUTIONS", "distribution_for", "hint_for"]

# Import names whose distribution is called otherwise, the ones that notebooks meet most.
DISTRIBUTIONS = {
    "Bio": "biopython",
    "Crypto": "pycryptodome",
    "Cryptodome": "pycryptodomex",
    "Image": "pillow",
    "MySQLdb": "mysqlclient",
    "OpenGL": "pyopengl",
    "OpenSSL": "pyopenssl",
    "PIL": "pillow",
    "Xlib": "python-xlib",
    "_cffi_backend": "cffi",
    "absl": "absl-py",
    "attr": "attrs",
    "bidi": "python-bidi",
    "bs4": "beautifulsoup4",
    "cairo": "pycairo",
    "community": "python-louvain",
    "cv2": "opencv-python-headless",
    "cupy": "cupy-cuda12x",
    "dateutil": "python-dateutil",
    "dns": "dnspython",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "faiss": "faiss-cpu",
    "fitz": "pymupdf",
    "gi": "pygobject",
    "git": "gitpython",
    "github": "pygithub",
    "google.cloud.bigquery": "google-cloud-bigquery",
    "google.cloud.storage": "google-cloud-storage",
    "google.generativeai": "google-generativeai",
    "google.protobuf": "protobuf",
    "googleapiclient": "google-api-python-client",
    "grpc": "grpcio",
    "haystack": "haystack-ai",
    "imblearn": "imbalanced-learn",
    "jose": "python-jose",
    "jwt": "pyjwt",
    "kafka": "kafka-python",
    "ldap": "python-ldap",
    "magic": "python-magic",
    "mpl_toolkits": "matplotlib",
    "mpl_toolkits.basemap": "basemap",
    "osgeo": "gdal",
    "paho": "paho-mqtt",
    "past": "future",
    "pkg_resources": "setuptools",
    "plotly_express": "plotly",
    "psycopg": "psycopg[binary]",
    "psycopg2": "psycopg2-binary",
    "pylab": "matplotlib",
    "pythoncom": "pywin32",
    "pywintypes": "pywin32",
    "ruamel": "ruamel.yaml",
    "serial": "pyserial",
    "shapefile": "pyshp",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "skmisc": "scikit-misc",
    "skopt": "scikit-optimize",
    "slugify": "python-slugify",
    "snowflake": "snowflake-connector-python",
    "socks": "pysocks",
    "speech_recognition": "speechrecognition",
    "stl": "numpy-stl",
    "surprise": "scikit-surprise",
    "telegram": "python-telegram-bot",
    "tlz": "toolz",
    "umap": "umap-learn",
    "usb": "pyusb",
    "websocket": "websocket-client",
    "win32api": "pywin32",
    "win32com": "pywin32",
    "win32con": "pywin32",
    "wx": "wxpython",
    "xdist": "pytest-xdist",
    "yaml": "pyyaml",
    "zmq": "pyzmq",
    "zoneinfo": "backports.zoneinfo",
}

# Modules of the standard library that a Python may lack; no distribution brings them.
_STANDARD = {"_bz2", "_curses", "_lzma", "_sqlite3", "_tkinter", "readline", "tkinter", "turtle"}


def distribution_for(module):
    """Return the distribution that provides a module, by the table or by its own name.

    None where the name can be no distribution's, or is the standard library's.
    """
    parts = module.split(".")
    if parts[0] in _STANDARD or parts[0] in getattr(sys, "stdlib_module_names", ()):
        return None
    for length in range(len(parts), 0, -1):
        found = DISTRIBUTIONS.get(".".join(parts[:length]))
        if found:
            return found
    top = parts[0]
    if not top or top.startswith("_") or not top.isidentifier():
        return None
    return normalize(top)


def hint_for(error, pinned=()):
    """Return the hint for a ModuleNotFoundError, None where there is nothing to say.

    `pinned` are canonical names. Nothing is said of a submodule that a present package lacks, or
    of a module whose distribution is pinned already.
    """
    module = getattr(error, "name", None)
    if not isinstance(module, str) or not module:
        return None
    if "." in module and module.split(".")[0] in sys.modules:
        # `google` may be there, and `google.cloud` not: the namespace is shared.
        parent = sys.modules[module.split(".")[0]]
        if getattr(parent, "__file__", None) is not None:
            return None
    distribution = distribution_for(module)
    if distribution is None or normalize(distribution.partition("[")[0]) in pinned:
        return None
    quoted = '"{}"'.format(distribution) if "[" in distribution else distribution
    return "%pyartifacts add {}".format(quoted)
