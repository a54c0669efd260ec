"""Byte code for the store: compiles what it is told, in the very interpreter that will load it.

Run by path (`python -I -S -B compiling.py`), with one JSON object on standard input:

    tag        the interpreter's cache tag
    stamp      what the byte code is keyed by: magic number and full version
    site       a site-packages directory
    library    the directory of the standard library, if it is in the store, else empty
    roots      modules to begin with: they and what they import are compiled first
    code       Python source, such as a notebook's: what it imports comes after the roots
    asked      directories of artifacts whose packages come after that
    stripe     [number, count]: of what is found so, this share only
    artifacts  directories of artifacts whose sources are all compiled then, at low priority
    skip       names of directories whose sources are left out (tests)
    done       a file to write when everything is there, or null
    lock       a file to lock meanwhile: one process of a store compiles all, the others wait
    owner      a process (its number) without which the artifacts are not gone on with, or null

It writes one line to standard output when the roots and what they import are done.

Byte code is never checked against its source again (PEP 552, unchecked hash): sources in the
store don't change. A source that does not compile has none, as everywhere.
"""

import gc
import importlib._bootstrap_external as external
import json
import os
import re
import sys
import warnings
from functools import lru_cache

try:
    from _imp import source_hash
except ImportError:  # before 3.7
    source_hash = None

MARKER = "BYTECODE-"
WHOLE = "whole"
TRIES = 3

# debugpy puts this on the path before it imports the debugger.
FURTHER = ("", "debugpy/_vendored/pydevd/")
# What the interpreter itself imports, where no statement shows it.
STARTUP = ["site", "encodings.utf_8", "encodings.latin_1", "runpy", "sysconfig"]
# Behind a test that a kernel never meets, or wanted by a terminal only.
NEVER = frozenset(["IPython.terminal", "prompt_toolkit"])
# Where the name of a package does not say what notebooks import of it.
USUAL = {"matplotlib": ("matplotlib.pyplot", "matplotlib_inline.backend_inline")}
# Where statements may begin: searching for these is quicker than any expression over all lines.
STARTS = (b"\nimport ", b"\nfrom ", b"\n    import ", b"\n    from ")
NEAR = 12
IMPORT = re.compile(
    rb"\n *(?:from[ \t]+(\.*[\w.]*)[ \t]+import[ \t]+(\([^)]*\)|[^\n#]*)"
    rb"|import[ \t]+([^\n#;]+))"
)
COMMENT = re.compile(rb"#[^\n]*")
NAME = re.compile(rb"([A-Za-z_]\w*)(?:[ \t]+as[ \t]+\w+)?")
DOTTED = re.compile(rb"([A-Za-z_][\w.]*)(?:[ \t]+as[ \t]+\w+)?")


class HotSet:
    """The sources of some modules and of all they import, in the order in which they are met.

    It follows the import statements at a module's top level, also those in a `try`, within one
    site-packages, and runs nothing. It need not be exact: what it misses is compiled later,
    what it finds in excess costs a little time.
    """

    def __init__(self, site):
        self._site = site
        self._known = {}
        self._listings = {}
        self.found = []

    def walk(self, roots):
        """Find all; `found` has pairs (path, path below site-packages)."""
        # Depth first, as imports run; a stack, since chains are longer than recursion may be.
        stack = [iter(roots)]
        while stack:
            name = next(stack[-1], None)
            if name is None:
                stack.pop()
                continue
            parts = name.split(".")
            for count in range(1, len(parts) + 1):
                part = ".".join(parts[:count])
                if part in self._known or part in NEVER:
                    continue
                relative = self._known[part] = self._find(part)
                if relative is not None:
                    stack.append(iter(self._imports(part, relative)))
        return self.found

    def missed(self):
        """Return the names that were met and are no modules here, in the order of the meeting."""
        return [name for name, relative in self._known.items() if relative is None]

    def _find(self, name):
        """Return a module's path below site-packages; None if it is none, or not Python."""
        parent, _, last = name.rpartition(".")
        homes = FURTHER
        if parent:
            home = self._known.get(parent)
            if home is None or not home.endswith("/__init__.py"):
                return None
            homes = (home[: -len("__init__.py")],)
        for home in homes:
            names = self._names(home)
            if last in names and "__init__.py" in self._names("{}{}/".format(home, last)):
                return "{}{}/__init__.py".format(home, last)
            if last + ".py" in names:
                return "{}{}.py".format(home, last)
        return None

    def _names(self, folder):
        """Return what is in a directory below site-packages; looked up once."""
        names = self._listings.get(folder)
        if names is None:
            try:
                names = frozenset(os.listdir("{}/{}".format(self._site, folder)))
            except OSError:
                names = frozenset()
            self._listings[folder] = names
        return names

    def _imports(self, name, relative):
        path = "{}/{}".format(self._site, relative)
        try:
            with open(path, "rb") as stream:
                text = stream.read()
        except OSError:
            return []
        self.found.append((path, relative))
        package = name if relative.endswith("/__init__.py") else name.rpartition(".")[0]
        return list(imported(text, package))


