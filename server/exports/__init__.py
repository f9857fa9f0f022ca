"""What leaves the shop: rows, records and the evidence pack."""
