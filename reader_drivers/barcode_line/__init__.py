"""Barcode scanners that send a line of text for each scan, over a serial port."""