def imported(text, package):
    """Yield the names that a module of `package` may import at its top level."""
    for match in statements(b"\n" + text):
        origin, names, plain = match.groups()
        if plain is not None:
            for name in DOTTED.findall(plain):
                yield name.decode()
            continue
        base = origin.decode("utf-8", "replace")
        dots = len(base) - len(base.lstrip("."))
        if dots:
            parts = package.split(".")
            if dots > len(parts):
                continue
            parts = parts[: len(parts) - dots + 1]
            base = ".".join(parts + ([base[dots:]] if base[dots:] else []))
        yield base
        for name in NAME.findall(COMMENT.sub(b"", names)):
            yield "{}.{}".format(base, name.decode())


def statements(text):
    """Yield matches of import statements at the top level, or in a `try` there, in order."""
    found = []
    for start in STARTS:
        position = text.find(start)
        while position >= 0:
            if start[1:2] != b" " or in_try(text, position):
                match = IMPORT.match(text, position)
                if match is not None:
                    found.append((position, match))
            position = text.find(start, position + 1)
    return [match for _, match in sorted(found, key=lambda pair: pair[0])]


def in_try(text, position):
    """Tell whether the nearest line above without indentation opens a `try` or the like."""
    for _ in range(NEAR):
        position = text.rfind(b"\n", 0, position)
        if position < 0:
            return False
        if text[position + 1 : position + 2] not in b" \t\r\n#)":
            return text[position + 1 : position + 5] in (b"try:", b"else", b"exce", b"with")
    return False


def usual_imports(home):
    """Return what a notebook imports of an artifact, by its entries in site-packages."""
    try:
        with open(home + "/facts.json", "rb") as stream:
            tops = json.loads(stream.read().decode())["tops"]
    except (OSError, ValueError, KeyError):
        return []
    names = []
    for top in tops:
        name = top[:-1] if top.endswith("/") else top[:-3] if top.endswith(".py") else ""
        if name.isidentifier() and not name.startswith("_"):
            names.extend(USUAL.get(name, (name,)))
    return names


def compile_file(source, name, tag):
    """Write the byte code of one source, unless it is there."""
    folder, _, base = source.rpartition("/")
    target = "{}/{}.{}.pyc".format(cache_of(folder), base[:-3], tag)
    if os.path.islink(target):
        target = os.path.realpath(target)
    if os.path.exists(target):
        return
    try:
        with open(source, "rb") as stream:
            text = stream.read()
        code = compile(text, name, "exec", dont_inherit=True)
        if source_hash is None:
            status = os.stat(source)
            data = external._code_to_bytecode(code, int(status.st_mtime), status.st_size)
        else:
            key = source_hash(external._RAW_MAGIC_NUMBER, text)
            data = external._code_to_hash_pyc(code, key, False)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OSError):
        return
    write_file(target, data)


@lru_cache(None)
def cache_of(folder):
    """Return where the byte code of a directory's sources is: in the tree that a view links to."""
    return os.path.realpath(folder + "/__pycache__")


def write_file(target, data):
    """Write a file at once; a directory of a tree is opened for its cache and closed again."""
    # Named as byte code is: what a killed process leaves is no damage to the tree.
    temporary = "{}.{}.pyc".format(target, os.getpid())
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0)
    try:
        try:
            handle = os.open(temporary, flags, 0o444)
        except FileNotFoundError:
            make_cache(os.path.dirname(target))
            handle = os.open(temporary, flags, 0o444)
        with open(handle, "wb") as stream:
            stream.write(data)
        os.replace(temporary, target)
    except OSError:
        return


def make_cache(cache):
    """Make a `__pycache__` in a directory that is read-only."""
    if os.path.basename(cache) != "__pycache__":
        return
    try:
        os.mkdir(cache)
    except FileExistsError:
        pass
    except PermissionError:
        folder = os.path.dirname(cache)
        mode = os.stat(folder).st_mode & 0o777
        os.chmod(folder, mode | 0o200)
        try:
            os.mkdir(cache)
        finally:
            os.chmod(folder, mode)


