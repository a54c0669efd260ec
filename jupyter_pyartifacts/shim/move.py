"""What a frontend hears of a kernel that moved to another lock without a cell being run."""

__all__ = ["Move", "Silence"]


class Silence(object):
    """Stand where progress is drawn and draw nothing: the frontend shows its own."""

    def event(self, event):
        """Drop the event."""


class Move(object):
    """The facts of a move, which travel as JSON in the reply to a silent request."""

    def __init__(self, facts):
        self.facts = facts

    def _repr_json_(self):
        """Return the facts: the restart that is wanted, for which distributions, and advice."""
        return {
            "restart": self.facts.get("restart"),
            "stale": [
                {"name": each.name, "loaded": each.loaded, "pinned": each.pinned}
                for each in self.facts.get("stale", ())
            ],
            "advice": list(self.facts.get("advice", ())),
        }
