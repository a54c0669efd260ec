"""Compiles modules of the store; run as a file by a notebook's own interpreter.

Standard library only, any CPython from 3.7 on. Byte code is unchecked-hash (PEP 552), so that no
start looks at the source again, and its file names are relative; the importer puts in the real
ones.

    worker.py serve     lines `TREE<tab>PATH<tab>PACKAGE` on stdin, each answered by one line: the
                        absolute names that the module imports when it is loaded
    worker.py batch     lines `TREE<tab>MARKER` and an empty one on stdin: compile all of each tree
                        but tests, at the lowest priority, then make the empty file MARKER; end at
                        once when stdin ends
"""

from __future__ import annotations

import importlib.util
import marshal
import os
import sys
import threading
from importlib.machinery import SOURCE_SUFFIXES
from opcode import EXTENDED_ARG, opmap
from types import CodeType

SKIPPED = ("test", "tests", "__pycache__")
READ_ONLY = 0o555
WRITABLE = 0o755
ATTEMPTS = 50
UNCHECKED_HASH = (1).to_bytes(4, "little")


def cache_path(path: str) -> str:
    """Return where the byte code of a source file belongs (PEP 3147)."""
    folder, _, name = path.rpartition("/")
    return "%s/__pycache__/%s.%s.pyc" % (folder, name[:-3], sys.implementation.cache_tag)


def load(path: str) -> CodeType | None:
    """Return the code of a byte code file that is ours and whole, else None."""
    try:
        with open(path, "rb") as stream:
            data = stream.read()
        if data[:4] != importlib.util.MAGIC_NUMBER or data[4:8] != UNCHECKED_HASH:
            return None
        code = marshal.loads(data[16:])  # noqa: S302 - written by this very program
    except (OSError, ValueError, EOFError, TypeError):
        return None
    return code if isinstance(code, CodeType) else None


def compile_module(tree: str, path: str) -> CodeType | None:
    """Compile one module beside its source; None if it is no Python of this version."""
    source_path = "%s/%s" % (tree, path)
    target = cache_path(source_path)
    code = load(target)
    if code is not None:
        return code
    try:
        with open(source_path, "rb") as stream:
            source = stream.read()
        code = compile(source, path, "exec", dont_inherit=True)
        data = marshal.dumps(code)
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        return None
    head = importlib.util.MAGIC_NUMBER + UNCHECKED_HASH + importlib.util.source_hash(source)
    write(target, head + data)
    return code


def write(target: str, data: bytes) -> None:
    """Write a byte code file whole, in a directory that is read-only for everybody else."""
    cache = os.path.dirname(target)
    for attempt in range(ATTEMPTS):
        try:
            _make_writable(cache)
            _write_once(target, data)
        except PermissionError:
            # Another worker has just closed the directory.
            if attempt == ATTEMPTS - 1:
                raise
            continue
        os.chmod(cache, READ_ONLY)
        return


def _make_writable(cache: str) -> None:
    try:
        os.mkdir(cache)
    except FileExistsError:
        if not os.access(cache, os.W_OK):
            os.chmod(cache, WRITABLE)
    except PermissionError:
        folder = os.path.dirname(cache)
        os.chmod(folder, WRITABLE)
        try:
            os.mkdir(cache)
        except FileExistsError:
            pass
        finally:
            os.chmod(folder, READ_ONLY)


def _write_once(target: str, data: bytes) -> None:
    cache, name = os.path.split(target)
    temporary = "%s/.%d.%s" % (cache, os.getpid(), name)
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0)
    handle = os.open(temporary, flags, 0o444)
    try:
        with open(handle, "wb") as stream:
            stream.write(data)
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise


