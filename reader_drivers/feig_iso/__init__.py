"""FEIG OBID i-scan HF readers: pads and trays for ISO 15693 tags at 13.56 MHz."""
