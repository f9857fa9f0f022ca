"""The rules of the trade. Pure: no input or output, no clock, no randomness, no framework."""
