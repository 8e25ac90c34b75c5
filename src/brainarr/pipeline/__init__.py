"""The stages from a library to recommendations. Pure, or speaking through the ports only."""
