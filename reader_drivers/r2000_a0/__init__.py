"""Impinj R2000 readers with A0 frames: IND903, Invengo-type and most Chinese readers of one, four and eight ports."""
