"""Binder: which files a repository needs for an image that has its notebooks' packages; pure."""

from .badge import HUB, Badge, Remote, badge_of
from .planning import Change, Plan, notebook_notes, plan_files
from .repository import CANDIDATES, FOLDERS, Repository, parse_repository

__all__ = [
    "CANDIDATES",
    "FOLDERS",
    "HUB",
    "Badge",
    "Change",
    "Plan",
    "Remote",
    "Repository",
    "badge_of",
    "notebook_notes",
    "parse_repository",
    "plan_files",
]
