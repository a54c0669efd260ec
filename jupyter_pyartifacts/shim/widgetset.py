"""The few kinds of widgets that a panel is made of, as ipywidgets 7 and 8 both have them.

Of `@jupyter-widgets/controls` and `base` alone, which every frontend that draws widgets has.
"""

__all__ = ["Widgets"]


class Widgets(object):
    """Make widgets; `guard(action)` is called with what a user's act is for."""

    def __init__(self, ipywidgets, guard):
        self._w = ipywidgets
        self._guard = guard

    def html(self, value="", width=None):
        """Return a place for markup."""
        return self._w.HTML(value, layout=self._w.Layout(width=width) if width else {})

    def row(self, *children):
        """Return widgets side by side, which wrap where there is no room."""
        layout = self._w.Layout(flex_flow="row wrap", align_items="center")
        return self._w.HBox(list(children), layout=layout)

    def column(self, *children):
        """Return widgets one below the other."""
        return self._w.VBox(list(children))

    def button(self, text, action, tooltip, style=""):
        """Return a button; its tooltip says more than its text."""
        button = self._w.Button(
            description=text,
            tooltip=tooltip,
            button_style=style,
            layout=self._w.Layout(width="auto"),
        )
        button.on_click(lambda _: self._guard(action))
        return button

    def text(self, label, placeholder, submit):
        """Return a labelled line to type in; Enter is `submit`."""
        text = self._w.Text(
            placeholder=placeholder,
            description=label,
            layout=self._w.Layout(width="28em"),
            style={"description_width": "5em"},
        )

        # `on_submit` is deprecated in ipywidgets 8, and a value that comes with Enter comes with
        # leaving the line as well.
        def hear(widget, content, buffers):
            if content.get("event") == "submit":
                self._guard(submit)

        text.on_msg(hear)
        return text

    def dropdown(self, label, changed=None):
        """Return a labelled list to choose from, empty at first."""
        dropdown = self._w.Dropdown(
            options=[("", "")],
            description=label,
            layout=self._w.Layout(width="28em"),
            style={"description_width": "5em"},
        )
        if changed is not None:
            dropdown.observe(lambda _: self._guard(changed), names="value")
        return dropdown

    def choices(self, dropdown, options, value=None):
        """Put choices into a dropdown; what was chosen stays, if it still can be."""
        values = [each[1] for each in options]
        chosen = dropdown.value if value is None else value
        if list(dropdown.options) != options:
            dropdown.options = options
        if values:
            dropdown.value = chosen if chosen in values else values[0]

    def tabs(self, names, turned):
        """Return buttons of which one is down: the page that is shown."""
        tabs = self._w.ToggleButtons(options=list(names), style={"button_width": "auto"})
        tabs.observe(lambda _: self._guard(turned), names="value")
        return tabs

    def show(self, widget, visible):
        """Show a widget, or take it out of the layout."""
        widget.layout.display = None if visible else "none"

    def disable(self, box, disabled, but=None):
        """Disable every button in a box, or enable them again."""
        for child in (box, *getattr(box, "children", ())):
            if isinstance(child, self._w.Button) and child is not but:
                child.disabled = disabled
            elif child is not box:
                self.disable(child, disabled, but)

    def replace(self, box, children):
        """Put other children into a box and close the ones it had."""
        before = box.children
        box.children = list(children)
        for child in before:
            self._close(child)

    def _close(self, widget):
        for child in getattr(widget, "children", ()):
            self._close(child)
        widget.close()
