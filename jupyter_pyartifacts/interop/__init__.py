"""The formats of other tools: locks written in them, and what is read out of them. Pure.

One module a format. A reader takes text and the name of the file, and returns what is `Wanted`;
every fault names its place (line and column, or the path of keys). What a format says that is
never done here (an index that a file brings along, an editable install, a build) is named in
the notes or refused, never passed over in silence.
"""
