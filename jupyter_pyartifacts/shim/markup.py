"""Make the HTML that a cell shows. Pure: facts in, markup out; every text is escaped here."""

import html

from .words import progress_parts

__all__ = [
    "badge",
    "box",
    "code",
    "escape",
    "facts",
    "folded",
    "progress_html",
    "restart_button",
    "section",
    "table",
    "tree",
    "wrap",
]

# Neutrals are mixtures of the text's own colour, so that they suit every theme, and so do the
# fallbacks where no Jupyter variable is defined (nbconvert, VS Code).
STYLE = """
.pya{--pya-ok:var(--jp-success-color1,#2e9e5b);--pya-new:var(--jp-brand-color1,#2f86d6);
--pya-warn:var(--jp-warn-color1,#d9822b);--pya-bad:var(--jp-error-color1,#d64545);
font-family:var(--jp-ui-font-family,system-ui,-apple-system,"Segoe UI",sans-serif);
font-size:var(--jp-ui-font-size1,13px);line-height:1.5;color:var(--jp-ui-font-color1,inherit);
max-width:60em;padding:2px 0}
.pya .pya-head{font-weight:600;margin:0 0 .35em}
.pya .pya-dim{opacity:.62;font-weight:400}
.pya .pya-mono{font-family:var(--jp-code-font-family,ui-monospace,Consolas,monospace);
font-size:.95em}
.pya .pya-badge{display:inline-block;padding:0 .55em;border-radius:1em;font-size:.85em;
font-weight:500;line-height:1.55;white-space:nowrap;
vertical-align:baseline;border:1px solid currentColor}
.pya .pya-ok{color:var(--pya-ok)}.pya .pya-new{color:var(--pya-new)}
.pya .pya-warn{color:var(--pya-warn)}.pya .pya-bad{color:var(--pya-bad)}
.pya .pya-box{border-left:3px solid rgba(128,128,128,.45);padding:.15em .8em;margin:.5em 0}
.pya .pya-box.pya-warn{border-color:var(--pya-warn);color:inherit}
.pya .pya-box.pya-bad{border-color:var(--pya-bad);color:inherit}
.pya table.pya-t{border-collapse:collapse;border:0;margin:.3em 0;font-size:inherit;
font-variant-numeric:tabular-nums;table-layout:auto;color:inherit}
.pya table.pya-t th.pya-c,.pya table.pya-t td.pya-c{text-align:left;padding:.22em 1.6em .22em 0;
border:0;border-bottom:1px solid rgba(128,128,128,.18);background:none;vertical-align:baseline;
max-width:34em;white-space:normal;overflow-wrap:anywhere}
.pya table.pya-t th.pya-c{font-weight:500;font-size:.88em;opacity:.62;
border-bottom-color:rgba(128,128,128,.4)}
.pya table.pya-t td.pya-num,.pya table.pya-t th.pya-num{text-align:right}
.pya table.pya-t tbody>tr.pya-r:nth-child(n){background:none}
.pya table.pya-t tbody>tr.pya-r:nth-child(n):hover{background:rgba(128,128,128,.1)}
.pya table.pya-t td.pya-c.pya-key{white-space:nowrap}
.pya details.pya-more{margin:.35em 0}
.pya details.pya-more>summary{cursor:pointer;opacity:.75}
.pya details.pya-more>summary:hover{opacity:1}
.pya ul.pya-tree,.pya ul.pya-tree ul{list-style:none;margin:0;padding:0 0 0 1.25em}
.pya ul.pya-tree{padding-left:.2em}
.pya ul.pya-tree ul{border-left:1px solid rgba(128,128,128,.3);margin-left:.3em;
padding-left:1em}
.pya ul.pya-tree li{margin:0;padding:.06em 0}
.pya .pya-go{display:none;margin-left:.6em;padding:.1em .9em;border-radius:3px;cursor:pointer;
font:inherit;font-size:.9em;border:1px solid currentColor;background:none;color:inherit}
.jp-NotebookPanel .pya .pya-go{display:inline-block}
.pya .pya-go:hover{background:rgba(128,128,128,.18)}
.pya .pya-bar{height:6px;border-radius:3px;background:rgba(128,128,128,.22);overflow:hidden;
margin:.35em 0;max-width:32em}
.pya .pya-bar>div{height:100%;border-radius:3px;background:var(--pya-new);
transition:width .15s linear}
.pya .pya-bar>div.pya-run{width:30%;animation:pya-run 1.3s ease-in-out infinite}
@keyframes pya-run{from{margin-left:-30%}to{margin-left:100%}}
""".strip().replace("\n", "")


