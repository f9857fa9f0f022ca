"""Barcode scanners that speak Zebra's Simple Serial Interface (SSI): packets that the host acknowledges."""
