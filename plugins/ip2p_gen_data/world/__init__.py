"""A small drawn world in which every stage of the data factory can be proved: scenes, pictures, captions, edits, truth."""
