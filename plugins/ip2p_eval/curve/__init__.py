"""InstructPix2Pix's trade-off (its figure 8, `metrics/` of its repository): what stays, against what is followed.

The reference gives its CLIP, which wants [0, 1], pictures in [-1, 1]. Here the model's own processor prepares them.
"""
