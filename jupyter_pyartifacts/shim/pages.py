"""What the pages of a panel say, as markup. Pure: facts of the engine in, markup out."""

from . import markup
from .failures import PyArtifactsError
from .results import result_of
from .shown import ShowResult
from .words import count, size

__all__ = [
    "newer_text",
    "nothing_shown",
    "package_parts",
    "platform_parts",
    "python_parts",
    "requirement_line",
    "static_bundle",
    "usage",
    "verdict",
    "version_options",
]

# Where widgets are drawn, the panel stands in the table's place. Where they are not (another day,
# another program, a kernel that was restarted), the table stays, and neither dead buttons nor
# Lab's line about a model that is gone are shown.
_LIVE = ":has(.pya-live:not(.jupyter-widgets-disconnected))"
_STATIC = (
    "<style>"
    ".jp-OutputArea{live} .jp-OutputArea-child:has(.pya-static),"
    ".output{live} .output_area:has(.pya-static),"
    ".pya-live.jupyter-widgets-disconnected,"
    ".jp-OutputArea:has(.pya-static) .jp-OutputArea-output.jupyter-widgets:not(:has(*)),"
    ".pya-static .pya-again{{display:none}}"
    ".jp-NotebookPanel .pya-static .pya-again{{display:block}}"
    "</style>"
).format(live=_LIVE)
_AGAIN = '<div class="pya-dim pya-again">run this cell again for the buttons</div>'


def static_bundle(shown, note="", kind="dim"):
    """Return what the panel is where no widgets are drawn: the table and, below it, a note."""
    parts = list(shown.html_parts())
    parts.append(markup.box(markup.escape(note), kind) if note else _AGAIN)
    text = repr(shown) + ("\n" + note if note else "")
    return {
        "text/plain": text,
        "text/html": '<div class="pya-static">{}{}</div>'.format(_STATIC, markup.wrap(*parts)),
    }


def newer_text(row):
    """Return in few words what is newer than a pin: the row of `outdated`, None if nothing is."""
    if row is None:
        return ""
    current, fits, latest = row.get("current"), row.get("compatible"), row.get("latest")
    words = ["{} was yanked by its makers".format(current)] if row.get("yanked") else []
    if fits and fits != current:
        words.append("{} fits".format(fits))
    if latest and latest not in (current, fits):
        words.append("{} is the newest, but does not fit".format(latest))
    if latest and latest != current and row.get("released"):
        words.append("released {}".format(str(row["released"])[:10]))
    return ", ".join(words)


def requirement_line(pin, typed, newer, is_checked):
    """Return the line of something that the user asked for."""
    bytes_ = pin.get("size")
    facts = [markup.code(typed or pin.get("name")), markup.code(pin.get("version"))]
    facts[0] = "<strong>{}</strong>".format(facts[0])
    dim = "not for this platform" if bytes_ is None else size(bytes_)
    facts.append('<span class="pya-dim">{}</span>'.format(markup.escape(dim)))
    text = newer_text(newer)
    if text:
        kind = "bad" if newer.get("yanked") else "new"
        facts.append('<span class="pya-{}">{}</span>'.format(kind, markup.escape(text)))
    elif is_checked:
        facts.append('<span class="pya-dim">newest</span>')
    return markup.wrap(" ".join(facts))


def package_parts(shown, name, newer):
    """Return all that is known of one pin: where it is, what is newer, why it is there."""
    only = result_of(dict(shown.data, only=name))
    pin = next((row for row in shown.data["distributions"] if row.get("name") == name), {})
    rows = []
    if pin.get("size") is None:
        rows.append(("file", "none: it is not for this platform"))
    else:
        here = "on this machine" if pin.get("instantiated") else "not fetched yet"
        rows.append(("file", "{}, {}".format(size(pin["size"]), here)))
    if pin.get("marker"):
        rows.append(("only where", pin["marker"]))
    if newer_text(newer):
        rows.append(("newer", newer_text(newer)))
    reasons = ["you asked for it"] if pin.get("direct") else []
    if pin.get("kernel"):
        reasons.append("the kernel itself needs it")
    if pin.get("required_by"):
        reasons.append("needed by " + ", ".join(pin["required_by"]))
    rows.append(("why", "; ".join(reasons)))
    if pin.get("dependencies"):
        rows.append(("needs", ", ".join(pin["dependencies"])))
    return [
        markup.section("{} {}".format(name, pin.get("version"))),
        markup.facts(rows),
        *([only.tree_part()] if pin.get("required_by") else []),
    ]


def version_options(versions, current):
    """Return the choices of a version picker: pairs of a label and the version."""
    options = []
    for row in versions.usual():
        words = [row["version"]]
        if row["version"] == current:
            words.append("(pinned)")
        if row.get("released"):
            words.append(row["released"])
        options.append(("  ".join(words), row["version"]))
    return options


def python_parts(shown):
    """Return which Python is locked, which is in use, and why."""
    found = shown.data.get("interpreter") or {}
    rows = [("locked", shown.data.get("python") or "none yet")]
    if found:
        rows.append(("in use", "{}: {}".format(found.get("version"), found.get("why"))))
    if found.get("path"):
        rows.append(("path", found["path"]))
    parts = [markup.section("Python"), markup.facts(rows)]
    problem = shown.data.get("interpreter_problem")
    return parts + ([markup.box(markup.escape(problem), "warn")] if problem else [])


def platform_parts(shown):
    """Return which platforms the lock covers, which it leaves out and why; indexes; as of when."""
    here, body = shown.data.get("platform"), []
    for name in shown.data.get("platforms") or ():
        note = "this machine" if name == here else ""
        body.append([markup.badge("locked", "ok"), markup.code(name), markup.escape(note)])
    for left in shown.data.get("left_out") or ():
        sign, why = markup.badge("left out", "warn"), markup.escape(left.get("reason"))
        body.append([sign, markup.code(left.get("platform")), why])
    number = len(shown.data.get("platforms") or ())
    parts = [
        markup.section("platforms", count(number, "platform")),
        markup.table(["", "!", ""], body),
    ]
    rows = [("index", text) for text in shown.data.get("indexes") or ()]
    if shown.data.get("as_of"):
        rows.append(("as of", shown.data["as_of"]))
    return parts + ([markup.facts(rows)] if rows else [])


def verdict(result=None, error=None):
    """Return what is to be said of a requirement that is being typed; empty if nothing is."""
    if error is not None:
        if error.code == "usage":
            # A file or a URL, of which no index knows.
            return ""
        # Who does not reach the index knows nothing against the requirement.
        kind = "dim" if error.code in ("network", "offline") else "bad"
        lines = [error.what] + ([error.hint] if error.hint else [])
        text = "<br>".join(markup.escape(line) for line in lines)
        return markup.wrap('<div class="pya-{}" role="status">{}</div>'.format(kind, text))
    name, rows = result.data.get("name"), result.usual()
    if not rows:
        text = "no version of {} is allowed by that".format(name)
        return markup.wrap(
            '<div class="pya-bad" role="status">{}</div>'.format(markup.escape(text))
        )
    newest = "{} is on the index; the newest is {}".format(name, rows[0]["version"])
    if rows[0].get("released"):
        newest += ", released {}".format(rows[0]["released"])
    return markup.wrap(
        '<div class="pya-ok" role="status">\u2713 {}</div>'.format(markup.escape(newest))
    )


def usage(what, hint):
    """Return the error of a button that wants something first."""
    return PyArtifactsError(what, hint=hint, code="usage")


def nothing_shown():
    """Return what `show` would say of a notebook that has no lock yet."""
    return ShowResult({"event": "result", "verb": "show", "distributions": []})
