"""MagicRF M100 and QM100 modules (JRD-4035, YRM100, M5Stack Unit UHF) and R200 firmware: frames BB…7E or AA…DD."""
