"""Impinj R700 by its own web interface: JSON lines of a stream, orders by HTTP."""
