"""Say sizes, counts, stages and progress in words. Pure: numbers in, text out."""

import time

__all__ = ["STAGES", "Front", "Pace", "count", "progress_line", "progress_parts", "size"]

STAGES = {
    "resolve": "resolving",
    "metadata": "reading metadata",
    "download": "downloading",
    "extract": "unpacking",
    "view": "assembling",
    "compile": "compiling",
    "verify": "verifying",
    "gc": "sweeping",
}


def size(number):
    """Return a number of bytes as `812 B`, `31.2 MB` (decimal units)."""
    if number < 1000:
        return "{} B".format(int(number))
    value = float(number)
    for unit in ("kB", "MB", "GB"):
        value /= 1000.0
        if value < 999.5 or unit == "GB":
            return "{:.{}f} {}".format(value, 1 if value < 99.95 else 0, unit)


def count(number, singular, plural=None):
    """Return `1 file`, `3 files`."""
    return "{:,} {}".format(number, singular if number == 1 else plural or singular + "s")


class Pace(object):
    """Measure bytes a second over the last few seconds of one stage."""

    def __init__(self, clock=time.time, window=3.0):
        self._clock = clock
        self._window = window
        self._stage = None
        self._seen = []

    def see(self, event):
        """Take a progress event."""
        if event.get("unit") != "bytes":
            return
        if event.get("stage") != self._stage:
            self._stage = event.get("stage")
            self._seen = []
        now = self._clock()
        self._seen.append((now, event.get("done") or 0))
        while len(self._seen) > 2 and now - self._seen[0][0] > self._window:
            self._seen.pop(0)

    def rate(self):
        """Return bytes a second, None while that is not known."""
        if len(self._seen) < 2:
            return None
        (start, first), (stop, last) = self._seen[0], self._seen[-1]
        if stop - start < 0.2 or last <= first:
            return None
        return (last - first) / (stop - start)


class Front(object):
    """Choose which of the stages that go on at once is shown: the user's own download first."""

    def __init__(self):
        self._busy = None

    def see(self, event):
        """Take a progress event; tell whether it is the one to show."""
        stage = event.get("stage")
        if stage in ("download", "extract"):
            unfinished = not event.get("total") or (event.get("done") or 0) < event["total"]
            self._busy = stage if unfinished else None
            return True
        return self._busy is None or stage != "metadata"


def progress_parts(event, pace):
    """Return (stage in words, fraction or None, details) of a progress event."""
    stage = STAGES.get(event.get("stage"), str(event.get("stage")))
    done, total = event.get("done") or 0, event.get("total")
    fraction = min(1.0, float(done) / total) if total else None
    details = []
    if event.get("unit") == "bytes":
        details.append("{} of {}".format(size(done), size(total)) if total else size(done))
    elif total:
        details.append("{:,} of {}".format(done, count(total, (event.get("unit") or "item")[:-1])))
    elif done:
        details.append(count(done, (event.get("unit") or "items")[:-1]))
    if event.get("distributions_total"):
        details.append(
            "{} of {}".format(
                event.get("distributions_done") or 0,
                count(event["distributions_total"], "distribution"),
            )
        )
    rate = pace.rate() if event.get("unit") == "bytes" else None
    if rate:
        details.append(size(rate) + "/s")
    return stage, fraction, details


def progress_line(title, event, pace, bar=0):
    """Return progress as one line of text, with a bar of that many characters."""
    stage, fraction, details = progress_parts(event, pace)
    drawn = ""
    if bar and fraction is not None:
        full = round(fraction * bar)
        drawn = "[{}{}] ".format("#" * full, "." * (bar - full))
    item = event.get("item")
    tail = ", ".join(details + ([str(item)] if item else []))
    return "{}: {} {}{}".format(title, stage, drawn, tail).rstrip()
