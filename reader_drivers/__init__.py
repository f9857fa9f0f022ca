"""Reader drivers: bytes in, tag reads and barcode scans out. Installs and runs without the server."""
