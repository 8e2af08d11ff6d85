"""The suite `local`: is a change confined to its region, and is the thing there? It knows nothing of training data."""
