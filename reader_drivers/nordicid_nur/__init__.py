"""Nordic ID (Brady) readers and modules: the NUR protocol whose frames start with A5 and have a checked header."""