def imports(code: CodeType, package: str) -> list[str]:
    """Return the absolute names that a module's own code imports, submodules included.

    What stands under `if TYPE_CHECKING:` or inside functions is left out.
    """
    names: list[str] = []
    raw, consts, symbols = code.co_code, code.co_consts, code.co_names
    import_name, load_const = opmap["IMPORT_NAME"], opmap["LOAD_CONST"]
    small_int = opmap.get("LOAD_SMALL_INT", -1)
    jumps = {
        opmap[name] for name in ("POP_JUMP_IF_FALSE", "POP_JUMP_FORWARD_IF_FALSE") if name in opmap
    }
    loads = {opmap[name] for name in ("LOAD_NAME", "LOAD_ATTR", "LOAD_GLOBAL") if name in opmap}
    guarded = symbols.index("TYPE_CHECKING") if "TYPE_CHECKING" in symbols else -1
    before = last = (-1, 0)
    armed = False
    extended = 0
    position, skip_to = 0, 0
    while position < len(raw):
        operation, argument = raw[position], raw[position + 1] | extended
        position += 2
        if operation == EXTENDED_ARG:
            extended = argument << 8
            continue
        extended = 0
        if operation == 0 or position <= skip_to:
            continue
        if operation in jumps:
            if armed:
                skip_to = _target(position, argument)
            armed = False
        elif operation in loads:
            index = argument >> 1 if operation == opmap["LOAD_ATTR"] and ATTR_SHIFT else argument
            armed = index == guarded
        elif operation == import_name:
            level = _level(before, consts, load_const, small_int)
            fromlist = consts[last[1]] if last[0] == load_const else None
            name = symbols[argument >> IMPORT_SHIFT]
            names += _absolute(name, level, fromlist, package)
        before, last = last, (operation, argument)
    for const in consts:
        if isinstance(const, CodeType) and _is_class_body(const):
            names += imports(const, package)
    return names


ATTR_SHIFT = sys.version_info >= (3, 12)
IMPORT_SHIFT = 2 if sys.version_info >= (3, 15) else 0


def _target(position: int, argument: int) -> int:
    if sys.version_info >= (3, 11):
        return position + 2 * argument
    return 2 * argument if sys.version_info >= (3, 10) else argument


def _level(
    operand: tuple[int, int], consts: tuple[object, ...], load_const: int, small_int: int
) -> int:
    operation, argument = operand
    if operation == small_int:
        return argument
    value = consts[argument] if operation == load_const and argument < len(consts) else 0
    return value if isinstance(value, int) else 0


def _absolute(name: str, level: int, fromlist: object, package: str) -> list[str]:
    if level:
        parts = package.split(".")
        if level > len(parts):
            return []
        base = ".".join(parts[: len(parts) - level + 1] + ([name] if name else []))
    else:
        base = name
    found = [base]
    if isinstance(fromlist, tuple):
        found += ["%s.%s" % (base, each) for each in fromlist if each != "*"]
    return found


def _is_class_body(code: CodeType) -> bool:
    return "__qualname__" in code.co_names and not code.co_argcount and not code.co_flags & 2


def serve() -> None:
    """Compile what is asked for, one module a line."""
    for line in sys.stdin:
        tree, path, package = line.rstrip("\n").split("\t")
        names: list[str] = []
        try:
            code = compile_module(tree, path)
            if code is not None:
                names = imports(code, package)
        except Exception:  # noqa: BLE001 - a module without byte code is only slower
            names = []
        sys.stdout.write(" ".join(sorted(set(names))) + "\n")
        sys.stdout.flush()


def batch() -> None:
    """Compile whole trees at the lowest priority, for as long as somebody holds the other end."""
    try:
        os.nice(19)
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    except (AttributeError, OSError):
        pass
    jobs: list[list[str]] = []
    for line in sys.stdin:
        if line == "\n":
            break
        jobs.append(line.rstrip("\n").split("\t"))
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    for tree, marker in jobs:
        try:
            compile_tree(tree)
            os.close(os.open(marker, os.O_CREAT | os.O_WRONLY, 0o444))
        except OSError:
            # Swept meanwhile, or the disk is full: then there is none, and no harm.
            continue


def _end_with_stdin() -> None:
    while os.read(0, 1):
        pass
    os._exit(0)


def compile_tree(tree: str) -> None:
    """Compile all modules of a tree but its tests. Raises OSError."""
    for folder, folders, files in os.walk(tree):
        folders[:] = sorted(name for name in folders if name not in SKIPPED)
        below = os.path.relpath(folder, tree)
        prefix = "" if below == "." else below.replace(os.sep, "/") + "/"
        for name in sorted(files):
            if name.endswith(SOURCE_SUFFIXES[0]):
                compile_module(tree, prefix + name)


if __name__ == "__main__":
    if hasattr(importlib.util, "source_hash"):
        serve() if sys.argv[1] == "serve" else batch()
