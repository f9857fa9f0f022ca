"""TSL sleds (1128, 1153, 1166, 2128, 2166, 3166): the text protocol ASCII 2.x."""
