"""Make tables and trees of plain text. Pure."""

import textwrap

__all__ = ["paragraph", "text_table", "text_tree"]


def paragraph(text, indent="", width=96):
    """Return the lines of a paragraph whose words stay whole, all but the first set in."""
    return textwrap.wrap(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_on_hyphens=False,
        break_long_words=False,
    )


def text_table(columns, rows, width=100):
    """Return aligned lines; a column whose name ends in `#` is set to the right.

    The last column is cut so that a line has `width` characters at most.
    """
    names = [name.rstrip("#") for name in columns]
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [
        max([len(name)] + [len(row[position]) for row in cells])
        for position, name in enumerate(names)
    ]
    lines = []
    for row in [names, ["-" * wide for wide in widths], *cells]:
        parts = [
            cell.rjust(wide) if name.endswith("#") else cell.ljust(wide)
            for cell, wide, name in zip(row, widths, columns)
        ]
        lines.append(_cut("  ".join(parts).rstrip(), width))
    return lines


def _cut(line, width):
    return line if len(line) <= width else line[: width - 1] + "\u2026"


def text_tree(nodes):
    """Return the lines of a tree; a node is (label, child nodes)."""
    lines = []
    for label, children in nodes:
        lines.append(label)
        lines.extend(_below(children, ""))
    return lines


def _below(nodes, indent):
    lines = []
    for position, (label, children) in enumerate(nodes):
        last = position == len(nodes) - 1
        branch = "\u2514\u2500 " if last else "\u251c\u2500 "
        lines.append(indent + branch + label)
        lines.extend(_below(children, indent + ("   " if last else "\u2502  ")))
    return lines
