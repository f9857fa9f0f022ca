"""USB barcode scanners in HID POS mode: reports of 64 bytes that type nothing into other windows."""
