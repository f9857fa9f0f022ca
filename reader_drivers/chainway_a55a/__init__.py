"""Chainway UR4, UM-series modules and sleds: the binary protocol whose frames start with A5 5A."""
