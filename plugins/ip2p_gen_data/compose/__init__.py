"""The compose engine: exact pairs, made by applying parametric looks to photos and to procedural scenes."""
