"""Widgets that pages are built from. A part shows what it is given and holds no truth."""