def escape(text):
    """Return text that HTML shows as it is, quotation marks included."""
    return html.escape(str(text), quote=True)


def wrap(*parts):
    """Put parts of markup into one block with its style."""
    return '<div class="pya"><style>{}</style>{}</div>'.format(STYLE, "".join(parts))


def code(text):
    """Return text in the face of code; no code element, which themes put into a box."""
    return '<span class="pya-mono">{}</span>'.format(escape(text))


def restart_button():
    """Return a button that JupyterLab and Notebook 7 know; nobody else shows it.

    Their own command asks before it restarts the kernel.
    """
    return (
        '<button class="pya-go" data-commandlinker-command="kernelmenu:restart" '
        'data-commandlinker-args="{}">Restart the kernel</button>'
    )


def badge(text, kind):
    """Return a small label; `kind` is ok, new, warn, bad or dim."""
    return '<span class="pya-badge pya-{}">{}</span>'.format(kind, escape(text))


def section(text, dim=""):
    """Return the line above a block: what it is, and dim details."""
    tail = ' <span class="pya-dim">{}</span>'.format(escape(dim)) if dim else ""
    return '<div class="pya-head">{}{}</div>'.format(escape(text), tail)


def box(content, kind="dim"):
    """Return markup set apart; `kind` is dim, warn or bad."""
    return '<div class="pya-box pya-{}">{}</div>'.format(kind, content)


def table(columns, rows):
    """Return a table; cells are markup.

    Columns are texts, ending in `#` where numbers stand, in `!` where nothing is to be broken.
    Without any text there is no head.
    """
    kinds = {"#": "pya-c pya-num", "!": "pya-c pya-key"}
    classes = [kinds.get(name[-1:], "pya-c") for name in columns]
    names = [name.rstrip("#!") for name in columns]
    head = "".join(
        '<th class="{}">{}</th>'.format(kind, escape(name)) for kind, name in zip(classes, names)
    )
    head = "<thead><tr>{}</tr></thead>".format(head) if any(names) else ""
    body = "".join(
        '<tr class="pya-r">{}</tr>'.format(
            "".join('<td class="{}">{}</td>'.format(kind, cell) for kind, cell in zip(classes, row))
        )
        for row in rows
    )
    return '<table class="pya-t">{}<tbody>{}</tbody></table>'.format(head, body)


def facts(rows):
    """Return a table of pairs without a head: what, and the text of it."""
    body = [
        ['<span class="pya-dim">{}</span>'.format(escape(name)), escape(value)]
        for name, value in rows
    ]
    return table(["!", ""], body)


def folded(summary, content, is_open=False):
    """Return content behind a line to click on."""
    return '<details class="pya-more"{}><summary>{}</summary>{}</details>'.format(
        " open" if is_open else "", escape(summary), content
    )


def tree(nodes):
    """Return a tree; a node is (markup, child nodes)."""
    return '<ul class="pya-tree">{}</ul>'.format("".join(_branch(node) for node in nodes))


def _branch(node):
    label, children = node
    below = "<ul>{}</ul>".format("".join(_branch(child) for child in children)) if children else ""
    return "<li>{}{}</li>".format(label, below)


def progress_html(title, event, pace):
    """Return a bar with its words; `event` None gives the title alone."""
    if event is None:
        return wrap('<div class="pya-dim">{}</div>'.format(escape(title)))
    stage, fraction, details = progress_parts(event, pace)
    item = event.get("item")
    if item:
        details = [*details, str(item)]
    now = ""
    if fraction is None:
        bar = '<div class="pya-run"></div>'
    else:
        bar = '<div style="width:{:.1f}%"></div>'.format(100 * fraction)
        now = ' aria-valuenow="{:.0f}"'.format(100 * fraction)
    return wrap(
        section(title, stage),
        '<div class="pya-bar" role="progressbar" aria-label="{}"{}>{}</div>'.format(
            escape(title), now, bar
        ),
        '<div class="pya-dim">{}</div>'.format(escape(" \u00b7 ".join(details)) or "&nbsp;"),
    )
