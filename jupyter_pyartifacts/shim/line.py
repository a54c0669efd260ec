"""Read the line of a magic: words, verb, options. Pure: text in, a command or an error out."""

import difflib
import itertools
import os
import re
import shlex
from collections import namedtuple

from .failures import PyArtifactsError
from .verbs import ALIASES, DISTRIBUTIONS, OPTIONS, VERBS

__all__ = ["Command", "join_specifiers", "parse_line", "split_words"]

Command = namedtuple("Command", "verb arguments options")
"""`options` is a tuple of (name, value) pairs, value None for a switch."""

_OPENS = re.compile(r"(?:[<>=!~]=|[<>]|===|;|@|\[|,)")
_CLOSES = re.compile(r"(?:[<>=!~]=|[<>]|===|;|@|\[|,)\Z")


def _usage(what, hint, found=None):
    return PyArtifactsError(what, hint=hint, found=found, code="usage")


def split_words(line, windows=os.name == "nt"):
    """Split as a shell does, keep `#` inside words, drop a comment that begins a word."""
    lexer = shlex.shlex(line, posix=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    if windows:
        lexer.escape = ""
    try:
        words = list(lexer)
    except ValueError as error:
        raise _usage(
            "the line cannot be read: {}".format(str(error).lower()),
            hint='close the quotation mark: %pyartifacts add "pandas >= 2"',
            found=line.strip(),
        )
    for position, word in enumerate(words):
        if word.startswith("#"):
            return words[:position]
    return words


def join_specifiers(words):
    """Put `pandas >= 2, < 3` together again, which no quotation mark held."""
    joined = []
    for word in words:
        # A word that is an operator, or follows one, belongs to the requirement before it.
        if joined and not word.startswith("-") and _continues(joined[-1], word):
            joined[-1] += word
        else:
            joined.append(word)
    return joined


def _continues(before, word):
    if before.startswith(("./", "../", "/", "~")) or before.endswith(DISTRIBUTIONS):
        return False
    return bool(_OPENS.match(word) or _CLOSES.search(before))


def parse_line(line):
    """Return the Command of a line; raise PyArtifactsError (code `usage`) with a way out."""
    words = split_words(line)
    if not words:
        return Command("help", (), ())
    verb = _verb(words[0])
    arguments, options, wants_help = [], [], False
    rest = iter(words[1:])
    for word in rest:
        if word in ("--help", "-h", "-?", "?"):
            wants_help = True
        elif word == "--":
            arguments.extend(rest)
        elif word.startswith("-") and word != "-":
            if verb.name == "add" and not _is_like_option(verb, word):
                # `-e .`, `-r file`: the engine knows them, and says why it will not have them.
                arguments.append(" ".join([word, *itertools.islice(rest, 1)]))
            else:
                options.append(_option(verb, word, rest))
        else:
            arguments.append(word)
    if wants_help:
        return Command("help", (verb.name,), ())
    if verb.name in ("add", "upgrade", "versions"):
        arguments = join_specifiers(arguments)
    _check_count(verb, arguments)
    if verb.name == "help" and arguments:
        arguments = [_verb(arguments[0]).name]
    return Command(verb.name, tuple(arguments), tuple(options))


def _verb(word):
    if word in ("-h", "--help", "-?", "?"):
        return VERBS["help"]
    if word in VERBS:
        return VERBS[word]
    known = dict(ALIASES, **{name: name for name in VERBS})
    near = next(iter(difflib.get_close_matches(word.lower(), sorted(known), 1)), None)
    near = known.get(near)
    if near is None:
        hint = "the verbs are {}; `%pyartifacts help` says more".format(", ".join(VERBS))
    else:
        hint = "did you mean `%pyartifacts {}`? `%pyartifacts help` shows every verb".format(near)
    raise _usage("%pyartifacts has no verb {!r}".format(word), hint=hint)


def _is_like_option(verb, word):
    name = word.partition("=")[0]
    return name in OPTIONS or bool(difflib.get_close_matches(name, verb.options, 1, 0.7))


def _option(verb, word, rest):
    name, equals, value = word.partition("=")
    if name not in verb.options:
        known = ", ".join(verb.options) or "none"
        if name in OPTIONS:
            what = "`{}` does not take the option {}".format(verb.name, name)
        else:
            what = "`{}` has no option {}".format(verb.name, name)
        near = next(iter(difflib.get_close_matches(name, verb.options, 1)), None)
        if near is None:
            hint = "its options are: {}".format(known)
        else:
            hint = "did you mean {}? its options are: {}".format(near, known)
        raise _usage(what, hint=hint)
    option = OPTIONS[name]
    if option.metavar is None:
        if equals:
            raise _usage("{} takes no value".format(name), hint="write it alone", found=word)
        return (name, None)
    if not equals:
        value = next(rest, None)
    if not value:
        raise _usage(
            "{} needs a value".format(name), hint="write {} {}".format(name, option.metavar)
        )
    return (name, value)


def _check_count(verb, arguments):
    if len(arguments) < verb.minimum:
        raise _usage(
            "`{}` needs to know what".format(verb.name),
            hint="write %pyartifacts {}".format(verb.usage),
        )
    if verb.maximum is not None and len(arguments) > verb.maximum:
        raise _usage(
            "`{}` takes {}".format(
                verb.name, "no argument" if verb.maximum == 0 else "one argument only"
            ),
            hint="write %pyartifacts {}".format(verb.usage),
            found=" ".join(arguments),
        )
