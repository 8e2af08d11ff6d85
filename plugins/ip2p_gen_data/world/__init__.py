"""A small drawn world that proves every stage of the data factory: scenes, pictures, captions, edits, a reader."""
