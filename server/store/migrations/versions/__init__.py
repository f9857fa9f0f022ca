"""Revisions, in the order in which they are applied."""
