"""Measures understanding on labelled items: one JSON object a line, as described in docs/understanding.md."""
