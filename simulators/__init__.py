"""Readers at the wire, a radio model, a shop with ground truth, an independent oracle. Imports nothing of ours."""
