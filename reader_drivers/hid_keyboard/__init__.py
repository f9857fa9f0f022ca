"""USB barcode scanners that type: boot keyboard reports, one key after the other, read before any window sees them."""
