"""ThingMagic, JADAK and Silion modules: the binary protocol whose frames start with FF."""