def leave_with(owner):
    """End this process if its owner has ended."""
    if owner is None:
        return
    try:
        os.kill(owner, 0)
    except ProcessLookupError:
        sys.exit(0)
    except OSError:
        pass


def compile_artifact(home, tag, stamp, skip, owner=None):
    """Write the byte code of all sources of an artifact; throw away what is of another stamp."""
    marker = "{}/{}{}".format(home, MARKER, tag)
    try:
        with open(marker, encoding="ascii") as stream:
            found, state = stream.read().split("\n")[:2]
    except (OSError, ValueError):
        found, state = "", "0"
    if found == stamp and state in (WHOLE, str(TRIES)):
        return
    names = list(sources(home, skip))
    if found and found != stamp:
        for path, _ in names:
            discard("{}/tree/{}".format(home, path), tag)
        state = "0"
    # A source that brings the compiler down is not tried forever.
    write_file(marker, note(stamp, str(int(state) + 1) if state.isdigit() else "1"))
    for path, name in names:
        leave_with(owner)
        compile_file("{}/tree/{}".format(home, path), name, tag)
    write_file(marker, note(stamp, WHOLE))


def note(stamp, state):
    """Return the marker that says how far the byte code of an artifact is."""
    return "{}\n{}\n".format(stamp, state).encode("ascii")


def discard(source, tag):
    """Remove the byte code of one source."""
    folder, _, base = source.rpartition("/")
    try:
        os.unlink("{}/__pycache__/{}.{}.pyc".format(folder, base[:-3], tag))
    except OSError:
        pass


def sources(home, skip):
    """Yield the modules of an artifact: path in its tree, path below site-packages."""
    with open(home + "/MANIFEST", encoding="utf-8") as stream:
        lines = stream.read().split("\n")
    for line in lines:
        path = line.split(" ", 2)[-1]
        if not path.endswith(".py"):
            continue
        name = path
        top, _, rest = path.partition("/")
        if top.endswith(".data"):
            scheme, _, name = rest.partition("/")
            if scheme not in ("purelib", "platlib"):
                continue
        if skip.isdisjoint(name.split("/")[:-1]):
            yield path, name


def step_back():
    """Take only the time that nobody else wants."""
    try:
        # Linux weighs sessions against each other first (autogroup, sched(7)): within one of its
        # own even an idle process has the share of a busy one.
        with open("/proc/self/autogroup", "w") as stream:
            stream.write("19")
    except OSError:
        pass
    try:
        os.nice(19)
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    except (AttributeError, OSError):
        pass


def wait_for(path):
    """Take a lock that ends with this process."""
    try:
        import fcntl

        fcntl.flock(os.open(path, os.O_RDWR | os.O_CREAT, 0o666), fcntl.LOCK_EX)
    except (ImportError, OSError):
        pass


def say_done():
    """Write a line for whoever waits for the roots."""
    try:
        os.write(1, b"\n")
    except OSError:
        pass


def main():
    """Do what standard input says."""
    warnings.simplefilter("ignore")
    # Compiling makes many objects and no cycles: looking for these takes a twentieth of the time.
    gc.set_threshold(100000)
    task = json.load(sys.stdin)
    number, count = task["stripe"]
    owner = task["owner"]
    own = HotSet(task["site"])
    library = HotSet(task["library"]) if task["library"] else None
    # A group at a time: what is wanted first waits for no look at what comes later.
    groups = [task["roots"], imported(task["code"].encode("utf-8", "replace"), "")]
    groups += [usual_imports(home) for home in task["asked"]]
    for turn, names in enumerate(groups):
        known = len(own.found)
        found = own.walk(names)[known:]
        if library is not None:
            # First what every start imports, then what the packages do.
            known = len(library.found)
            found = library.walk(STARTUP + own.missed())[known:] + found
        for source, name in found[number::count]:
            leave_with(owner)
            compile_file(source, name, task["tag"])
        if turn == 0:
            say_done()
    if not task["artifacts"]:
        return
    step_back()
    wait_for(task["lock"])
    for home in task["artifacts"]:
        try:
            compile_artifact(home, task["tag"], task["stamp"], frozenset(task["skip"]), owner)
        except (OSError, ValueError):
            continue
    if task["done"]:
        write_file(task["done"], b"")


if __name__ == "__main__":
    main()
