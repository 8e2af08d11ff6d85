"""Stage 3 of the data factory: the pairs that CLIP takes for a picture, its edit, and the edit asked for (3.1.2)."""
